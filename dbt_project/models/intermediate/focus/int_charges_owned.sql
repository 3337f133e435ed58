with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}

),

matches as (

    select * from {{ ref('int_billed_costs_matched_to_usage') }}

),

owners as (

    select * from {{ ref('int_owners_matched') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

pieces as (

    select
        billed.billed_cost_key,
        billed.cost_date,
        billed.source,
        billed.provider,
        billed.account_id,
        coalesce(billed.project_id, matches.usage_project_id) as project_id,
        coalesce(billed.api_key_id, matches.api_key_id) as api_key_id,
        matches.actor_id,
        matches.team_id,
        coalesce(billed.model_id, matches.usage_model_id) as model_id,
        matches.request_tags,
        matches.usage_owner_key
    from billed
    left join matches on billed.billed_cost_key = matches.billed_cost_key

),

owned as (

    select
        pieces.billed_cost_key,
        case when owners.share_method is null then owners.initiative_id end as initiative_id,
        case
            when owners.share_method is null then coalesce(owners.department_id, initiatives.department_id)
        end as department_id
    from pieces
    left join owners
        on {{ cost_owner_key('pieces') }} = owners.owner_key
        and pieces.cost_date >= owners.effective_from
        and pieces.cost_date < owners.effective_to
    left join initiatives
        on owners.initiative_id = initiatives.initiative_id
        and pieces.cost_date >= initiatives.effective_from
        and pieces.cost_date < initiatives.effective_to

)

select
    billed_cost_key,
    case
        when count(initiative_id) = count(*) and min(initiative_id) = max(initiative_id) then min(initiative_id)
    end as initiative_id,
    case
        when count(department_id) = count(*) and min(department_id) = max(department_id) then min(department_id)
    end as department_id
from owned
group by billed_cost_key
