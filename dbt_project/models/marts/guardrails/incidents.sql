{# A loss that is over costs its part of the daily burn; a leak that goes on shortens what is left: cash over burn, less
   cash over burn and leak. A month is a twelfth of 365 days. #}
with

incidents as (

    select * from {{ ref('stg_guardrails__incidents') }}

),

usage as (

    select * from {{ ref('fct_usage') }}
    where source = 'litellm'

),

runway as (

    select * from {{ ref('runway_by_month') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

dated as (

    select
        incidents.*,
        cast({{ local_time('run_parameters.reporting_time_zone', 'incidents.started_at') }} as date) as incident_date
    from incidents
    cross join run_parameters

),

users as (

    select
        usage.api_key_id,
        usage.usage_date,
        usage.team_id,
        usage.actor_id,
        usage.initiative_id,
        usage.department_id,
        coalesce(sum(usage.list_cost), 0) as list_cost,
        sum(usage.quantity) as quantity
    from usage
    semi join dated on usage.api_key_id = dated.api_key_id and usage.usage_date = dated.incident_date
    group by
        usage.api_key_id,
        usage.usage_date,
        usage.team_id,
        usage.actor_id,
        usage.initiative_id,
        usage.department_id

),

owners as (

    select *
    from users
    qualify row_number() over (
        partition by api_key_id, usage_date
        order by
            list_cost desc,
            quantity desc,
            team_id nulls last,
            actor_id nulls last,
            initiative_id nulls last,
            department_id nulls last
    ) = 1

),

burns as (

    select
        dated.evidence_id,
        dated.started_at,
        dated.entity,
        dated.kind,
        runway.status,
        cast(runway.cash as double) as cash,
        cast(runway.daily_burn as double) as daily_burn
    from dated
    inner join runway on runway.fiscal_period <= {{ fiscal_period('dated.incident_date') }}
    qualify row_number() over (
        partition by dated.started_at, dated.entity, dated.kind
        order by runway.fiscal_period desc
    ) = 1

)

select
    dated.started_at,
    dated.detected_at,
    dated.ended_at,
    dated.entity,
    dated.kind,
    {{ fine_money('dated.incident_cost') }} as incident_cost,
    case
        when dated.ended_at is null
            then burns.cash / burns.daily_burn
                - burns.cash / (burns.daily_burn + cast(dated.cost_per_hour as double) * 24)
        else cast(dated.incident_cost as double) / burns.daily_burn
    end as runway_days_lost,
    case
        when burns.daily_burn is not null and (dated.ended_at is not null or burns.cash is not null) then null
        when burns.status is null then 'no_ledger'
        when burns.status = 'not_burning' then 'not_applicable'
        else burns.status
    end as runway_days_lost_null_reason,
    {{ fine_money('dated.cost_per_hour') }} as cost_per_hour,
    dated.is_repeat,
    dated.adapter,
    dated.api_key_id,
    owners.team_id,
    owners.actor_id,
    owners.initiative_id,
    owners.department_id,
    dated.reason,
    dated.evidence_id,
    dated.policy_version,
    run_parameters.reporting_currency
from dated
cross join run_parameters
left join owners on dated.api_key_id = owners.api_key_id and dated.incident_date = owners.usage_date
left join burns
    on dated.started_at = burns.started_at
    and dated.entity = burns.entity
    and dated.kind = burns.kind
