with

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}
    where stage = 'core'

),

daily_costs as (

    select * from {{ ref('int_cost_object_daily_costs') }}
    where entity_type = 'initiative'

),

daily_units as (

    select * from {{ ref('int_initiative_daily_units') }}

),

covered as (

    select * from {{ ref('int_initiative_units_covered') }}

),

verified as (

    select * from {{ ref('int_core_initiatives_verified') }}

),

core_days as (

    select
        initiatives.initiative_id,
        initiatives.department_id,
        verified.verified_by,
        verified.effective_from as verified_from,
        {{ fiscal_period('daily_costs.cost_date') }} as fiscal_period,
        cast(extract(day from last_day(daily_costs.cost_date)) as integer) as days_in_period,
        count(*) as days,
        count(covered.initiative_id) as days_with_units,
        {{ money('sum(daily_units.units)') }} as units
    from initiatives
    inner join daily_costs
        on initiatives.initiative_id = daily_costs.entity_id
        and daily_costs.cost_date >= greatest(initiatives.effective_from, initiatives.started_on)
        and daily_costs.cost_date < initiatives.effective_to
    left join verified
        on initiatives.initiative_id = verified.initiative_id
        and daily_costs.cost_date >= verified.effective_from
        and daily_costs.cost_date < verified.effective_to
    left join covered
        on initiatives.initiative_id = covered.initiative_id
        and daily_costs.cost_date between covered.covered_from and covered.covered_to
        and verified.unit_of_work is not distinct from covered.unit_of_work
    left join daily_units
        on daily_costs.entity_id = daily_units.initiative_id
        and daily_costs.cost_date = daily_units.metric_date
        and verified.unit_of_work is not distinct from daily_units.unit_of_work
    group by all

)

select
    core_days.initiative_id,
    core_days.department_id,
    core_days.fiscal_period,
    core_days.verified_by,
    core_days.verified_from,
    core_days.units is not null and verified.verified_unit_cost is not null as is_by_units,
    case
        when core_days.units is not null and verified.verified_unit_cost is not null
            then {{ fine_money('verified.verified_unit_cost * cast(core_days.units as decimal(38, 6))') }}
            + case when core_days.days > core_days.days_with_units
                then {{ fine_money(cost_per(
                    'verified.verified_run_rate * 12 * (core_days.days - core_days.days_with_units)',
                    'cast(365.25 as decimal(5, 2))'
                )) }}
                else 0
            end
        else {{ fine_money(cost_per('verified.verified_run_rate * core_days.days', 'core_days.days_in_period')) }}
    end as allowance_amount
from core_days
left join verified
    on core_days.initiative_id = verified.initiative_id and core_days.verified_from = verified.effective_from
