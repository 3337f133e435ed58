{# One row per person with a daily cap in force at the gateway, as last read back up to the as-of day. #}
with

people as (

    select distinct actor_id, api_key_id
    from {{ ref('int_usage_unioned') }}
    where actor_id is not null and source = 'litellm'

),

settings as (

    select * from {{ ref('int_guardrail_settings_normalised') }}

)

select
    people.actor_id,
    max(settings.daily_cap) as daily_cap
from people
inner join settings on settings.entity = 'key:' || people.api_key_id
where settings.daily_cap is not null
group by people.actor_id
