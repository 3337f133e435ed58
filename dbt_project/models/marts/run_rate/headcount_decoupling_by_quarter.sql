{{ config(tags=['after_statistics']) }}

with

decoupling as (

    select * from {{ ref('stg_statistics__decoupling') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

placed as (

    select
        decoupling.*,
        cast(
            extract(year from decoupling.quarter_start_date)
            + case
                when run_parameters.fiscal_year_start_month > 1
                    and extract(month from decoupling.quarter_start_date) >= run_parameters.fiscal_year_start_month
                    then 1
                else 0
            end as integer
        ) as fiscal_year,
        cast(
            (extract(month from decoupling.quarter_start_date) - run_parameters.fiscal_year_start_month + 12) % 12
                as integer
        ) as months_into_year
    from decoupling
    cross join run_parameters

)

select
    concat(
        cast(fiscal_year as string), '-Q',
        case
            when months_into_year < 3 then '1'
            when months_into_year < 6 then '2'
            when months_into_year < 9 then '3'
            else '4'
        end
    ) as fiscal_quarter,
    quarter_start_date,
    periods,
    ai_cost_change_ratio,
    headcount_change_ratio,
    elasticity,
    elasticity_low,
    elasticity_high,
    status
from placed
