with

people as (

    select * from {{ ref('int_people_effective') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    people.actor_id,
    people.department_id,
    people.function,
    people.email,
    people.effective_from as valid_from,
    people.effective_to as valid_to,
    run_parameters.as_of_date >= people.effective_from
    and run_parameters.as_of_date < people.effective_to as is_current
from people
cross join run_parameters
