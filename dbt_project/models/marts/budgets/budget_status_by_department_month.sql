{# What a department's spend of a period is judged against: what was funded; core by its flexible budget where units of
   work are known of every core initiative. What nobody funded allows nothing and is judged against nothing. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

movements as (

    select * from {{ ref('fct_budget_movements') }}

),

costs as (

    select * from {{ ref('fct_allocated_costs') }}

),

allowances as (

    select * from {{ ref('int_core_allowances_by_month') }}

),

budgets as (

    select
        movements.department_id,
        movements.fiscal_period,
        case when movements.account like 'core:%' then 'core' else 'experimentation' end as budget_class,
        sum(movements.amount) as budget_amount
    from movements
    cross join run_parameters
    where (movements.kind = 'fund' and movements.account <> 'corporate'
        or movements.kind in ('graduate', 'return') and movements.account like 'core:%')
        and movements.fiscal_period <= {{ fiscal_period('run_parameters.as_of_date') }}
    group by all

),

spending as (

    select
        department_id,
        {{ fiscal_period('cost_date') }} as fiscal_period,
        budget_class,
        sum(allocated_cost) as spent_amount
    from costs
    where department_id is not null and budget_class is not null
    group by all

),

flexible as (

    select
        department_id,
        fiscal_period,
        'core' as budget_class,
        case when count(*) = count(allowance_amount) then sum(allowance_amount) end as flexible_budget_amount,
        bool_and(is_by_units) as is_by_units
    from allowances
    group by department_id, fiscal_period

),

keys as (

    select department_id, fiscal_period, budget_class from budgets
    union
    select department_id, fiscal_period, budget_class from spending

),

compared as (

    select
        keys.department_id,
        keys.fiscal_period,
        keys.budget_class,
        coalesce({{ money('budgets.budget_amount') }}, cast(0 as decimal(38, 9))) as budget_amount,
        {{ fine_money('flexible.flexible_budget_amount') }} as flexible_budget_amount,
        case
            when flexible.flexible_budget_amount is null or coalesce(budgets.budget_amount, 0) <= 0 then 'budget'
            when flexible.is_by_units and flexible.flexible_budget_amount > 0 then 'flexible'
            else 'fixed'
        end as budget_basis,
        coalesce({{ fine_money('spending.spent_amount') }}, cast(0 as decimal(38, 12))) as spent_amount
    from keys
    left join budgets
        on keys.department_id = budgets.department_id
        and keys.fiscal_period = budgets.fiscal_period
        and keys.budget_class = budgets.budget_class
    left join spending
        on keys.department_id = spending.department_id
        and keys.fiscal_period = spending.fiscal_period
        and keys.budget_class = spending.budget_class
    left join flexible
        on keys.department_id = flexible.department_id
        and keys.fiscal_period = flexible.fiscal_period
        and keys.budget_class = flexible.budget_class

),

allowed as (

    select
        *,
        case
            when budget_basis = 'flexible' then flexible_budget_amount
            when budget_amount > 0 then {{ fine_money('budget_amount') }}
        end as allowance_amount
    from compared

)

select
    allowed.fiscal_period,
    allowed.department_id,
    allowed.budget_class,
    allowed.budget_amount,
    allowed.flexible_budget_amount,
    allowed.budget_basis,
    allowed.allowance_amount,
    allowed.spent_amount,
    {{ fine_money('allowed.allowance_amount - allowed.spent_amount') }} as remaining_amount,
    cast(allowed.spent_amount as double) / cast(allowed.allowance_amount as double) as burn_ratio,
    case
        when allowed.allowance_amount is null then 'no_budget'
        -- a flexible budget is rounded at its twelfth decimal: over by no minor unit is not over
        when {{ to_minor_units('allowed.spent_amount - allowed.allowance_amount') }} > 0 then 'over_budget'
        when allowed.budget_basis = 'flexible' then 'ok'
        else {{ spent_part_status('allowed.spent_amount', 'allowed.allowance_amount') }}
    end as status,
    run_parameters.reporting_currency
from allowed
cross join run_parameters
