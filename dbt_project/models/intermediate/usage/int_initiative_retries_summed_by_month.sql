with

hourly as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}

),

owners as (

    select distinct api_key_id, initiative_id
    from {{ ref('int_usage_owned') }}
    where source = 'litellm' and initiative_id is not null and api_key_id is not null

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    {{ fiscal_period('hourly.usage_date') }} as fiscal_period,
    owners.initiative_id,
    cast(sum(hourly.failed_requests) as double)
    / cast(nullif(sum(hourly.failed_requests + hourly.request), 0) as double) as failed_ratio
from hourly
inner join owners on hourly.api_key_id = owners.api_key_id
cross join run_parameters
where hourly.usage_date <= run_parameters.as_of_date and not hourly.is_duplicate
group by all
