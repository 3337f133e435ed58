with

limited as (

    select distinct entity
    from {{ ref('int_guardrail_settings_normalised') }}
    where rpm_limit is not null

),

hourly as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where dearest_request > 0

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    limited.entity,
    hourly.usage_date as request_date,
    cast(max(max(hourly.dearest_request)) over (partition by limited.entity order by hourly.usage_date)
        as decimal(38, 12)) as dearest_request
from limited
inner join hourly
    on limited.entity in ('key:' || hourly.api_key_id, 'team:' || hourly.team_id)
cross join run_parameters
where hourly.usage_date <= run_parameters.as_of_date
group by limited.entity, hourly.usage_date
