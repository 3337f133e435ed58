{# Every proposed journal balances to the cent. #}
select journal_id
from {{ ref('accrual_journal_lines') }}
group by journal_id
having sum(debit_amount) <> sum(credit_amount)
