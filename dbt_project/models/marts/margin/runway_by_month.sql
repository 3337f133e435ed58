{# Cash is the balance of the cash accounts at the end of the period; net burn is its fall, journals against
   financing left out. The runway needs the last three calendar months. #}
with

entries as (

    select * from {{ ref('fct_ledger_entries') }}

),

financed as (

    select distinct legal_entity_id, journal_entry_id
    from entries
    where account_role = 'financing'

),

cash_moves as (

    select
        {{ fiscal_period('entries.posting_date') }} as fiscal_period,
        sum(entries.net_amount) as cash_change,
        coalesce(sum(entries.net_amount) filter (where financed.journal_entry_id is null), 0) as operating_change
    from entries
    left join financed
        on entries.legal_entity_id = financed.legal_entity_id
        and entries.journal_entry_id = financed.journal_entry_id
    where entries.account_role = 'cash'
    group by all

),

dated as (

    select *, cast(fiscal_period || '-01' as date) as month_start from cash_moves

),

months as (

    select
        fiscal_period,
        {{ money('sum(cash_change) over (order by fiscal_period)') }} as cash,
        {{ money('-operating_change') }} as net_burn,
        sum(-operating_change) over (
            order by month_start range between interval 2 month preceding and current row
        ) as burn_of_three,
        count(*) over (
            order by month_start range between interval 2 month preceding and current row
        ) as months_known
    from dated

)

select
    months.fiscal_period,
    months.cash,
    months.net_burn,
    case when months.months_known = 3 and months.burn_of_three > 0
        then cast(months.cash as double) / (cast(months.burn_of_three as double) / 3)
    end as runway_months,
    case
        when months.months_known < 3 then 'insufficient_history'
        when months.burn_of_three <= 0 then 'not_burning'
        else 'burning'
    end as status,
    {{ reporting_currency() }} as reporting_currency
from months
