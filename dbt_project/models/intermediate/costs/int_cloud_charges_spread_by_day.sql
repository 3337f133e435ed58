{% set columns = [
    'provider', 'account_id', 'project_id', 'model_id', 'token_class', 'line_item', 'charge_category',
    'billed_currency', 'list_unit_price', 'tokens_per_unit', 'partition', 'line', 'tags',
] -%}
with

charges as (

    select
        *,
        case
            when period_days = 1 then cast(consumed_quantity * cast(tokens_per_unit as decimal(7, 0)) as decimal(38, 9))
            else cast(round(consumed_quantity * cast(tokens_per_unit as decimal(7, 0))) as decimal(38, 9))
        end as tokens,
        bool_or(period_days = 1) over (partition by provider, account_id) as has_daily_charges
    from {{ ref('int_cloud_charges_judged') }}
    where is_ai

),

days as (

    select
        *,
        {{ numbers_from(1, 'period_days') }} as day_number
    from charges
    where period_days > 1

)

select
    {{ columns | join(',\n    ') }},
    cost_date,
    charge_period_start_at as usage_start_at,
    billed_amount,
    effective_amount,
    list_amount,
    tokens,
    true as proves_day
from charges
where period_days = 1
union all
select
    {{ columns | join(',\n    ') }},
    cast(cost_date + cast(day_number - 1 as integer) as date) as cost_date,
    cast(cost_date + cast(day_number - 1 as integer) as timestamp) as usage_start_at,
    {{ part_of_days('billed_amount') }} as billed_amount,
    {{ part_of_days('effective_amount') }} as effective_amount,
    {{ part_of_days('list_amount') }} as list_amount,
    {{ part_of_days('tokens', unit='whole') }} as tokens,
    not has_daily_charges as proves_day
from days
