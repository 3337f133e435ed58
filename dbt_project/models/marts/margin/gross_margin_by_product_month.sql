{# The ratio sets revenue against the cost of the same days: those whose revenue is known. Costs are of all days. #}
with

economics as (

    select * from {{ ref('int_product_daily_economics') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

months as (

    select
        {{ fiscal_period('margin_date') }} as fiscal_period,
        product_id,
        {{ money('sum(revenue)') }} as revenue,
        {{ fine_money('sum(ai_cogs)') }} as ai_cogs,
        {{ money('sum(other_cogs)') }} as other_cogs,
        {{ fine_money('sum(revenue - ai_cogs - other_cogs)') }} as gross_profit,
        count(revenue) as days_compared,
        count(revenue) < {{ days_between('min(margin_date)', 'last_day(min(margin_date))') }} + 1 as is_partial,
        case
            when bool_or(other_cogs_basis = 'estimated') then 'estimated'
            else max(other_cogs_basis)
        end as other_cogs_basis
    from economics
    group by all

),

margins as (

    select * from months

)

select
    margins.fiscal_period,
    margins.product_id,
    {{ product_margin_columns() }},
    {{ reporting_currency() }} as reporting_currency,
    margins.days_compared,
    margins.is_partial
from margins
left join products
    on margins.product_id = products.product_id
    and last_day(cast(margins.fiscal_period || '-01' as date)) >= products.valid_from
    and last_day(cast(margins.fiscal_period || '-01' as date)) < products.valid_to
