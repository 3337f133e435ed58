{# What the books hold of our own accruals beyond the day of their reversal: one of them is told by the sum of its lines
   and its reversal's. A reversal that names no accrual of the books (renumbered by the accounting system) counts for the
   oldest before it. An accrual is judged once its legal entity's ledger has a posting after the day of the reversal. #}
with

own_journals as (

    select
        *,
        substr(journal_entry_id, 9) as journal_key,
        is_reversal or journal_entry_id like 'TKN-REV-%' as reverses
    from {{ ref('int_ai_postings_selected') }}
    where journal_entry_id like 'TKN-ACC-%' or journal_entry_id like 'TKN-REV-%'

),

journals as (

    select
        provider,
        legal_entity_id,
        min(case when not reverses then journal_entry_id end) as journal_id,
        min(fiscal_period) as fiscal_period,
        cast(last_day(min(posting_date)) + interval 1 day as date) as reversal_date,
        sum(net_amount) as amount
    from own_journals
    group by provider, legal_entity_id, journal_key
    having sum(posted_amount) <> 0

),

ledgers as (

    select legal_entity_id, max(posting_date) as last_date
    from {{ ref('int_ledger_entries_classified') }}
    group by legal_entity_id

),

due as (

    select
        journals.*,
        journals.amount > 0 as is_debit,
        min(journals.fiscal_period) over (
            partition by journals.provider, journals.legal_entity_id, journals.amount > 0
        ) as first_period,
        sum(abs(journals.amount)) over (
            partition by journals.provider, journals.legal_entity_id, journals.amount > 0
            order by journals.fiscal_period, journals.journal_id
        ) as due_by_then
    from journals
    inner join ledgers
        on journals.legal_entity_id is not distinct from ledgers.legal_entity_id
        and ledgers.last_date > journals.reversal_date
    where journals.journal_id is not null

),

told as (

    select
        due.provider,
        due.legal_entity_id,
        due.journal_id,
        due.fiscal_period,
        due.reversal_date,
        due.is_debit,
        least(
            max(abs(due.amount)), max(due.due_by_then) - coalesce(sum(abs(nameless.amount)), 0)
        ) as amount
    from due
    left join journals as nameless
        on due.provider = nameless.provider
        and due.legal_entity_id is not distinct from nameless.legal_entity_id
        and due.is_debit = (nameless.amount < 0)
        and nameless.journal_id is null
        and nameless.fiscal_period > due.first_period
    group by all

)

select
    fiscal_period,
    provider,
    legal_entity_id,
    journal_id,
    reversal_date,
    {{ money('case when is_debit then amount else -amount end') }} as amount,
    {{ reporting_currency() }} as reporting_currency
from told
where amount > 0
