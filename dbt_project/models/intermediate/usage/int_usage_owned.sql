{# One row per usage row with the ownership rule that wins. Directly assigned usage names its initiative; shared usage names none, see fct_usage_shares. #}
with

usage as (

    select * from {{ ref('int_usage_contracted') }}

),

owners as (

    select * from {{ ref('int_owners_matched') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

keyed as (

    select
        *,
        {{ owner_key('usage', 'usage_date') }} as owner_key
    from usage

)

select
    md5(concat_ws(
        chr(31), keyed.owner_key, cast(keyed.usage_start_at as varchar), keyed.token_class, keyed.service_tier,
        keyed.price_variant, cast(keyed.context_tier_start as varchar), cast(keyed.is_measured as varchar)
    )) as usage_key,
    keyed.* exclude (owner_key),
    owners.rule_id,
    owners.share_method,
    owners.initiative_id,
    coalesce(owners.department_id, initiatives.department_id) as department_id
from keyed
left join owners on keyed.owner_key = owners.owner_key
left join initiatives
    on owners.initiative_id = initiatives.initiative_id
    and keyed.usage_date >= initiatives.effective_from
    and keyed.usage_date < initiatives.effective_to
