{# Every proposed journal balances to the cent. #}
select
    journal_id,
    sum(debit_amount) as debit_amount,
    sum(credit_amount) as credit_amount
from {{ ref('accrual_journal_lines') }}
group by journal_id
having sum(debit_amount) <> sum(credit_amount)
