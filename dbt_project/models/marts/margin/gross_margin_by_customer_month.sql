{# AI cost belongs to a customer through its rule or initiative; other cost of goods sold has no customer. What
   cannot be attributed is its own row, customer (unattributed). #}
with

revenue as (

    select
        {{ fiscal_period('revenue_date') }} as fiscal_period,
        coalesce(customer_id, '(unattributed)') as customer_id,
        sum(revenue) as revenue
    from {{ ref('fct_revenue') }}
    group by all

),

ai_cogs as (

    select
        {{ fiscal_period('cost_date') }} as fiscal_period,
        coalesce(customer_id, '(unattributed)') as customer_id,
        sum(allocated_cost) as ai_cogs
    from {{ ref('fct_allocated_costs') }}
    where cost_class = 'cost_of_goods_sold'
    group by all

),

other_cogs as (

    select
        {{ fiscal_period('margin_date') }} as fiscal_period,
        '(unattributed)' as customer_id,
        sum(other_cogs) as other_cogs,
        case
            when bool_or(other_cogs_basis = 'estimated') then 'estimated'
            else max(other_cogs_basis)
        end as other_cogs_basis
    from {{ ref('int_product_daily_economics') }}
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
        coalesce({{ money('revenue.revenue') }}, cast(0 as decimal(38, 9))) as revenue,
        coalesce({{ fine_money('ai_cogs.ai_cogs') }}, cast(0 as decimal(38, 12))) as ai_cogs,
        coalesce({{ money('other_cogs.other_cogs') }}, cast(0 as decimal(38, 9))) as other_cogs,
        coalesce(other_cogs.other_cogs_basis, 'none') as other_cogs_basis
    from keys
    left join revenue on keys.fiscal_period = revenue.fiscal_period and keys.customer_id = revenue.customer_id
    left join ai_cogs on keys.fiscal_period = ai_cogs.fiscal_period and keys.customer_id = ai_cogs.customer_id
    left join other_cogs on keys.fiscal_period = other_cogs.fiscal_period and keys.customer_id = other_cogs.customer_id

),

margins as (

    select
        *,
        {{ fine_money('revenue - ai_cogs - other_cogs') }} as gross_profit
    from months

)

select
    margins.fiscal_period,
    margins.customer_id,
    margins.revenue,
    margins.ai_cogs,
    margins.other_cogs,
    margins.gross_profit,
    {{ gross_margin_verdict(policy_value('target_gross_margin_ratio', 'decimal(10, 9)')) }},
    {{ gross_margin_null_reason('margins.revenue') }} as gross_margin_null_reason,
    'direct' as margin_basis,
    margins.other_cogs_basis,
    {{ reporting_currency() }} as reporting_currency
from margins
