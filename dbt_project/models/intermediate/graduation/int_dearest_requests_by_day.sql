with

limited as (

    select distinct entity
    from {{ ref('int_guardrail_settings_normalised') }}
    where rpm_limit is not null

),

requests as (

    select
        requests.api_key_id,
        requests.team_id,
        cast(timezone(run_parameters.reporting_time_zone, requests.started_at) as date) as request_date,
        max(requests.gateway_spend) as gateway_spend
    from {{ ref('stg_litellm__spend_logs') }} as requests
    cross join {{ ref('stg_run__parameters') }} as run_parameters
    where requests.gateway_spend > 0 and exists (select 1 from limited)
    group by all

)

select
    limited.entity,
    requests.request_date,
    cast(max(max(requests.gateway_spend)) over (partition by limited.entity order by requests.request_date)
        as decimal(38, 12)) as dearest_request
from limited
inner join requests
    on limited.entity in ('key:' || requests.api_key_id, 'team:' || requests.team_id)
cross join {{ ref('stg_run__parameters') }} as run_parameters
where requests.request_date <= run_parameters.as_of_date
group by limited.entity, requests.request_date
