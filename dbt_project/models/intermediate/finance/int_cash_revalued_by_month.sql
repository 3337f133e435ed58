with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

cash_moves as (

    select
        entries.posted_currency as currency,
        cast(date_trunc('month', entries.posting_date) as date) as month_start,
        sum(entries.posted_amount) as foreign_change,
        sum(entries.debit_amount - entries.credit_amount) as booked_change
    from {{ ref('int_ledger_entries_classified') }} as entries
    cross join run_parameters
    where entries.account_role = 'cash' and entries.posted_currency <> run_parameters.reporting_currency
    group by all

),

months as (

    select
        first_moves.currency,
        {{ dates_from('first_moves.month_start', 'run_parameters.as_of_date', 'month') }}
            as month_start
    from (select currency, min(month_start) as month_start from cash_moves group by currency) as first_moves
    cross join run_parameters

),

balances as (

    select
        months.currency,
        months.month_start,
        least(last_day(months.month_start), run_parameters.as_of_date) as balance_date,
        sum(coalesce(cash_moves.foreign_change, 0)) over per_currency as foreign_balance,
        sum(coalesce(cash_moves.booked_change, 0)) over per_currency as booked_balance
    from months
    cross join run_parameters
    left join cash_moves on months.currency = cash_moves.currency and months.month_start = cash_moves.month_start
    window per_currency as (partition by months.currency order by months.month_start)

),

valued as (

    select
        balances.month_start,
        case
            when balances.foreign_balance = 0 then cast(0 as decimal(38, 9))
            else {{ money('balances.foreign_balance * exchange_rates.rate') }}
        end as closing_value,
        balances.booked_balance
    from balances
    left join exchange_rates
        on balances.currency = exchange_rates.currency and balances.balance_date = exchange_rates.rate_date

)

select
    {{ fiscal_period('month_start') }} as fiscal_period,
    case
        when count(closing_value) = count(*) then {{ money('sum(closing_value - booked_balance)') }}
    end as revaluation
from valued
group by month_start
