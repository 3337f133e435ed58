with

source as (

    select * from {{ source('landing', 'anthropic__usage') }}

),

renamed as (

    select
        ---------- ids
        organization_id as account_id,
        workspace_id as project_id,
        api_key_id,
        model as model_id,

        ---------- strings
        coalesce(service_tier, 'standard') as service_tier,
        case
            when service_tier in ('batch', 'flex', 'priority') then service_tier
            else 'standard'
        end as price_variant,
        context_window,

        ---------- numerics
        requests,
        uncached_input_tokens,
        cache_creation_5m_input_tokens,
        cache_creation_1h_input_tokens,
        cache_read_input_tokens,
        output_tokens,
        web_search_requests,

        ---------- timestamps
        {{ utc_time('starting_at') }} as usage_start_at
    from source

)

select * from renamed
