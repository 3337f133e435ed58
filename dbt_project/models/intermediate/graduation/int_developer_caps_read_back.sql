with

used_keys as (

    select distinct
        usage_date,
        actor_id,
        api_key_id
    from {{ ref('int_usage_owned') }}
    where actor_id is not null and source = 'litellm'

),

caps as (

    select * from {{ ref('int_caps_in_force_by_day') }}
    where preference = 1

)

select
    used_keys.actor_id,
    used_keys.usage_date as spend_date,
    cast(sum(caps.daily_budget) as decimal(38, 9)) as daily_cap
from used_keys
left join caps
    on caps.entity = 'key:' || used_keys.api_key_id and used_keys.usage_date = caps.cap_date
group by used_keys.actor_id, used_keys.usage_date
having count(caps.daily_budget) = count(*)
