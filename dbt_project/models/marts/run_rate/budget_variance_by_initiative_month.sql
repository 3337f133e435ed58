{{ config(tags=['after_statistics']) }}

with

components as (

    select * from {{ ref('stg_statistics__variance_components') }}

)

select
    components.fiscal_period,
    components.initiative_id,
    components.comparison,
    components.component,
    components.amount,
    {{ reporting_currency() }} as reporting_currency
from components
