with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}

),

explained as (

    select * from {{ ref('int_billed_costs_explained') }}
    where explanation = 'untracked_traffic'

),

gateways as (

    select distinct provider
    from {{ ref('int_usage_keys_numbered') }}
    where source_rank = 1 and source in ('litellm', 'merge_gateway', 'openrouter')
    union
    select provider
    from {{ ref('stg_registry__metering') }}
    where source in ('litellm', 'merge_gateway', 'openrouter')

),

owners as (

    select * from {{ ref('int_owners_matched') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

unseen as (

    select
        billed.cost_date,
        billed.source,
        billed.provider,
        billed.account_id,
        billed.project_id,
        billed.api_key_id,
        cast(null as string) as actor_id,
        cast(null as string) as team_id,
        billed.model_id,
        cast(null as string) as request_tags,
        {{ fine_money('explained.effective_cost') }} as amount
    from explained
    inner join billed on explained.billed_cost_key = billed.billed_cost_key
    inner join gateways on billed.provider = gateways.provider
    cross join run_parameters
    where
        explained.effective_cost <> 0
        and billed.cost_date <= run_parameters.as_of_date

),

keyed as (

    select *, {{ owner_key('unseen') }} as owner_key from unseen

)

select
    keyed.cost_date,
    keyed.provider,
    owners.initiative_id,
    coalesce(owners.department_id, initiatives.department_id) as department_id,
    keyed.api_key_id,
    {{ fine_money('sum(keyed.amount)') }} as amount
from keyed
left join owners
    on keyed.owner_key = owners.owner_key
    and keyed.cost_date >= owners.effective_from
    and keyed.cost_date < owners.effective_to
left join initiatives
    on owners.initiative_id = initiatives.initiative_id
    and keyed.cost_date >= initiatives.effective_from
    and keyed.cost_date < initiatives.effective_to
group by all
