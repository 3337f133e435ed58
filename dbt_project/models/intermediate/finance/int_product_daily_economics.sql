with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

revenue as (

    select revenue_date as margin_date, product_id, {{ money('sum(revenue)') }} as revenue
    from {{ ref('int_revenue_recognised_by_day') }}
    group by all

),

ai_cogs as (

    select
        cost_date as margin_date,
        product_id,
        {{ fine_money('sum(allocated_cost)') }} as ai_cogs,
        {{ fine_money(
            "coalesce(sum(allocated_cost) filter (where budget_class is distinct from 'experimentation'), 0)"
        ) }} as core_ai_cogs
    from {{ ref('int_costs_classified') }}
    where cost_class = 'cost_of_goods_sold' and product_id is not null
    group by all

),

other_cogs as (

    select * from {{ ref('int_other_cogs_spread_by_day') }}

),

known as (

    select product_id, margin_date as known_date from revenue
    union all
    select product_id, margin_date from ai_cogs
    union all
    select product_id, cost_date from other_cogs

),

revenue_known as (

    select revenue_known.*
    from {{ ref('int_product_revenue_known_by_day') }} as revenue_known
    inner join run_parameters on revenue_known.known_on = run_parameters.as_of_date

),

last_reported as (

    select max(known_through) as last_revenue_date from revenue_known

),

unreported as (

    select entries.product_id, cast(date_trunc('month', min(entries.posting_date)) as date) as first_date
    from {{ ref('int_ledger_entries_classified') }} as entries
    left join (select distinct product_id from revenue) as reported on entries.product_id = reported.product_id
    where entries.account_role = 'revenue' and reported.product_id is null
    group by entries.product_id
    having sum(entries.credit_amount - entries.debit_amount) <> 0

),

not_reported as (

    select entity_id as product_id, cost_date
    from {{ ref('int_costs_not_reported_by_day') }}
    where entity_type = 'product'

),

product_days as (

    select
        bounds.product_id,
        {{ dates_from('bounds.first_date', 'run_parameters.as_of_date') }}
            as margin_date
    from (select product_id, min(known_date) as first_date from known group by product_id) as bounds
    cross join run_parameters

)

select
    product_days.product_id,
    product_days.margin_date,
    case
        when product_days.margin_date >= unreported.first_date then null
        when product_days.margin_date <= coalesce(revenue_known.known_through, last_reported.last_revenue_date)
            then coalesce(revenue.revenue, cast(0 as decimal(38, 9)))
    end as revenue,
    coalesce(ai_cogs.ai_cogs, cast(0 as decimal(38, 12))) as ai_cogs,
    case when not_reported.product_id is null
        then coalesce(ai_cogs.core_ai_cogs, cast(0 as decimal(38, 12)))
    end as core_ai_cogs,
    not_reported.product_id is null as is_cost_reported,
    coalesce(other_cogs.other_cogs, cast(0 as decimal(38, 9))) as other_cogs,
    coalesce(other_cogs.other_cogs_basis, 'none') as other_cogs_basis
from product_days
cross join last_reported
left join unreported on product_days.product_id = unreported.product_id
left join revenue_known on product_days.product_id = revenue_known.product_id
left join revenue
    on product_days.product_id = revenue.product_id and product_days.margin_date = revenue.margin_date
left join ai_cogs
    on product_days.product_id = ai_cogs.product_id and product_days.margin_date = ai_cogs.margin_date
left join not_reported
    on product_days.product_id = not_reported.product_id and product_days.margin_date = not_reported.cost_date
left join other_cogs
    on product_days.product_id = other_cogs.product_id and product_days.margin_date = other_cogs.cost_date
