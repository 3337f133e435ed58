{# The proposed accrual of every ended period, and its reversal on the first day of the next: cost of the period not
   yet posted, by provider, cost class and department, in cents by largest remainder, against accrued liabilities. A
   company that names no posting_accounts gets no proposal. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

unposted as (

    select
        bridge.provider,
        bridge.fiscal_period,
        cast(bridge.fiscal_period || '-01' as date) as period_start,
        {{ to_cents('-bridge.amount') }} as cents
    from {{ ref('reconciliation_by_provider_month') }} as bridge
    cross join run_parameters
    where bridge.bridge_line = 'unposted_accrual'
        and exists (select 1 from {{ ref('stg_registry__posting_accounts') }})
        and last_day(cast(bridge.fiscal_period || '-01' as date)) <= run_parameters.as_of_date

),

accounts as (

    select * from {{ ref('stg_registry__posting_accounts') }}

),

objects as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as fiscal_period,
        coalesce(cost_class, 'selling_and_administration') as cost_class,
        department_id,
        greatest({{ to_pico('sum(allocated_cost)') }}, 0) as weight
    from {{ ref('fct_allocated_costs') }}
    group by all
    having sum(allocated_cost) > 0

),

weighed as (

    select
        unposted.provider,
        unposted.fiscal_period,
        unposted.period_start,
        cast(cast(unposted.cents as decimal(18, 0)) * cast(0.000000001 as decimal(9, 9)) as decimal(38, 12)) as amount,
        objects.cost_class,
        objects.department_id,
        objects.cost_class || chr(31) || coalesce(objects.department_id, chr(30)) as object_key,
        objects.weight
    from unposted
    inner join objects
        on unposted.provider = objects.provider and unposted.fiscal_period = objects.fiscal_period
    where unposted.cents > 0

),

split as (

    {{ largest_remainder('weighed', ['provider', 'fiscal_period'], 'object_key') }}

),

debits as (

    select
        split.provider,
        split.fiscal_period,
        split.period_start,
        split.cost_class,
        split.department_id,
        accounts.account_number,
        {{ money('split.part_amount * cast(10000000 as decimal(8, 0))') }} as amount
    from split
    left join accounts on split.cost_class = accounts.posting_role
    where split.part_amount > 0

),

credits as (

    select
        debits.provider,
        debits.fiscal_period,
        debits.period_start,
        accounts.account_number,
        {{ money('sum(debits.amount)') }} as amount
    from debits
    cross join accounts
    where accounts.posting_role = 'accrued_liabilities'
    group by all

),

accrual as (

    select
        provider, fiscal_period, period_start, account_number, department_id, cost_class,
        amount as debit_amount, cast(0 as decimal(38, 9)) as credit_amount
    from debits
    union all by name
    select
        provider, fiscal_period, period_start, account_number,
        cast(0 as decimal(38, 9)) as debit_amount, amount as credit_amount
    from credits

),

both_ways as (

    select
        fiscal_period, 'TKN-ACC-' || provider || '-' || fiscal_period as journal_id,
        last_day(period_start) as posting_date,
        account_number, department_id, cost_class, provider, debit_amount, credit_amount, false as is_reversal,
        'Accrued ' || provider || ' usage ' || fiscal_period as memo
    from accrual
    union all
    select
        {{ fiscal_period('period_start + interval 1 month') }}, 'TKN-REV-' || provider || '-' || fiscal_period,
        cast(period_start + interval 1 month as date),
        account_number, department_id, cost_class, provider, credit_amount, debit_amount, true,
        'Reversal of accrued ' || provider || ' usage ' || fiscal_period
    from accrual

)

select
    both_ways.fiscal_period,
    both_ways.journal_id,
    cast(row_number() over (
        partition by both_ways.journal_id
        order by both_ways.credit_amount, both_ways.account_number, both_ways.cost_class, both_ways.department_id
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
