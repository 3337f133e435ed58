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

verified as (

    select * from {{ ref('int_core_initiatives_verified') }}

),

core_days as (

    select
        initiatives.initiative_id,
        initiatives.department_id,
        verified.verified_by,
        verified.verified_unit_cost,
        verified.verified_run_rate,
        {{ fiscal_period('daily_costs.cost_date') }} as fiscal_period,
        cast(extract(day from last_day(daily_costs.cost_date)) as integer) as days_in_period,
        count(*) as days,
        {{ money('sum(daily_units.units)') }} as units
    from initiatives
    inner join daily_costs
        on initiatives.initiative_id = daily_costs.entity_id
        and daily_costs.cost_date >= greatest(initiatives.effective_from, initiatives.started_on)
        and daily_costs.cost_date < initiatives.effective_to
    left join daily_units
        on daily_costs.entity_id = daily_units.initiative_id and daily_costs.cost_date = daily_units.metric_date
    left join verified
        on daily_costs.entity_id = verified.initiative_id
        and daily_costs.cost_date >= verified.effective_from
        and daily_costs.cost_date < verified.effective_to
    group by all

)

select
    initiative_id,
    department_id,
    fiscal_period,
    verified_by,
    units is not null and verified_unit_cost is not null as is_by_units,
    case
        when units is not null and verified_unit_cost is not null
            then {{ fine_money('cast(verified_unit_cost as decimal(19,
            12)) * cast(units as decimal(19, 6))') }}
        else {{ fine_money(cost_per('verified_run_rate * days', 'days_in_period')) }}
    end as allowance_amount
from core_days
