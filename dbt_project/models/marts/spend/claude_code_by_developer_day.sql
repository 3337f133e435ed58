with

daily as (

    select * from {{ ref('stg_claude_code__daily') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

people as (

    select
        daily.actor_id,
        daily.usage_date,
        min(people.department_id) as department_id
    from daily
    inner join {{ ref('dim_people') }} as people
        on (daily.actor_id = people.actor_id or daily.actor_id = people.email)
        and daily.usage_date >= people.valid_from
        and daily.usage_date < people.valid_to
    group by all

),

summed as (

    select
        usage_date,
        actor_id,
        max(actor_type) as actor_type,
        max(estimate_currency) as estimate_currency,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(lines_added) as bigint) as lines_added,
        cast(sum(lines_removed) as bigint) as lines_removed,
        cast(sum(commits) as bigint) as commits,
        cast(sum(pull_requests) as bigint) as pull_requests,
        cast(coalesce(sum(input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens), 0) as bigint)
            as tokens,
        {{ money('coalesce(sum(estimated_cost), 0)') }} as estimated_cost
    from daily
    group by usage_date, actor_id

)

select
    summed.usage_date,
    summed.actor_id,
    summed.actor_type,
    people.department_id,
    summed.sessions,
    summed.lines_added,
    summed.lines_removed,
    summed.commits,
    summed.pull_requests,
    summed.tokens,
    summed.estimated_cost,
    summed.estimate_currency
from summed
cross join run_parameters
left join people on summed.actor_id = people.actor_id and summed.usage_date = people.usage_date
where summed.usage_date <= run_parameters.as_of_date
