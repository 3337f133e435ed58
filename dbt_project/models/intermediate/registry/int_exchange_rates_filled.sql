with

rates as (

    select * from {{ ref('stg_ledgers__exchange_rates') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

direct as (

    select
        rates.rate_date as quoted_date,
        rates.from_currency as currency,
        rates.rate,
        1 as direction
    from rates
    cross join run_parameters
    where rates.to_currency = run_parameters.reporting_currency
        and rates.rate_date <= run_parameters.as_of_date

),

inverse as (

    select
        rates.rate_date as quoted_date,
        rates.to_currency as currency,
        {{ cost_per('cast(1 as decimal(38, 12))', 'rates.rate') }} as rate,
        2 as direction
    from rates
    cross join run_parameters
    where rates.from_currency = run_parameters.reporting_currency
        and rates.to_currency <> run_parameters.reporting_currency
        and rates.rate_date <= run_parameters.as_of_date

),

quoted as (

    select * from direct
    union all
    select * from inverse

),

filled as (

    select
        cast(quoted.quoted_date + cast(age.days as integer) as date) as rate_date,
        quoted.currency,
        quoted.rate,
        row_number() over (
            partition by quoted.currency, cast(quoted.quoted_date + cast(age.days as integer) as date)
            order by quoted.quoted_date desc, quoted.direction
        ) as preference
    from quoted
    cross join (select {{ numbers_from(0, 7) }} as days) as age

)

select
    rate_date,
    currency,
    rate
from filled
where preference = 1
