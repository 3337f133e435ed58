with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

revenue as (

    select revenue.*
    from {{ ref('stg_ledgers__revenue') }} as revenue
    cross join run_parameters
    where revenue.revenue_date <= run_parameters.as_of_date

),

-- a credit, and what has an end of its own, says nothing of how a customer is reported
dates as (

    select
        product_id,
        customer_id,
        revenue_date,
        12 * extract(year from revenue_date) + extract(month from revenue_date) as month_number,
        extract(day from revenue_date) <= 3
        and row_number() over (
            partition by product_id, customer_id, date_trunc('month', revenue_date) order by revenue_date
        ) = 1 as is_beginning
    from (
        select distinct product_id, customer_id, revenue_date
        from revenue
        where recognition_end_date is null and amount > 0
    ) as reported

),

{# A year holds all months of one remainder by twelve, a quarter of one by three. #}
{%- set lengths = [12, 6, 3] %}

customers as (

    select
        product_id,
        customer_id,
        count(*) as dates,
        count(*) filter (where is_beginning) as beginnings,
        case
            {%- for months in lengths %}
            when min(mod(month_number, {{ months }})) filter (where is_beginning)
                = max(mod(month_number, {{ months }})) filter (where is_beginning)
                then {{ months }}
            {%- endfor %}
            else 1
        end as months
    from dates
    group by product_id, customer_id

),

judged as (

    select
        *,
        beginnings > 1 and 2 * (dates - beginnings) < beginnings as is_periodic
    from customers

),

products as (

    select
        product_id,
        min(months) filter (where is_periodic) as months,
        bool_or(is_periodic) and bool_and(is_periodic or dates <= 2) as is_periodic
    from judged
    group by product_id

),

periods as (

    select
        judged.product_id,
        judged.customer_id,
        case when judged.is_periodic then judged.months else products.months end as months
    from judged
    inner join products on judged.product_id = products.product_id
    where judged.is_periodic or (products.is_periodic and judged.beginnings > 0)

)

select
    revenue.*,
    coalesce(
        revenue.recognition_end_date,
        case
            when extract(day from revenue.revenue_date) <= 3
                then
                    case periods.months
                        {%- for months in lengths %}
                        when {{ months }} then last_day(revenue.revenue_date + interval {{ months - 1 }} month)
                        {%- endfor %}
                        when 1 then last_day(revenue.revenue_date)
                    end
        end,
        revenue.revenue_date
    ) as last_date,
    revenue.recognition_end_date is null
    and periods.months is not null
    and extract(day from revenue.revenue_date) <= 3 as is_inferred
from revenue
left join periods
    on revenue.product_id = periods.product_id
    and revenue.customer_id is not distinct from periods.customer_id
