with

billed as (

    select
        *,
        count(api_key_id) over (partition by provider, cost_date) > 0 as is_billed_by_key
    from {{ ref('int_billed_costs_unioned') }}
    where metered_cost_key is null

),

usage_weights as (

    select * from {{ ref('int_usage_weights_summed_by_day') }}

),

candidates as (

    select
        billed.billed_cost_key,
        usage_weights.part_key,
        usage_weights.actor_id,
        usage_weights.team_id,
        usage_weights.request_tags,
        usage_weights.api_key_id,
        usage_weights.model_id as usage_model_id,
        usage_weights.list_cost,
        usage_weights.tokens,
        usage_weights.requests,
        case
            when billed.is_billed_by_key
                and billed.model_id = usage_weights.model_id
                and (billed.api_key_id is not distinct from usage_weights.api_key_id)
                then 1
            when billed.model_id = usage_weights.model_id and billed.api_key_id is null then 2
            when billed.is_billed_by_key and (billed.api_key_id is not distinct from usage_weights.api_key_id) then 3
            when billed.api_key_id is null then 4
        end as match_level
    from billed
    inner join usage_weights
        on billed.provider = usage_weights.provider
        and billed.cost_date = usage_weights.billing_date
        and coalesce(billed.project_id, chr(30)) = coalesce(usage_weights.project_id, chr(30))

),

finest as (

    select *
    from candidates
    where match_level is not null
    qualify match_level = min(match_level) over (partition by billed_cost_key)

)

select
    *,
    case
        when sum(list_cost) over (partition by billed_cost_key) > 0 then {{ to_pico('list_cost') }}
        when sum(tokens) over (partition by billed_cost_key) > 0 then tokens
        else requests
    end as weight
from finest
qualify sum(list_cost) over (partition by billed_cost_key) > 0
    or sum(tokens) over (partition by billed_cost_key) > 0
    or sum(requests) over (partition by billed_cost_key) > 0
