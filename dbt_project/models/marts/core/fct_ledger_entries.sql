with

entries as (

    select * from {{ ref('int_ledger_entries_classified') }}

)

select
    entries.legal_entity_id,
    entries.journal_entry_id,
    entries.journal_line_number,
    entries.posting_date,
    entries.fiscal_period,
    entries.service_period,
    entries.account_number,
    entries.account_name,
    entries.account_class,
    entries.account_role,
    entries.department_id,
    entries.product_id,
    entries.customer_id,
    entries.counterparty_name,
    entries.provider,
    entries.description,
    entries.is_reversal,
    entries.posted_currency,
    entries.debit_amount,
    entries.credit_amount,
    {{ money('entries.debit_amount - entries.credit_amount') }} as net_amount,
    entries.is_balanced_entry,
    {{ reporting_currency() }} as reporting_currency
from entries
