{{ config(tags=['after_statistics']) }}

with

components as (

    select * from {{ ref('stg_statistics__variance_components') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    components.fiscal_period,
    components.initiative_id,
    components.comparison,
    components.component,
    components.amount,
    last_day(cast(components.fiscal_period || '-01' as date)) > run_parameters.as_of_date as is_partial,
    run_parameters.reporting_currency
from components
cross join run_parameters
