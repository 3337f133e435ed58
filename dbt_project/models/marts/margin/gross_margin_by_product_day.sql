with

economics as (

    select * from {{ ref('int_product_daily_economics') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

margins as (

    select
        product_id,
        margin_date,
        revenue,
        ai_cogs,
        other_cogs,
        case when is_cost_reported then revenue end as compared_revenue,
        case when is_cost_reported then {{ fine_money('revenue - ai_cogs - other_cogs') }} end as gross_profit,
        other_cogs_basis
    from economics

)

select
    margins.product_id,
    margins.margin_date,
    {{ product_margin_columns() }},
    {{ reporting_currency() }} as reporting_currency
from margins
left join products
    on margins.product_id = products.product_id
    and margins.margin_date >= products.valid_from
    and margins.margin_date < products.valid_to
