with

departments as (

    select * from {{ ref('int_departments_effective') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    department_id,
    name,
    business_unit,
    function,
    default_complexity,
    effective_from as valid_from,
    effective_to as valid_to,
    run_parameters.as_of_date >= effective_from and run_parameters.as_of_date < effective_to as is_current
from departments
cross join run_parameters
