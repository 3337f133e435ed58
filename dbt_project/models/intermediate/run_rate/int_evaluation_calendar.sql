with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    as_of_date,
    reporting_time_zone,
    fiscal_year_start_month,
    policy_version
from run_parameters
