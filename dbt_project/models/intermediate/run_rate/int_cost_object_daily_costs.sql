with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

allocated as (

    select * from {{ ref('int_costs_allocated') }}

),

constant_price as (

    select * from {{ ref('int_initiative_constant_price_costs') }}

),

initiatives as (

    select initiative_id, min(started_on) as started_on
    from {{ ref('int_initiatives_effective') }}
    group by initiative_id

),

source_days as (

    select * from {{ ref('int_source_days_judged') }}

),

source_costs as (

    select
        'initiative' as entity_type, initiative_id as entity_id, cost_date, source, provider,
        sum(allocated_cost) as allocated_cost,
        sum(case when allocation_method in ('direct', 'fixed', 'even') then allocated_cost else 0 end)
            as stable_basis_cost,
        sum(coalesce(credit_amount, 0)) as credited_cost,
        sum(case when allocation_method in ('direct', 'fixed', 'even') then coalesce(credit_amount, 0) else 0 end)
            as stable_basis_credited_cost
    from allocated
    where initiative_id is not null
    group by all
    union all
    select
        'department', department_id, cost_date, source, provider,
        sum(allocated_cost),
        sum(case when allocation_method in ('direct', 'fixed', 'even') then allocated_cost else 0 end),
        sum(coalesce(credit_amount, 0)),
        sum(case when allocation_method in ('direct', 'fixed', 'even') then coalesce(credit_amount, 0) else 0 end)
    from allocated
    where department_id is not null
    group by all
    union all
    select
        'company', 'company', cost_date, source, provider,
        sum(allocated_cost),
        sum(allocated_cost),
        sum(coalesce(credit_amount, 0)),
        sum(coalesce(credit_amount, 0))
    from allocated
    group by all

),

day_costs as (

    select
        entity_type, entity_id, cost_date,
        sum(allocated_cost) as allocated_cost,
        sum(stable_basis_cost) as stable_basis_cost,
        sum(credited_cost) as credited_cost,
        sum(stable_basis_credited_cost) as stable_basis_credited_cost
    from source_costs
    group by all

),

bounds as (

    select
        day_costs.entity_type,
        day_costs.entity_id,
        least(min(day_costs.cost_date), coalesce(min(initiatives.started_on), min(day_costs.cost_date))) as first_date
    from day_costs
    left join initiatives
        on day_costs.entity_type = 'initiative' and day_costs.entity_id = initiatives.initiative_id
    group by day_costs.entity_type, day_costs.entity_id

),

first_source_date as (

    select min(source_date) as first_source_date from source_days

),

entity_days as (

    select
        bounds.entity_type,
        bounds.entity_id,
        {{ dates_from(
            'greatest(bounds.first_date, first_source_date.first_source_date)', 'run_parameters.as_of_date'
        ) }} as cost_date
    from bounds
    cross join run_parameters
    cross join first_source_date

),

feeding_sources as (

    select distinct
        entity_days.entity_type, entity_days.entity_id, entity_days.cost_date, source_costs.source,
        source_costs.provider
    from entity_days
    inner join source_costs
        on entity_days.entity_type = source_costs.entity_type
        and entity_days.entity_id = source_costs.entity_id
        and source_costs.cost_date between entity_days.cost_date - 60 and entity_days.cost_date

),

judged as (

    select
        feeding_sources.entity_type,
        feeding_sources.entity_id,
        feeding_sources.cost_date,
        bool_and(source_days.is_complete) as is_complete,
        bool_or(source_days.is_missing) as is_missing,
        max(source_days.settle_days) as settle_days
    from feeding_sources
    inner join source_days
        on feeding_sources.source = source_days.source
        and (source_days.provider is null or feeding_sources.provider = source_days.provider)
        and feeding_sources.cost_date = source_days.source_date
    group by all

)

select
    entity_days.entity_type,
    entity_days.entity_id,
    entity_days.cost_date,
    coalesce({{ fine_money('day_costs.allocated_cost') }}, cast(0 as decimal(38, 12))) as allocated_cost,
    coalesce({{ fine_money('day_costs.stable_basis_cost') }}, cast(0 as decimal(38, 12))) as stable_basis_cost,
    case when constant_price.initiative_id is null
        then cast(0 as decimal(38, 12))
        else constant_price.constant_price_cost
    end as constant_price_cost,
    coalesce(judged.is_complete, false) as is_complete,
    coalesce(judged.is_missing, false) as is_missing,
    coalesce(judged.settle_days, 0) as settle_days,
    coalesce({{ fine_money('day_costs.credited_cost') }}, cast(0 as decimal(38, 12))) as credited_cost,
    coalesce({{ fine_money('day_costs.stable_basis_credited_cost') }}, cast(0 as decimal(38, 12)))
        as stable_basis_credited_cost
from entity_days
left join day_costs
    on entity_days.entity_type = day_costs.entity_type
    and entity_days.entity_id = day_costs.entity_id
    and entity_days.cost_date = day_costs.cost_date
left join constant_price
    on entity_days.entity_type = 'initiative'
    and entity_days.entity_id = constant_price.initiative_id
    and entity_days.cost_date = constant_price.usage_date
left join judged
    on entity_days.entity_type = judged.entity_type
    and entity_days.entity_id = judged.entity_id
    and entity_days.cost_date = judged.cost_date
