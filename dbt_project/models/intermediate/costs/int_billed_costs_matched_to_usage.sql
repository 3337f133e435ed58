with

usage_weights as (

    select * from {{ ref('int_usage_weights_summed_by_day') }}

),

charged as (

    select * from {{ ref('int_billed_costs_unioned') }}
    where metered_cost_key is null

),

metered_columns as (

    select provider, source, count(project_id) > 0 as has_project, count(api_key_id) > 0 as has_key
    from usage_weights
    group by provider, source

),

billed_columns as (

    select provider, source, count(project_id) > 0 as has_project
    from charged
    group by provider, source

),

common_accounts as (

    select distinct charged.provider, charged.account_id
    from charged
    inner join usage_weights
        on charged.provider = usage_weights.provider and charged.account_id = usage_weights.account_id

),

-- models that the bill and another source's meter call the same
common_models as (

    select distinct charged.provider, charged.model_id
    from charged
    inner join usage_weights
        on charged.provider = usage_weights.provider
        and charged.model_id = usage_weights.model_id
        and charged.source <> usage_weights.source

),

keyed as (

    select
        {{ all_but(['api_key_id'], 'charged') }},
        case when metered_columns.has_key then charged.api_key_id end as api_key_id,
        coalesce(metered_columns.has_project, false) and billed_columns.has_project as is_matched_by_project,
        common_accounts.account_id as matched_account_id,
        common_models.model_id is not null as has_common_model
    from charged
    inner join billed_columns on charged.provider = billed_columns.provider and charged.source = billed_columns.source
    left join metered_columns
        on charged.provider = metered_columns.provider and charged.source = metered_columns.source
    left join common_accounts
        on charged.provider = common_accounts.provider and charged.account_id = common_accounts.account_id
    left join common_models
        on charged.provider = common_models.provider and charged.model_id = common_models.model_id

),

billed as (

    select
        *,
        count(api_key_id) over (partition by provider, source, cost_date) > 0 as is_billed_by_key
    from keyed

),

metered as (

    select
        usage_weights.*,
        common_accounts.account_id as matched_account_id,
        common_models.model_id is not null as has_common_model
    from usage_weights
    left join common_accounts
        on usage_weights.provider = common_accounts.provider and usage_weights.account_id = common_accounts.account_id
    left join common_models
        on usage_weights.provider = common_models.provider and usage_weights.model_id = common_models.model_id

),

candidates as (

    select
        billed.billed_cost_key,
        metered.part_key,
        metered.owner_key as usage_owner_key,
        metered.project_id as usage_project_id,
        metered.actor_id,
        metered.team_id,
        metered.request_tags,
        metered.api_key_id,
        metered.model_id as usage_model_id,
        metered.list_cost,
        metered.tokens,
        metered.requests,
        case
            when billed.source <> metered.source then
                case
                    when billed.model_id = metered.model_id then 2
                    when billed.model_id is null then 4
                    when not billed.has_common_model and not metered.has_common_model then 5
                end
            when billed.is_billed_by_key
                and billed.model_id = metered.model_id
                and (billed.api_key_id is not distinct from metered.api_key_id)
                then 1
            when billed.model_id = metered.model_id and billed.api_key_id is null then 2
            when billed.is_billed_by_key and (billed.api_key_id is not distinct from metered.api_key_id) then 3
            when billed.api_key_id is null then 4
        end as match_level
    from billed
    inner join metered
        on billed.provider = metered.provider
        and billed.cost_date = metered.billing_date
        and (
            billed.source <> metered.source
            or not billed.is_matched_by_project
            or coalesce(billed.project_id, chr(30)) = coalesce(metered.project_id, chr(30))
        )
        and billed.matched_account_id is not distinct from metered.matched_account_id

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
