{# A charge period is one UTC day inside a billing period of one calendar month. #}
select *
from {{ ref('focus_cost_and_usage') }}
where ChargePeriodStart is null
    or BillingPeriodStart is null
    or ChargePeriodStart < BillingPeriodStart
    or ChargePeriodEnd > BillingPeriodEnd
    or ChargePeriodEnd <> ChargePeriodStart + interval 1 day
    or BillingPeriodEnd <> BillingPeriodStart + interval 1 month
    or extract(day from BillingPeriodStart) <> 1
