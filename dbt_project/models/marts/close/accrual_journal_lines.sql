{# What the books still lack at the end of every ended period, by provider and the period that used it: the liability,
   reversed on the first day of the next period, and what was drawn from a prepaid, which no invoice will follow and
   nothing reverses. In minor units by largest remainder over cost class and department; a class whose credits exceed its
   charges is credited, and so is all of a period whose credits do. A company that names no
   posting_accounts gets no proposal; a journal whose account is missing is left out whole and stands in
   accrual_journals_left_out. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

parts as (

    select
        *,
        case
            when credit_role = 'prepaid' then 'prepaid ' || provider || ' usage ' || service_period
            when service_period = {{ fiscal_period('period_end') }} then provider || ' usage ' || service_period
            else provider || ' usage ' || service_period || ' still not posted'
        end as what,
        provider || '-' || case
            when service_period = {{ fiscal_period('period_end') }} then service_period
            else service_period || '-' || {{ fiscal_period('period_end') }}
        end as journal_key
    from {{ ref('int_accruals_split') }}
    where is_complete

),

sides as (

    select
        provider, period_end, service_period, credit_role, what, journal_key,
        debit_account as account_number, department_id, cost_class,
        {{ money('greatest(amount, 0)') }} as debit_amount, {{ money('greatest(-amount, 0)') }} as credit_amount
    from parts
    union all
    select
        provider, period_end, service_period, credit_role, what, journal_key,
        credit_account as account_number, cast(null as string) as department_id, cast(null as string) as cost_class,
        {{ money('greatest(-sum(amount), 0)') }} as debit_amount,
        {{ money('greatest(sum(amount), 0)') }} as credit_amount
    from parts
    group by all

),

both_ways as (

    select
        service_period as fiscal_period,
        case when credit_role = 'prepaid' then 'TKN-PRE-' else 'TKN-ACC-' end || journal_key as journal_id,
        period_end as posting_date,
        account_number, department_id, cost_class, provider, debit_amount, credit_amount, false as is_reversal,
        case when credit_role = 'prepaid' then 'Used ' else 'Accrued ' end || what as memo
    from sides
    union all
    select
        {{ fiscal_period('period_end + interval 1 day') }}, 'TKN-REV-' || journal_key,
        cast(period_end + interval 1 day as date),
        account_number, department_id, cost_class, provider, credit_amount, debit_amount, true,
        'Reversal of accrued ' || what
    from sides
    where credit_role <> 'prepaid'

)

select
    both_ways.fiscal_period,
    both_ways.journal_id,
    cast(row_number() over (
        partition by both_ways.journal_id
        order by
            both_ways.credit_amount, both_ways.account_number, both_ways.cost_class nulls last,
            both_ways.department_id nulls last
    ) as integer) as journal_line_number,
    both_ways.posting_date,
    both_ways.account_number,
    both_ways.department_id,
    both_ways.cost_class,
    both_ways.provider,
    both_ways.debit_amount,
    both_ways.credit_amount,
    both_ways.is_reversal,
    both_ways.memo,
    run_parameters.reporting_currency
from both_ways
cross join run_parameters
