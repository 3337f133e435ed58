with

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    initiatives.initiative_id,
    initiatives.name,
    initiatives.kind,
    initiatives.stage,
    initiatives.department_id,
    initiatives.product_id,
    initiatives.customer_id,
    initiatives.owner,
    initiatives.complexity,
    initiatives.started_on,
    initiatives.unit_of_work,
    initiatives.target_gross_margin_ratio,
    initiatives.effective_from as valid_from,
    initiatives.effective_to as valid_to,
    run_parameters.as_of_date >= initiatives.effective_from
    and run_parameters.as_of_date < initiatives.effective_to as is_current
from initiatives
cross join run_parameters
