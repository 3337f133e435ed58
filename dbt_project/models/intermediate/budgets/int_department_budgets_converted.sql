with

budgets as (

    select
        *,
        cast(fiscal_period || '-01' as date) as starts_on
    from {{ ref('stg_ledgers__budgets') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

converted as (

    select
        budgets.department_id,
        budgets.fiscal_period,
        budgets.budget_class,
        budgets.starts_on,
        {{ reporting_amount('budgets.amount', 'budgets.currency') }} as amount
    from budgets
    cross join run_parameters
    left join exchange_rates
        on budgets.currency = exchange_rates.currency and budgets.starts_on = exchange_rates.rate_date
    where budgets.starts_on <= run_parameters.as_of_date

)

select
    department_id,
    fiscal_period,
    budget_class,
    starts_on,
    case when count(*) = count(amount) then {{ money('sum(amount)') }} end as amount
from converted
group by department_id, fiscal_period, budget_class, starts_on
