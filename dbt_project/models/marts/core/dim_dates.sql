with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

days as (

    select
        {{ dates_from(
            "date_trunc('year', as_of_date) - interval 2 year", "date_trunc('year', as_of_date) + interval 2 year"
        ) }} as calendar_date
    from run_parameters

)

select
    days.calendar_date,
    cast(extract(year from days.calendar_date) as integer) as calendar_year,
    cast(extract(month from days.calendar_date) as integer) as calendar_month,
    cast({{ iso_weekday('days.calendar_date') }} as integer) as iso_weekday,
    {{ iso_weekday('days.calendar_date') }} >= 6 as is_weekend,
    {{ fiscal_period('days.calendar_date') }} as fiscal_period,
    cast(
        extract(year from days.calendar_date)
        + case
            when run_parameters.fiscal_year_start_month > 1
                and extract(month from days.calendar_date) >= run_parameters.fiscal_year_start_month then 1
            else 0
        end as integer
    ) as fiscal_year,
    cast(
        (extract(month from days.calendar_date) - run_parameters.fiscal_year_start_month + 12) % 12 + 1 as integer
    ) as fiscal_month_number
from days
cross join run_parameters
