with

source as (

    select * from {{ source('landing', 'litellm__spend_logs') }}

),

renamed as (

    select
        ---------- ids
        request_id,
        api_key as api_key_id,
        user_id as actor_id,
        team_id,
        organization_id as account_id,
        model as model_id,
        coalesce({{ seller('custom_llm_provider') }}, 'unknown') as provider,
        custom_llm_provider as gateway_provider,

        ---------- strings
        status,
        error_type,
        error_class,
        request_tags,
        partition,

        ---------- numerics
        prompt_tokens,
        completion_tokens,
        cache_read_tokens,
        cache_write_tokens,
        gateway_spend,

        ---------- booleans
        has_token_evidence,

        ---------- timestamps
        started_at
    from source

)

select * from renamed
