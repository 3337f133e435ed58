with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

reported as (

    select distinct product_id, coalesce(customer_id, '(none)') as customer_id, revenue_date
    from {{ ref('int_revenue_recognised_by_day') }}

),

customers as (

    select
        customer_id,
        max(coalesce(valid_to, date '9999-12-31')) as valid_to
    from {{ ref('stg_registry__customers') }}
    group by customer_id

),

customer_days as (

    select
        reported.*,
        coalesce(customers.valid_to, date '9999-12-31') as valid_to,
        count(*) over (
            partition by reported.product_id, reported.customer_id order by reported.revenue_date
            range between interval 27 day preceding and current row
        ) as days_of_28,
        lead(reported.revenue_date) over (
            partition by reported.product_id, reported.customer_id order by reported.revenue_date
        ) as next_date
    from reported
    left join customers on reported.customer_id = customers.customer_id

),

product_days as (

    select
        product_id,
        revenue_date,
        lead(revenue_date) over (partition by product_id order by revenue_date) as next_date
    from (select distinct product_id, revenue_date from reported) as dates

),

known_days as (

    select
        product_days.product_id,
        product_days.revenue_date as last_reported,
        {{ dates_from(
            'product_days.revenue_date',
            'coalesce(product_days.next_date - interval 1 day, run_parameters.as_of_date)'
        ) }} as known_on
    from product_days
    cross join run_parameters

)

select
    known_days.product_id,
    known_days.known_on,
    coalesce(min(customer_days.revenue_date), known_days.last_reported) as known_through
from known_days
left join customer_days
    on known_days.product_id = customer_days.product_id
    and customer_days.days_of_28 >= 14
    and known_days.known_on >= customer_days.revenue_date
    and known_days.known_on < coalesce(customer_days.next_date, date '9999-12-31')
    and known_days.known_on < customer_days.valid_to
    and customer_days.revenue_date
    >= known_days.last_reported - {{ policy_value('revenue_max_age_days', 'integer') }} * interval 1 day
group by known_days.product_id, known_days.known_on, known_days.last_reported
