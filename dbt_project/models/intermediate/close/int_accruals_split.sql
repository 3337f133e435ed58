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
        owed.*,
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
        {{ fine_money('sum(allocated_cost)') }} as cost
    from {{ ref('int_costs_classified') }}
    group by all
    having sum(allocated_cost) <> 0

),

period_sums as (

    select
        provider,
        service_period,
        {{ fine_money('sum(cost)') }} as cost,
        {{ fine_money('sum(greatest(cost, 0))') }} as charges,
        {{ fine_money('sum(least(cost, 0))') }} as credits
    from objects
    group by provider, service_period

),

-- what is open is that part of the period's charges and of its credits that it is of their sum; where it is no part of
-- the sum, it is charges or credits alone, by its own sign. An amount may exceed the cost it is by its twelfth decimal.
charged as (

    select
        rounded.provider,
        rounded.period_end,
        rounded.service_period,
        rounded.credit_role,
        rounded.minor_units,
        period_sums.charges,
        period_sums.credits,
        case
            when period_sums.charges = 0 then {{ as_whole('0') }}
            when period_sums.credits = 0 then rounded.minor_units
            when (rounded.amount > 0) = (period_sums.cost > 0)
                and abs(rounded.amount) <= abs(period_sums.cost) + cast(0.000001 as decimal(6, 6))
                then {{ to_minor_units(portion_of('period_sums.charges', 'rounded.amount', 'period_sums.cost')) }}
            when rounded.minor_units > 0 then rounded.minor_units
            else {{ as_whole('0') }}
        end as charged_units
    from rounded
    inner join period_sums
        on rounded.provider = period_sums.provider and rounded.service_period = period_sums.service_period
    cross join run_parameters
    where rounded.minor_units <> 0

),

sides as (

    select
        {{ all_but(['minor_units', 'charges', 'credits', 'charged_units']) }},
        true as is_charge,
        charged_units as minor_units
    from charged
    where charges > 0
    union all
    select
        {{ all_but(['minor_units', 'charges', 'credits', 'charged_units']) }},
        false as is_charge,
        minor_units - charged_units as minor_units
    from charged
    where credits < 0

),

weighed as (

    select
        sides.provider,
        sides.period_end,
        sides.service_period,
        sides.credit_role,
        sides.is_charge,
        cast({{ from_nano('sides.minor_units') }} as decimal(38, 12)) as amount,
        objects.cost_class,
        objects.department_id,
        objects.cost_class || chr(31) || coalesce(objects.department_id, chr(30)) as object_key,
        {{ to_pico('objects.cost') }} as weight
    from sides
    inner join objects
        on sides.provider = objects.provider
        and sides.service_period = objects.service_period
        and sides.is_charge = (objects.cost > 0)

),

split as (

    {{ largest_remainder(
        'weighed', ['provider', 'period_end', 'service_period', 'credit_role', 'is_charge'], 'object_key'
    ) }}

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
where split.part_amount <> 0
