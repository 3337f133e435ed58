with

source as (

    select * from {{ source('landing', 'litellm__daily_activity') }}

),

renamed as (

    select
        ---------- ids
        api_key as api_key_id,
        team_id,
        model as model_id,
        coalesce({{ seller('custom_llm_provider') }}, 'unknown') as provider,
        custom_llm_provider as gateway_provider,

        ---------- strings
        key_alias,

        ---------- numerics
        prompt_tokens,
        completion_tokens,
        cache_read_tokens,
        cache_write_tokens,
        successful_requests as requests,
        failed_requests,
        cast(gateway_spend as decimal(38, 18)) as gateway_spend,

        ---------- dates
        cast({{ utc_time('start_time') }} as date) as billing_date
    from source

)

select * from renamed
