with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

days as (

    select
        entity_type,
        entity_id,
        cost_date,
        is_missing,
        settle_days,
        allocated_cost <> 0 as has_cost,
        is_complete or allocated_cost <> 0 as is_known
    from {{ ref('int_cost_object_daily_costs') }}

),

counted as (

    select
        *,
        sum(case when is_known then 1 else 0 end) over (
            partition by entity_type, entity_id order by cost_date
        ) as known_days
    from days

),

-- of the last 28 known days up to each, or as many as there are, those with cost
known as (

    select
        entity_type,
        entity_id,
        known_days,
        cost_date as known_date,
        count(*) over (
            partition by entity_type, entity_id order by cost_date rows between 27 preceding and current row
        ) as days_before,
        sum(case when has_cost then 1 else 0 end) over (
            partition by entity_type, entity_id order by cost_date rows between 27 preceding and current row
        ) as days_with_cost
    from counted
    where is_known

),

lacking as (

    select
        counted.entity_type,
        counted.entity_id,
        counted.cost_date
    from counted
    inner join known
        on counted.entity_type = known.entity_type
        and counted.entity_id = known.entity_id
        and counted.known_days = known.known_days
    cross join run_parameters
    where
        not counted.is_known
        and known.days_with_cost >= 7
        and 2 * known.days_with_cost >= known.days_before
        and (
            counted.is_missing
            or known.known_date < run_parameters.as_of_date - cast(greatest(2, counted.settle_days) as integer)
        )

),

departments as (

    select
        initiatives.initiative_id,
        initiatives.department_id
    from {{ ref('int_initiatives_effective') }} as initiatives
    cross join run_parameters
    where
        run_parameters.as_of_date >= initiatives.effective_from
        and run_parameters.as_of_date < initiatives.effective_to

)

select
    entity_type,
    entity_id,
    cost_date
from lacking
union
select
    'department' as entity_type,
    departments.department_id as entity_id,
    lacking.cost_date
from lacking
inner join departments on lacking.entity_id = departments.initiative_id
where lacking.entity_type = 'initiative' and departments.department_id is not null
union
select
    'company' as entity_type,
    'company' as entity_id,
    cost_date
from lacking
