{{ config(tags=['after_statistics']) }}

with

components as (

    select * from {{ ref('stg_statistics__variance_components') }}

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

)

select
    components.fiscal_period,
    components.initiative_id,
    components.comparison,
    components.component,
    components.amount,
    run_parameters.reporting_currency
from components
cross join run_parameters
