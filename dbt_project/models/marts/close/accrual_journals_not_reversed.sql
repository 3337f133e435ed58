{# What the books hold of our own accruals beyond the day of their reversal, or lack because more was reversed: journals
   of one provider and period belong together, whatever an accounting system added to their numbers. A reversal that
   names no accrual of the books (renumbered by the accounting system) counts for the oldest before it; one that is left
   over is told where the ledger goes back to the accrual. Judged once the legal entity's ledger has a posting after the
   day of reversal. #}
with

own_lines as (

    select
        *,
        coalesce({{ own_journal_part('own_journal_id', 3) }}, substr(own_journal_id, 9)) as journal_key,
        {{ own_journal_part('own_journal_id', 3) }} is not null as names_period,
        is_reversal as reverses
    from {{ ref('int_ai_postings_selected') }}
    where own_journal_id like 'TKN-ACC-%' or own_journal_id like 'TKN-REV-%'

),

entries as (

    select
        provider, legal_entity_id, journal_key, own_journal_id, reverses,
        sum(net_amount) as amount,
        row_number() over (
            partition by provider, legal_entity_id, journal_key
            order by reverses, min(posting_date), own_journal_id, journal_entry_id
        ) as place
    from own_lines
    group by provider, legal_entity_id, journal_key, own_journal_id, journal_entry_id, reverses

),

accounts as (

    select
        provider, legal_entity_id, journal_key, account_number,
        case
            when count(distinct posted_currency) = 1 and sum(posted_amount) = 0 then {{ money('0') }}
            else sum(net_amount)
        end as amount,
        min(fiscal_period) as fiscal_period,
        min(posting_date) as posting_date,
        bool_or(names_period) as names_period
    from own_lines
    group by provider, legal_entity_id, journal_key, account_number

),

keys as (

    select
        provider,
        legal_entity_id,
        journal_key,
        min(fiscal_period) as fiscal_period,
        min(posting_date) as posting_date,
        bool_or(names_period) as names_period,
        sum(amount) as amount,
        sum(greatest(amount, 0)) as debited
    from accounts
    group by provider, legal_entity_id, journal_key

),

ledgers as (

    select legal_entity_id, min(posting_date) as first_date, max(posting_date) as last_date
    from {{ ref('int_ledger_entries_classified') }}
    group by legal_entity_id

),

judged as (

    select
        keys.*,
        not first_entries.reverses as has_accrual,
        case
            when first_entries.reverses then 'reversed_beyond'
            when abs(keys.amount) < {{ minor_unit() }} then 'reversed_elsewhere'
            when (keys.amount > 0) = (first_entries.amount > 0) then 'not_reversed'
            else 'reversed_beyond'
        end as finding,
        cast(
            case
                when not first_entries.reverses then last_day(keys.posting_date) + interval 1 day
                when keys.names_period then last_day(cast(right(keys.journal_key, 7) || '-01' as date)) + interval 1 day
                else date_trunc('month', keys.posting_date)
            end as date
        ) as reversal_date,
        ledgers.first_date,
        ledgers.last_date
    from keys
    inner join entries as first_entries
        on keys.provider = first_entries.provider
        and keys.legal_entity_id is not distinct from first_entries.legal_entity_id
        and keys.journal_key = first_entries.journal_key
        and first_entries.place = 1
    inner join ledgers on keys.legal_entity_id is not distinct from ledgers.legal_entity_id
    cross join {{ ref('stg_run__parameters') }} as run_parameters
    where abs(keys.amount) >= {{ minor_unit() }} or keys.debited >= {{ minor_unit() }}

),

-- named by the latest entry on the side of what remains
journals as (

    select
        judged.*,
        judged.amount > 0 as is_debit,
        coalesce(
            max(entries.own_journal_id) filter (where (entries.amount > 0) = (judged.amount >= 0)),
            max(entries.own_journal_id)
        ) as journal_id
    from judged
    inner join entries
        on judged.provider = entries.provider
        and judged.legal_entity_id is not distinct from entries.legal_entity_id
        and judged.journal_key = entries.journal_key
        and judged.last_date > judged.reversal_date
    group by all

),

due as (

    select
        *,
        min(fiscal_period) over (partition by provider, legal_entity_id, is_debit) as first_period,
        sum(abs(amount)) over (
            partition by provider, legal_entity_id, is_debit order by fiscal_period, journal_id
        ) as due_by_then,
        sum(abs(amount)) over (partition by provider, legal_entity_id, is_debit) as due_in_all
    from journals
    where finding = 'not_reversed'

),

-- reversals that name no accrual, beside what is due before them
nameless as (

    select
        journals.provider,
        journals.legal_entity_id,
        journals.journal_id,
        journals.fiscal_period,
        journals.reversal_date,
        journals.first_date,
        not journals.is_debit as is_debit,
        abs(journals.amount) as amount,
        coalesce(max(due.due_in_all), 0) as due_in_all
    from journals
    left join due
        on journals.provider = due.provider
        and journals.legal_entity_id is not distinct from due.legal_entity_id
        and journals.is_debit <> due.is_debit
        and journals.fiscal_period > due.first_period
    where not journals.has_accrual
    group by all

),

nameless_by_then as (

    select
        *,
        sum(case when due_in_all > 0 then amount else 0 end) over (
            partition by provider, legal_entity_id, is_debit order by fiscal_period, journal_id
        ) as taken_by_then
    from nameless

),

told as (

    select
        due.provider,
        due.legal_entity_id,
        due.journal_id,
        due.fiscal_period,
        due.reversal_date,
        due.finding,
        due.is_debit,
        least(
            max(abs(due.amount)), max(due.due_by_then) - coalesce(sum(nameless.amount), 0)
        ) as amount
    from due
    left join nameless
        on due.provider = nameless.provider
        and due.legal_entity_id is not distinct from nameless.legal_entity_id
        and due.is_debit = nameless.is_debit
        and nameless.due_in_all > 0
    group by all
    union all
    select
        provider, legal_entity_id, journal_id, fiscal_period, reversal_date, 'reversed_beyond', not is_debit,
        case when due_in_all = 0 then amount else least(amount, taken_by_then - due_in_all) end
    from nameless_by_then
    where first_date < reversal_date
    union all
    select
        provider, legal_entity_id, journal_id, fiscal_period, reversal_date, finding,
        is_debit or finding = 'reversed_elsewhere',
        case when finding = 'reversed_elsewhere' then debited else abs(amount) end
    from journals
    where has_accrual and finding <> 'not_reversed'

)

select
    told.fiscal_period,
    told.provider,
    told.legal_entity_id,
    told.journal_id,
    told.reversal_date,
    told.finding,
    {{ money('case when told.is_debit then told.amount else -told.amount end') }} as amount,
    run_parameters.reporting_currency
from told
cross join {{ ref('stg_run__parameters') }} as run_parameters
where told.amount >= {{ minor_unit() }}
