select
    account_number,
    max(account_name) as account_name,
    max(account_class) as account_class,
    max(account_role) as account_role
from {{ ref('int_ledger_entries_classified') }}
group by account_number
