with

economics as (

    select * from {{ ref('int_product_daily_economics') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

),

margins as (

    select
        product_id,
        margin_date,
        revenue,
        ai_cogs,
        other_cogs,
        {{ fine_money('revenue - ai_cogs - other_cogs') }} as gross_profit,
        other_cogs_basis
    from economics

)

select
    margins.product_id,
    margins.margin_date,
    margins.revenue,
    margins.ai_cogs,
    margins.other_cogs,
    margins.gross_profit,
    case when margins.revenue > 0 then cast(margins.gross_profit as double) / cast(margins.revenue as double) end
        as gross_margin_ratio,
    cast(products.target_gross_margin_ratio as double) as target_gross_margin_ratio,
    case when margins.revenue > 0
        then margins.gross_profit < margins.revenue * cast(products.target_gross_margin_ratio as decimal(10, 9))
    end as is_below_target,
    case
        when margins.revenue is null then 'revenue_not_reported'
        when margins.revenue = 0 then 'no_revenue'
    end as gross_margin_null_reason,
    'product' as margin_basis,
    margins.other_cogs_basis,
    run_parameters.reporting_currency
from margins
cross join run_parameters
left join products
    on margins.product_id = products.product_id
    and margins.margin_date >= products.valid_from
    and margins.margin_date < products.valid_to
