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

covered as (

    select * from {{ ref('int_initiative_units_covered') }}

),

unit_terms as (

    select
        initiative_id,
        unit_of_work,
        effective_from,
        effective_to
    from {{ ref('int_initiatives_effective') }}

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
        {{ fine_money(
            'sum(case when covered.initiative_id is not null then complete_days.allocated_cost end)'
        ) }} as cost_with_units,
        case when count(distinct daily_units.unit_of_work) < 2 then {{ money('sum(daily_units.units)') }} end as units,
        max(daily_units.unit_of_work) as unit_of_work
    from complete_days
    left join covered
        on complete_days.initiative_id = covered.initiative_id
        and complete_days.cost_date between covered.covered_from and covered.covered_to
    left join daily_units
        on complete_days.initiative_id = daily_units.initiative_id
        and complete_days.cost_date = daily_units.metric_date
    where complete_days.day_number <= 28
    group by complete_days.initiative_id
    having count(*) = 28

)

select
    graduations.initiative_id,
    'graduation' as verified_by,
    cast(graduations.verified_run_rate as decimal(38, 12)) as verified_run_rate,
    cast(graduations.verified_unit_cost as decimal(38, 12)) as verified_unit_cost,
    cast(graduations.effective_on + 1 as date) as effective_from,
    coalesce(
        cast(lead(graduations.effective_on) over (
            partition by graduations.initiative_id order by graduations.effective_on
        ) + 1 as date),
        date '9999-12-31'
    ) as effective_to,
    unit_terms.unit_of_work
from graduations
left join unit_terms
    on graduations.initiative_id = unit_terms.initiative_id
    and graduations.effective_on >= unit_terms.effective_from
    and graduations.effective_on < unit_terms.effective_to
union all
select
    first_days.initiative_id,
    'first_28_days',
    cast({{ cost_per('cast(first_days.allocated_cost * cast(365.25 as decimal(5, 2)) as decimal(38, 12))',
    '336') }} as decimal(38, 12)),
    cast({{ cost_per('first_days.cost_with_units', 'first_days.units') }} as decimal(38, 12)),
    date '0001-01-01',
    coalesce(cast(first_graduations.effective_on + 1 as date), date '9999-12-31'),
    first_days.unit_of_work
from first_days
left join first_graduations on first_days.initiative_id = first_graduations.initiative_id
