with

source as (

    select * from {{ source('landing', 'merge_gateway__usage') }}

),

renamed as (

    select
        ---------- ids
        project_id,
        api_key_id,
        model as model_id,
        coalesce({{ seller('vendor') }}, 'unknown') as provider,
        vendor as gateway_provider,

        ---------- strings
        usage_json,

        ---------- numerics
        requests,
        input_tokens,
        cached_tokens,
        output_tokens,
        cast(spend as decimal(38, 18)) as gateway_spend,
        cast(managed_spend as decimal(38, 18)) as managed_spend,
        cast(byok_spend as decimal(38, 18)) as own_key_spend,
        cast(web_search_spend as decimal(38, 18)) as web_search_spend,

        ---------- dates
        cast({{ utc_time('start_time') }} as date) as billing_date
    from source

)

select * from renamed
