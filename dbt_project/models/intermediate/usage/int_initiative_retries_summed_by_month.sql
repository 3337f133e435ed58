with

hourly as (

    select * from {{ ref('int_gateway_usage_summed_by_hour') }}

),

keys as (

    select usage_key_id, owner_key from {{ ref('int_usage_keys_numbered') }}

),

owners as (

    select * from {{ ref('int_usage_owners_matched') }}

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
inner join keys on hourly.usage_key_id = keys.usage_key_id
inner join owners
    on keys.owner_key = owners.owner_key
    and hourly.usage_date >= owners.effective_from
    and hourly.usage_date < owners.effective_to
where hourly.usage_date <= run_parameters.as_of_date
    and not hourly.is_duplicate
    and owners.initiative_id is not null
    and owners.share_method is null
group by all
