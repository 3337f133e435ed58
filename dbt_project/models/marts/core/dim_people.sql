with

people as (

    select
        *,
        coalesce(valid_from, date '0001-01-01') as effective_from,
        lead(valid_from) over (partition by actor_id order by coalesce(valid_from, date '0001-01-01')) as next_valid_from
    from {{ ref('stg_ledgers__people') }}

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

),

periods as (

    select
        * exclude (valid_from, valid_to),
        coalesce(valid_to, next_valid_from, date '9999-12-31') as effective_to
    from people

)

select
    periods.actor_id,
    periods.department_id,
    periods.function,
    periods.email,
    periods.effective_from as valid_from,
    periods.effective_to as valid_to,
    run_parameters.as_of_date >= periods.effective_from
    and run_parameters.as_of_date < periods.effective_to as is_current
from periods
cross join run_parameters
