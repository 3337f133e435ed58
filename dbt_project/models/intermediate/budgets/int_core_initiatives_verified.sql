with

graduations as (

    select * from {{ ref('stg_budget__graduations') }}

),

first_graduations as (

    select
        initiative_id,
        min(effective_on) as effective_on
    from graduations
    group by initiative_id

),

initiatives as (

    select
        initiative_id,
        min(started_on) as started_on,
        min_by(registered_stage, effective_from) as first_stage
    from {{ ref('int_initiatives_effective') }}
    group by initiative_id

),

daily_costs as (

    select * from {{ ref('int_cost_object_daily_costs') }}
    where entity_type = 'initiative'

),

daily_units as (

    select * from {{ ref('int_initiative_daily_units') }}

),

first_costs as (

    select
        entity_id as initiative_id,
        min(cost_date) as first_cost_date
    from daily_costs
    where allocated_cost <> 0
    group by entity_id

),

complete_days as (

    select
        initiatives.initiative_id,
        daily_costs.cost_date,
        daily_costs.allocated_cost,
        row_number() over (partition by initiatives.initiative_id order by daily_costs.cost_date) as day_number
    from initiatives
    inner join first_costs on initiatives.initiative_id = first_costs.initiative_id
    inner join daily_costs
        on initiatives.initiative_id = daily_costs.entity_id
        and daily_costs.cost_date >= greatest(initiatives.started_on, first_costs.first_cost_date)
    where initiatives.first_stage = 'core' and daily_costs.is_complete and not daily_costs.is_missing

),

first_days as (

    select
        complete_days.initiative_id,
        {{ fine_money('sum(complete_days.allocated_cost)') }} as allocated_cost,
        {{ money('sum(daily_units.units)') }} as units
    from complete_days
    left join daily_units
        on complete_days.initiative_id = daily_units.initiative_id
        and complete_days.cost_date = daily_units.metric_date
    where complete_days.day_number <= 28
    group by complete_days.initiative_id
    having count(*) = 28

)

select
    initiative_id,
    'graduation' as verified_by,
    cast(verified_run_rate as decimal(38, 12)) as verified_run_rate,
    cast(verified_unit_cost as decimal(38, 12)) as verified_unit_cost,
    cast(effective_on + 1 as date) as effective_from,
    coalesce(
        cast(lead(effective_on) over (partition by initiative_id order by effective_on) + 1 as date), date '9999-12-31'
    ) as effective_to
from graduations
union all
select
    first_days.initiative_id,
    'first_28_days',
    cast({{ cost_per('cast(first_days.allocated_cost * cast(365.25 as decimal(5, 2)) as decimal(38, 12))',
    '336') }} as decimal(38, 12)),
    cast({{ cost_per('first_days.allocated_cost', 'first_days.units') }} as decimal(38, 12)),
    date '0001-01-01',
    coalesce(cast(first_graduations.effective_on + 1 as date), date '9999-12-31')
from first_days
left join first_graduations on first_days.initiative_id = first_graduations.initiative_id
