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
        call_id,

        ---------- strings
        key_alias,
        {{ gateway_service_tier() }} as service_tier,
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
        cache_write_5m_tokens,
        cache_write_1h_tokens,
        audio_input_tokens,
        audio_cache_read_tokens,
        audio_output_tokens,
        image_input_tokens,
        image_cache_read_tokens,
        image_output_tokens,
        video_input_tokens,
        web_search_requests,
        other_tool_requests,
        gateway_spend,

        ---------- booleans
        has_token_evidence,
        coalesce(is_served, true) as is_served,

        ---------- timestamps
        started_at
    from source

)

select * from renamed
