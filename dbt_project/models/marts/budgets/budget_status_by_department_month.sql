{# What a department's spend of a period is judged against: core by its flexible budget where every core initiative
   is verified, else by what was funded; experimentation by what was funded. #}
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
            when flexible.flexible_budget_amount is null then 'budget'
            when flexible.is_by_units then 'flexible'
            else 'fixed'
        end as budget_basis,
        coalesce(
            {{ fine_money('flexible.flexible_budget_amount') }}, {{ fine_money('budgets.budget_amount') }},
            cast(0 as decimal(38, 12))
        ) as allowance_amount,
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

)

select
    compared.fiscal_period,
    compared.department_id,
    compared.budget_class,
    compared.budget_amount,
    compared.flexible_budget_amount,
    compared.budget_basis,
    compared.allowance_amount,
    compared.spent_amount,
    {{ fine_money('compared.allowance_amount - compared.spent_amount') }} as remaining_amount,
    case when compared.allowance_amount > 0
        then cast(compared.spent_amount as double) / cast(compared.allowance_amount as double)
    end as burn_ratio,
    case
        when compared.allowance_amount <= 0 then 'no_budget'
        when compared.spent_amount > compared.allowance_amount then 'over_budget'
        when compared.budget_basis <> 'budget' then 'ok'
        else {{ spent_part_status('compared.spent_amount', 'compared.allowance_amount') }}
    end as status,
    run_parameters.reporting_currency
from compared
cross join run_parameters
