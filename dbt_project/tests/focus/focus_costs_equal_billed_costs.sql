{# Every billed row is one FOCUS row with its amounts to the last decimal: nothing doubled, dropped or rounded. The
   official validator lets all three pass. #}
with

charges as (

    select * from {{ ref('focus_cost_and_usage') }}

),

billed as (

    select * from {{ ref('fct_billed_costs') }}

)

select
    coalesce(billed.billed_cost_key, charges.x_BilledCostKey) as billed_cost_key,
    billed.billed_amount,
    charges.BilledCost as focus_billed_cost
from billed
full outer join charges on billed.billed_cost_key = charges.x_BilledCostKey
where billed.billed_cost_key is null
    or charges.x_BilledCostKey is null
    or charges.BilledCost <> billed.billed_amount
    or charges.BillingCurrency <> billed.billed_currency
    or charges.x_ReportingBilledCost <> billed.billed_cost
    or charges.x_ReportingEffectiveCost <> billed.effective_cost
    or (charges.ChargeCategory in ('Tax', 'Credit') and charges.EffectiveCost <> charges.BilledCost)
