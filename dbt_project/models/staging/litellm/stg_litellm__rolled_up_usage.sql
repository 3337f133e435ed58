with

source as (

    select * from {{ source('landing', 'litellm__rolled_up_usage') }}

),

renamed as (

    select
        ---------- ids
        api_key as api_key_id,
        user_id as actor_id,
        team_id,
        organization_id as account_id,
        model as model_id,
        coalesce({{ seller('custom_llm_provider') }}, 'unknown') as provider,
        custom_llm_provider as gateway_provider,

        ---------- strings
        key_alias,
        {{ gateway_service_tier() }} as service_tier,
        request_tags,
        partition,

        ---------- numerics
        prompt_bound,
        request,
        failed_requests,
        refused_requests,
        {{ gateway_counts() | join(',\n        ') }},
        dearest_request,
        gateway_cost,

        ---------- booleans
        is_duplicate,
        is_measured,
        is_without_gateway_cost,

        ---------- timestamps
        start_time as started_at
    from source

)

select * from renamed
