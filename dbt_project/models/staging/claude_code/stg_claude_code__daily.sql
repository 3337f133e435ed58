with

source as (

    select * from {{ source('landing', 'claude_code__daily') }}

),

exact as (

    select
        *,
        cast(
            cast(estimated_cost_cents as decimal(30, 16)) * cast(0.01 as decimal(3, 2)) as decimal(38, 18)
        ) as exact_estimate
    from source

),

renamed as (

    select
        ---------- ids
        organization_id as account_id,
        actor as actor_id,
        model as model_id,

        ---------- strings
        actor_type,
        terminal_type,
        customer_type,
        subscription_type,
        upper(currency) as estimate_currency,

        ---------- numerics
        sessions,
        lines_added,
        lines_removed,
        commits,
        pull_requests,
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_creation_tokens,
        {{ round_half_even('exact_estimate') }} as estimated_cost,

        ---------- dates
        cast({{ utc_time('starting_at') }} as date) as usage_date
    from exact

)

select * from renamed
