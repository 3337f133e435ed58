with

source as (

    select * from {{ source('landing', 'anthropic__costs') }}

),

exact as (

    select
        *,
        cast(
            cast(amount_cents as decimal(30, 16)) * cast(0.01 as decimal(3, 2)) as decimal(38, 18)
        ) as exact_amount,
        cast(
            cast(list_amount_cents as decimal(30, 16)) * cast(0.01 as decimal(3, 2)) as decimal(38, 18)
        ) as exact_list_amount
    from source

),

renamed as (

    select
        ---------- ids
        organization_id as account_id,
        workspace_id as project_id,
        api_key_id,
        model as model_id,

        ---------- strings
        coalesce(token_type, cost_type) as line_item,
        cost_type,
        upper(currency) as billed_currency,

        ---------- numerics
        {{ round_half_even('exact_amount') }} as billed_amount,
        {{ round_half_even('exact_list_amount') }} as list_amount,

        ---------- dates
        cast({{ utc_time('starting_at') }} as date) as cost_date
    from exact

)

select * from renamed
