with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}

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
    {{ reporting_currency() }} as reporting_currency
from billed
where billed.charge_category <> 'draw'
