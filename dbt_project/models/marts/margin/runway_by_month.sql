{# Cash is the balance of the cash accounts at the end of the period, in another currency at the rate of that day, which
   is no burn; net burn is its fall, journals against
   financing left out. The runway rests on the last three whole months that the ledger covers: neither a month that is still
   open nor one that begins before the first posting counts as whole, and a month without cash entries is one of no burn.
   A day of burn is a 365th of a year of such months; in US dollars, in which gateways count, at the rate of the as-of day. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

entries as (

    select * from {{ ref('fct_ledger_entries') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

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

covered as (

    select
        cast(date_trunc('month', min(posting_date)) as date) as first_month,
        min(posting_date) as first_date,
        cast(date_trunc('month', max(posting_date)) as date) as last_month
    from entries

),

calendar as (

    select
        covered.first_date,
        {{ dates_from('covered.first_month', 'covered.last_month', 'month') }} as month_start
    from covered

),

months as (

    select
        calendar.month_start,
        {{ fiscal_period('calendar.month_start') }} as fiscal_period,
        case
            when revalued.fiscal_period is not null and revalued.revaluation is null then null
            else {{ money(
                'sum(coalesce(cash_moves.cash_change, 0)) over (order by calendar.month_start)'
                ~ ' + coalesce(revalued.revaluation, 0)'
            ) }}
        end as cash,
        {{ money('-coalesce(cash_moves.operating_change, 0)') }} as net_burn,
        calendar.first_date <= calendar.month_start and last_day(calendar.month_start) <= run_parameters.as_of_date
            as is_whole
    from calendar
    cross join run_parameters
    left join cash_moves on {{ fiscal_period('calendar.month_start') }} = cash_moves.fiscal_period
    left join {{ ref('int_cash_revalued_by_month') }} as revalued
        on {{ fiscal_period('calendar.month_start') }} = revalued.fiscal_period

),

whole_months as (

    select
        month_start,
        sum(net_burn) over (order by month_start rows between 2 preceding and current row) as burn_of_three,
        count(*) over (order by month_start rows between 2 preceding and current row) as months_known
    from months
    where is_whole

),

judged as (

    select
        months.*,
        max(whole_months.month_start) over (order by months.month_start) as last_whole_month
    from months
    left join whole_months on months.month_start = whole_months.month_start

),

burning as (

    select
        judged.*,
        whole_months.months_known,
        whole_months.burn_of_three,
        case when whole_months.months_known = 3 and whole_months.burn_of_three > 0
            then {{ money('cast(whole_months.burn_of_three as double) * 4 / 365') }}
        end as daily_burn
    from judged
    left join whole_months on judged.last_whole_month = whole_months.month_start

)

select
    burning.fiscal_period,
    burning.cash,
    burning.net_burn,
    case when burning.daily_burn is not null
        then cast(burning.cash as double) / (cast(burning.burn_of_three as double) / 3)
    end as runway_months,
    case
        when burning.cash is null then 'no_exchange_rate'
        when coalesce(burning.months_known, 0) < 3 then 'insufficient_history'
        when burning.burn_of_three <= 0 then 'not_burning'
        else 'burning'
    end as status,
    run_parameters.reporting_currency,
    burning.daily_burn,
    {{ dollar_amount('burning.daily_burn', 'run_parameters.reporting_currency') }} as daily_burn_usd
from burning
cross join run_parameters
left join exchange_rates
    on run_parameters.reporting_currency = exchange_rates.currency
    and run_parameters.as_of_date = exchange_rates.rate_date
left join exchange_rates as dollar_rates
    on dollar_rates.currency = 'USD' and run_parameters.as_of_date = dollar_rates.rate_date
