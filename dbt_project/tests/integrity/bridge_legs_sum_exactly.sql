{# Both legs of the three-way match sum exactly: the meter and its causes to the bill, the bill and its causes to the ledger. #}
select
    provider,
    fiscal_period
from {{ ref('reconciliation_by_provider_month') }}
group by provider, fiscal_period
having
    sum(case
        when bridge_line in ('metered_list_cost', 'discount', 'unpriced_usage', 'untracked_traffic', 'credits', 'metering_residual')
            then amount
        when bridge_line = 'billed_cost' then -amount
        else 0
    end) <> 0
    or sum(case
        when bridge_line in ('billed_cost', 'tax', 'currency', 'prepaid_timing', 'cut_off', 'unposted_accrual', 'residual')
            then amount
        when bridge_line = 'ledger_posting' then -amount
        else 0
    end) <> 0
