with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

accounts as (

    select * from {{ ref('stg_registry__posting_accounts') }}

),

open_costs as (

    select open_costs.*
    from {{ ref('int_period_costs_open') }} as open_costs
    cross join run_parameters
    where open_costs.period_end <= run_parameters.as_of_date and exists (select 1 from accounts)

),

owed as (

    select provider, period_end, service_period, 'accrued_liabilities' as credit_role, open_amount as amount
    from open_costs
    union all
    select provider, period_end, service_period, 'prepaid', prepaid_open_amount
    from open_costs
    where service_period = {{ fiscal_period('period_end') }}

),

rounded as (

    select
        {{ all_but(['amount'], 'owed') }},
        {{ to_minor_units('owed.amount') }} as minor_units
    from owed
    cross join run_parameters

),

objects as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as service_period,
        coalesce(cost_class, 'selling_and_administration') as cost_class,
        department_id,
        greatest({{ to_pico('sum(allocated_cost)') }}, 0) as weight
    from {{ ref('int_costs_classified') }}
    group by all
    having sum(allocated_cost) > 0

),

weighed as (

    select
        rounded.provider,
        rounded.period_end,
        rounded.service_period,
        rounded.credit_role,
        cast({{ from_nano('rounded.minor_units') }} as decimal(38, 12)) as amount,
        objects.cost_class,
        objects.department_id,
        objects.cost_class || chr(31) || coalesce(objects.department_id, chr(30)) as object_key,
        objects.weight
    from rounded
    inner join objects
        on rounded.provider = objects.provider and rounded.service_period = objects.service_period
    where rounded.minor_units > 0

),

split as (

    {{ largest_remainder('weighed', ['provider', 'period_end', 'service_period', 'credit_role'], 'object_key') }}

)

select
    split.provider,
    split.period_end,
    split.service_period,
    split.credit_role,
    split.cost_class,
    split.department_id,
    debited.account_number as debit_account,
    credited.account_number as credit_account,
    {{ money(from_minor_units('split.part_amount')) }} as amount,
    bool_and(debited.account_number is not null and credited.account_number is not null) over (
        partition by split.provider, split.period_end, split.service_period, split.credit_role
    ) as is_complete
from split
cross join run_parameters
left join accounts as debited on split.cost_class = debited.posting_role
left join accounts as credited on split.credit_role = credited.posting_role
where split.part_amount > 0
