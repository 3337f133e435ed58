with

initiatives as (

    select initiative_id, guardrail_entity, effective_from, effective_to
    from {{ ref('int_initiatives_effective') }}
    where guardrail_adapter = 'litellm' and guardrail_entity is not null

),

usage as (

    select * from {{ ref('int_usage_owned') }}
    where source = 'litellm'

),

hourly as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}

),

drills as (

    select * from {{ ref('stg_registry__drills') }}
    where adapter = 'litellm'

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

costs as (

    select
        initiatives.initiative_id,
        usage.usage_date,
        sum(usage.list_cost) as metered_cost
    from initiatives
    inner join usage
        on initiatives.guardrail_entity in ('key:' || usage.api_key_id, 'team:' || usage.team_id)
        and usage.usage_date >= initiatives.effective_from
        and usage.usage_date < initiatives.effective_to
    group by all

),

refusals as (

    select
        initiatives.initiative_id,
        hourly.usage_date,
        sum(hourly.refused_requests) as refused_requests
    from initiatives
    inner join hourly
        on initiatives.guardrail_entity in ('key:' || hourly.api_key_id, 'team:' || hourly.team_id)
        and hourly.usage_date >= initiatives.effective_from
        and hourly.usage_date < initiatives.effective_to
    cross join run_parameters
    left join drills
        on initiatives.guardrail_entity = drills.entity
        and hourly.usage_start_at <= drills.ended_at
        and hourly.usage_start_at + interval 1 hour > drills.started_at
    where hourly.usage_date <= run_parameters.as_of_date and not hourly.is_duplicate and drills.drill_id is null
    group by all

),

recorded as (

    select
        initiatives.initiative_id,
        drills.drill_date as usage_date,
        count(*) as drills
    from initiatives
    inner join drills
        on initiatives.guardrail_entity = drills.entity
        and drills.drill_date >= initiatives.effective_from
        and drills.drill_date < initiatives.effective_to
    cross join run_parameters
    where drills.drill_date <= run_parameters.as_of_date
    group by all

)

select
    initiative_id,
    usage_date,
    coalesce({{ fine_money('costs.metered_cost') }}, cast(0 as decimal(38, 12))) as metered_cost,
    cast(coalesce(refusals.refused_requests, 0) as bigint) as refused_requests,
    cast(coalesce(recorded.drills, 0) as bigint) as drills
from costs
full outer join refusals using (initiative_id, usage_date)
full outer join recorded using (initiative_id, usage_date)
