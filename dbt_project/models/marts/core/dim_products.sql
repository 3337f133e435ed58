with

products as (

    select * from {{ ref('int_products_effective') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    product_id,
    name,
    product_line,
    business_unit,
    target_gross_margin_ratio,
    margin_floor_ratio,
    effective_from as valid_from,
    effective_to as valid_to,
    run_parameters.as_of_date >= effective_from and run_parameters.as_of_date < effective_to as is_current
from products
cross join run_parameters
