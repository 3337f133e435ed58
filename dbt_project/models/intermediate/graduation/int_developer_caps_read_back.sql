with

used_keys as (

    select distinct
        usage_date,
        actor_id,
        api_key_id
    from {{ ref('int_usage_owned') }}
    where actor_id is not null and source = 'litellm'

),

settings as (

    select * from {{ ref('int_guardrail_settings_normalised') }}

)

select
    used_keys.actor_id,
    used_keys.usage_date as spend_date,
    cast(sum(settings.daily_cap) as decimal(38, 9)) as daily_cap
from used_keys
left join settings
    on settings.entity = 'key:' || used_keys.api_key_id
    and used_keys.usage_date >= settings.speaks_from
    and used_keys.usage_date <= coalesce(settings.speaks_to, used_keys.usage_date)
group by used_keys.actor_id, used_keys.usage_date
having count(settings.daily_cap) = count(*)
