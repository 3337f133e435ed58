{# A month of work is 2,080 / 12 hours, the standard full-time year; see DECISIONLOG "Labour cost". #}
with

headcount as (

    select * from {{ ref('stg_ledgers__headcount') }}

),

labor_rates as (

    select
        *,
        lead(valid_from) over (partition by labor_rate_id order by valid_from nulls last) as valid_to
    from {{ ref('stg_ledgers__labor_rates') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

departments as (

    select month_end, department_id, sum(headcount) as headcount
    from headcount
    group by all

)

select
    {{ fiscal_period('departments.month_end') }} as fiscal_period,
    departments.department_id,
    labor_rates.labor_rate_id,
    {{ money('departments.headcount') }} as headcount,
    {{ money(cost_per(
        fine_money('departments.headcount * ' ~ reporting_amount('labor_rates.hourly_rate', 'labor_rates.currency')
            ~ ' * cast(2080 as decimal(4, 0))'),
        'cast(12 as decimal(2, 0))'
    )) }} as labor_cost,
    run_parameters.reporting_currency
from departments
cross join run_parameters
inner join labor_rates
    on departments.month_end >= labor_rates.valid_from
    and departments.month_end < coalesce(labor_rates.valid_to, date '9999-12-31')
left join exchange_rates
    on labor_rates.currency = exchange_rates.currency and departments.month_end = exchange_rates.rate_date
where departments.month_end <= run_parameters.as_of_date
