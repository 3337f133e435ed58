{# AI cost belongs to a customer through its rule or initiative; other cost of goods sold has no customer. What
   cannot be attributed is its own row, customer (unattributed). The ratio sets revenue against the cost of the same days: those up to the
   customer's own last row, or up to which the revenue of all products it has cost or revenue of is known, whose cost is
   known too. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

product_known as (

    select revenue_known.product_id, revenue_known.known_through
    from {{ ref('int_product_revenue_known_by_day') }} as revenue_known
    inner join run_parameters on revenue_known.known_on = run_parameters.as_of_date

),

touched as (

    select coalesce(customer_id, '(unattributed)') as customer_id, product_id, cast(null as date) as revenue_date
    from {{ ref('fct_allocated_costs') }}
    where cost_class = 'cost_of_goods_sold'
    union all
    select coalesce(customer_id, '(unattributed)') as customer_id, product_id, revenue_date
    from {{ ref('fct_revenue') }}
    union all
    select '(unattributed)' as customer_id, product_id, cast(null as date) as revenue_date
    from {{ ref('int_product_daily_economics') }}

),

known as (

    select
        touched.customer_id,
        greatest(
            max(touched.revenue_date),
            min(coalesce(product_known.known_through, last_known.known_through))
        ) as known_through
    from touched
    cross join (select max(known_through) as known_through from product_known) as last_known
    left join product_known on touched.product_id = product_known.product_id
    group by touched.customer_id

),

not_reported as (

    select days.entity_id as customer_id, days.cost_date
    from {{ ref('int_costs_not_reported_by_day') }} as days
    inner join known on days.entity_id = known.customer_id and days.cost_date <= known.known_through
    where days.entity_type = 'customer'

),

months_not_reported as (

    select {{ fiscal_period('cost_date') }} as fiscal_period, customer_id, count(*) as days
    from not_reported
    group by all

),

revenue as (

    select
        {{ fiscal_period('recognised.revenue_date') }} as fiscal_period,
        coalesce(recognised.customer_id, '(unattributed)') as customer_id,
        sum(recognised.revenue) as revenue,
        sum(recognised.revenue) filter (where not_reported.customer_id is null) as compared_revenue
    from {{ ref('fct_revenue') }} as recognised
    left join not_reported
        on coalesce(recognised.customer_id, '(unattributed)') = not_reported.customer_id
        and recognised.revenue_date = not_reported.cost_date
    group by all

),

ai_cogs as (

    select
        {{ fiscal_period('costs.cost_date') }} as fiscal_period,
        known.customer_id,
        sum(costs.allocated_cost) as ai_cogs,
        sum(costs.allocated_cost) filter (
            where costs.cost_date <= known.known_through and not_reported.customer_id is null
        ) as compared_ai_cogs
    from {{ ref('fct_allocated_costs') }} as costs
    inner join known on coalesce(costs.customer_id, '(unattributed)') = known.customer_id
    left join not_reported
        on known.customer_id = not_reported.customer_id and costs.cost_date = not_reported.cost_date
    where costs.cost_class = 'cost_of_goods_sold'
    group by all

),

other_cogs as (

    select
        {{ fiscal_period('days.margin_date') }} as fiscal_period,
        known.customer_id,
        sum(days.other_cogs) as other_cogs,
        sum(days.other_cogs) filter (
            where days.margin_date <= known.known_through and not_reported.customer_id is null
        ) as compared_other_cogs,
        case
            when bool_or(days.other_cogs_basis = 'estimated') then 'estimated'
            else max(days.other_cogs_basis)
        end as other_cogs_basis
    from {{ ref('int_product_daily_economics') }} as days
    inner join known on known.customer_id = '(unattributed)'
    left join not_reported
        on known.customer_id = not_reported.customer_id and days.margin_date = not_reported.cost_date
    group by all

),

keys as (

    select fiscal_period, customer_id from revenue
    union
    select fiscal_period, customer_id from ai_cogs
    union
    select fiscal_period, customer_id from other_cogs

),

months as (

    select
        keys.fiscal_period,
        keys.customer_id,
        case when known.known_through >= cast(keys.fiscal_period || '-01' as date)
            then coalesce({{ money('revenue.revenue') }}, cast(0 as decimal(38, 9)))
        end as revenue,
        {{ money('revenue.compared_revenue') }} as revenue_of_days,
        coalesce({{ fine_money('ai_cogs.ai_cogs') }}, cast(0 as decimal(38, 12))) as ai_cogs,
        coalesce({{ money('other_cogs.other_cogs') }}, cast(0 as decimal(38, 9))) as other_cogs,
        coalesce({{ fine_money('ai_cogs.compared_ai_cogs') }}, cast(0 as decimal(38, 12))) as compared_ai_cogs,
        coalesce({{ money('other_cogs.compared_other_cogs') }}, cast(0 as decimal(38, 9))) as compared_other_cogs,
        coalesce(other_cogs.other_cogs_basis, 'none') as other_cogs_basis,
        greatest(
            {{ days_between(
                "cast(keys.fiscal_period || '-01' as date)",
                "least(known.known_through, last_day(cast(keys.fiscal_period || '-01' as date)))"
            ) }} + 1,
            0
        ) - coalesce(months_not_reported.days, 0) as days_compared
    from keys
    inner join known on keys.customer_id = known.customer_id
    left join revenue on keys.fiscal_period = revenue.fiscal_period and keys.customer_id = revenue.customer_id
    left join ai_cogs on keys.fiscal_period = ai_cogs.fiscal_period and keys.customer_id = ai_cogs.customer_id
    left join other_cogs on keys.fiscal_period = other_cogs.fiscal_period and keys.customer_id = other_cogs.customer_id
    left join months_not_reported
        on keys.fiscal_period = months_not_reported.fiscal_period and keys.customer_id = months_not_reported.customer_id

),

compared as (

    select
        *,
        case when revenue is not null and days_compared > 0
            then coalesce(revenue_of_days, cast(0 as decimal(38, 9)))
        end as compared_revenue
    from months

),

margins as (

    select
        *,
        {{ fine_money('compared_revenue - compared_ai_cogs - compared_other_cogs') }} as gross_profit
    from compared

)

select
    margins.fiscal_period,
    margins.customer_id,
    margins.revenue,
    margins.ai_cogs,
    margins.other_cogs,
    margins.gross_profit,
    {{ gross_margin_verdict(policy_value('target_gross_margin_ratio', 'decimal(10, 9)')) }},
    {{ gross_margin_null_reason('margins.revenue', 'margins.compared_revenue') }} as gross_margin_null_reason,
    'direct' as margin_basis,
    margins.other_cogs_basis,
    {{ reporting_currency() }} as reporting_currency,
    coalesce(margins.days_compared, 0) as days_compared,
    coalesce(margins.days_compared, 0) < extract(day from last_day(cast(margins.fiscal_period || '-01' as date)))
        as is_partial,
    margins.compared_revenue,
    margins.compared_ai_cogs,
    margins.compared_other_cogs
from margins
