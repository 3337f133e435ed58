{# Spreading loses nothing: the days of every fully recognised revenue line sum to its amount. #}
{{ config(group='finance') }}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

reported as (

    select product_id, sum(amount) as amount
    from {{ ref('int_revenue_periods') }} as revenue
    cross join run_parameters
    where revenue.currency = run_parameters.reporting_currency
        and revenue.last_date <= run_parameters.as_of_date
    group by product_id
    having count(*) = (
        select count(*)
        from {{ ref('stg_ledgers__revenue') }} as every_line
        where every_line.product_id = revenue.product_id
    )

),

recognised as (

    select product_id, sum(revenue) as amount
    from {{ ref('fct_revenue') }}
    group by product_id

)

select
    reported.product_id,
    reported.amount as reported_amount,
    recognised.amount as recognised_amount
from reported
left join recognised on reported.product_id = recognised.product_id
where reported.amount <> coalesce(recognised.amount, 0)
