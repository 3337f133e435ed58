with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

revenue as (

    select * from {{ ref('int_revenue_periods') }}

),

converted as (

    select
        revenue.*,
        {{ reporting_amount('revenue.amount', 'revenue.currency') }} as converted_amount
    from revenue
    cross join run_parameters
    left join exchange_rates
        on revenue.currency = exchange_rates.currency and revenue.revenue_date = exchange_rates.rate_date

),

days as (

    select
        file,
        line,
        product_id,
        customer_id,
        initiative_id,
        is_inferred,
        {{ fine_money('converted_amount') }} as amount,
        {{ dates_from('revenue_date', 'last_date') }} as revenue_date,
        {{ as_whole('1') }} as weight
    from converted

),

spread as (

    {{ largest_remainder('days', ['file', 'line'], 'revenue_date') }}

)

select
    spread.revenue_date,
    spread.product_id,
    spread.customer_id,
    spread.initiative_id,
    {{ money('sum(spread.part_amount)') }} as revenue,
    bool_or(spread.is_inferred) as is_inferred
from spread
cross join run_parameters
where spread.revenue_date <= run_parameters.as_of_date
group by spread.revenue_date, spread.product_id, spread.customer_id, spread.initiative_id
