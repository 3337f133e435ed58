with

rates as (

    select * from {{ ref('stg_ledgers__exchange_rates') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

into_reporting as (

    select
        rates.rate_date,
        rates.from_currency as currency,
        rates.rate
    from rates
    cross join run_parameters
    where rates.to_currency = run_parameters.reporting_currency
        and rates.rate_date <= run_parameters.as_of_date

),

filled as (

    select
        cast(rate_date + cast(age.days as integer) as date) as rate_date,
        currency,
        rate,
        rate_date as quoted_date
    from into_reporting
    cross join (select unnest(range(0, 8)) as days) as age

)

select
    rate_date,
    currency,
    max_by(rate, quoted_date) as rate
from filled
group by rate_date, currency
