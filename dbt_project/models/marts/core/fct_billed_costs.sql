with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}

),

run_parameters as (

    select * from {{ source('landing', 'run_parameters') }}

)

select
    billed.billed_cost_key,
    billed.cost_date,
    billed.source,
    billed.provider,
    billed.account_id,
    billed.project_id,
    billed.api_key_id,
    billed.model_id,
    billed.line_item,
    billed.charge_category,
    billed.billed_cost,
    billed.effective_cost,
    billed.billed_amount,
    billed.billed_currency,
    run_parameters.reporting_currency
from billed
cross join run_parameters
