{# Judged are complete core days with units; a day without units shows no unit cost and neither counts nor
   interrupts. The first 28 days of what began in core made the verified value, so they are not judged by it. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

policy as (

    select
        {{ policy_value('demotion_unit_cost_ratio', 'decimal(12, 6)') }} as unit_cost_ratio,
        {{ policy_value('demotion_days', 'integer') }} as demotion_days

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}
    where stage = 'core'

),

verified as (

    select verified.*
    from {{ ref('int_core_initiatives_verified') }} as verified
    cross join run_parameters
    where verified.verified_unit_cost > 0
        and run_parameters.as_of_date >= verified.effective_from
        and run_parameters.as_of_date < verified.effective_to

),

daily_costs as (

    select * from {{ ref('int_cost_object_daily_costs') }}
    where entity_type = 'initiative'

),

daily_units as (

    select * from {{ ref('int_initiative_daily_units') }}
    where units > 0

),

core_days as (

    select
        initiatives.initiative_id,
        verified.verified_by,
        verified.verified_unit_cost,
        daily_costs.cost_date,
        daily_costs.allocated_cost,
        daily_units.units,
        row_number() over (partition by initiatives.initiative_id order by daily_costs.cost_date) as complete_day_number
    from initiatives
    inner join verified on initiatives.initiative_id = verified.initiative_id
    inner join daily_costs
        on initiatives.initiative_id = daily_costs.entity_id
        and daily_costs.cost_date >= greatest(initiatives.effective_from, initiatives.started_on)
        and daily_costs.cost_date < initiatives.effective_to
        and daily_costs.cost_date >= verified.effective_from
    left join daily_units
        on daily_costs.entity_id = daily_units.initiative_id
        and daily_costs.cost_date = daily_units.metric_date
        and verified.unit_of_work is not distinct from daily_units.unit_of_work
    where daily_costs.is_complete and not daily_costs.is_missing

),

judged_days as (

    select
        core_days.*,
        policy.demotion_days,
        {{ fine_money('core_days.verified_unit_cost * policy.unit_cost_ratio') }}
            as limit_unit_cost,
        {{ cost_per('core_days.allocated_cost', 'core_days.units') }} as unit_cost,
        row_number() over (partition by core_days.initiative_id order by core_days.cost_date desc) as days_back
    from core_days
    cross join policy
    where core_days.units is not null
        and (core_days.verified_by = 'graduation' or core_days.complete_day_number > 28)

),

streaks as (

    select
        *,
        max(case when unit_cost <= limit_unit_cost then cost_date end) over (partition by initiative_id)
            as last_day_within
    from judged_days

),

summed as (

    select
        initiative_id,
        verified_by,
        verified_unit_cost,
        limit_unit_cost,
        demotion_days,
        max(cost_date) as last_judged_date,
        {{ fine_money('sum(case when days_back <= demotion_days then allocated_cost end)') }} as recent_cost,
        {{ money('sum(case when days_back <= demotion_days then units end)') }} as recent_units,
        min(case when cost_date > coalesce(last_day_within, cost_date - 1) then cost_date end) as above_since,
        count(case when cost_date > coalesce(last_day_within, cost_date - 1) then 1 end) as days_above
    from streaks
    group by initiative_id, verified_by, verified_unit_cost, limit_unit_cost, demotion_days

)

select
    run_parameters.as_of_date,
    summed.initiative_id,
    summed.verified_by,
    summed.verified_unit_cost,
    cast({{ cost_per('summed.recent_cost', 'summed.recent_units') }} as decimal(38, 12)) as unit_cost,
    summed.limit_unit_cost,
    summed.last_judged_date,
    summed.above_since,
    summed.days_above,
    summed.demotion_days,
    summed.days_above >= summed.demotion_days as is_flagged_for_return,
    run_parameters.reporting_currency
from summed
cross join run_parameters
