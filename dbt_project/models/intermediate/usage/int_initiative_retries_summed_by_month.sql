with

logged as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate

),

hourly as (

    select
        logged.*,
        {{ owner_key('logged') }} as owner_key
    from logged

),

dimensions_without_usage as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',\n        ') }}
    from hourly
    where owner_key not in (select owner_key from {{ ref('int_usage_keys_numbered') }})

),

owners as (

    select * from {{ ref('int_usage_owners_matched') }}
    union all
    select * from ({{ owners_matched('dimensions_without_usage') }}) as failed_owners

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
cross join run_parameters
inner join owners
    on hourly.owner_key = owners.owner_key
    and hourly.usage_date >= owners.effective_from
    and hourly.usage_date < owners.effective_to
where hourly.usage_date <= run_parameters.as_of_date and owners.initiative_id is not null
group by all
