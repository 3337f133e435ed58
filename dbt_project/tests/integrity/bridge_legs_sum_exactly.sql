{# Both legs of the three-way match sum exactly: the meter and its causes to the bill, the bill and its causes to the
   ledger. #}
with

legs as (

    select
        provider,
        fiscal_period,
        sum(amount) filter (where bridge_line = 'metered_list_cost') as metered_list_cost,
        sum(amount) filter (where leg = 1 and not is_total) as from_meter_to_bill,
        sum(amount) filter (where bridge_line = 'billed_cost') as billed_cost,
        sum(amount) filter (where leg = 2 and not is_total) as from_bill_to_ledger,
        sum(amount) filter (where bridge_line = 'ledger_posting') as ledger_posting
    from {{ ref('reconciliation_by_provider_month') }}
    group by provider, fiscal_period

)

select *
from legs
where
    metered_list_cost + from_meter_to_bill is distinct from billed_cost
    or billed_cost + from_bill_to_ledger is distinct from ledger_posting
