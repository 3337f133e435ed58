with

source as (

    select * from {{ source('landing', 'openrouter__activity') }}

),

exact as (

    select
        *,
        cast(usage as decimal(38, 18)) as exact_amount,
        cast(byok_usage_inference as decimal(38, 18)) as exact_byok_amount
    from source

),

renamed as (

    select
        ---------- ids
        workspace_id as project_id,
        api_key_id,
        model as model_id,
        endpoint_id,

        ---------- strings
        provider_name as served_by,
        'USD' as billed_currency,

        ---------- numerics
        requests,
        prompt_tokens,
        coalesce(cached_tokens, 0) as cached_tokens,
        completion_tokens,
        reasoning_tokens,
        {{ round_half_even('exact_amount') }} as billed_amount,
        {{ round_half_even('exact_byok_amount') }} as own_key_amount,

        ---------- dates
        cast({{ utc_time('start_time') }} as date) as cost_date
    from exact

)

select * from renamed
