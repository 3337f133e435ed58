{% set columns = [
    'cost_date', 'source', 'provider', 'account_id', 'project_id', 'api_key_id', 'actor_id', 'team_id', 'model_id',
    'request_tags', 'usage_owner_key', 'charged_model_id', 'cost_basis', 'amount',
] -%}
with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}

),

matched as (

    select
        matches.*,
        {{ fine_money('billed.effective_cost') }} as amount
    from {{ ref('int_billed_costs_matched_to_usage') }} as matches
    inner join billed on matches.billed_cost_key = billed.billed_cost_key

),

parts as (

    {{ largest_remainder('matched', ['billed_cost_key'], 'part_key') }}

),

billed_pieces as (

    select
        billed.cost_date,
        billed.source,
        billed.provider,
        billed.account_id,
        coalesce(billed.project_id, parts.usage_project_id) as project_id,
        coalesce(billed.api_key_id, parts.api_key_id) as api_key_id,
        parts.actor_id,
        parts.team_id,
        coalesce(billed.model_id, parts.usage_model_id) as model_id,
        parts.request_tags,
        parts.usage_owner_key,
        billed.model_id as charged_model_id,
        'billed' as cost_basis,
        coalesce(parts.part_amount, {{ fine_money('billed.effective_cost') }}) as amount
    from billed
    left join parts on billed.billed_cost_key = parts.billed_cost_key
    where billed.metered_cost_key is null

),

metered_credits as (

    select
        {{ all_but(['metered_cost_key', 'metered_cost'], 'metered') }},
        {{ owner_key('metered') }} as usage_owner_key,
        metered.model_id as charged_model_id,
        'billed' as cost_basis,
        {{ fine_money('billed.effective_cost') }} as amount
    from billed
    inner join {{ ref('int_metered_costs_summed_by_day') }} as metered
        on billed.metered_cost_key = metered.metered_cost_key

),

metered_pieces as (

    select
        {{ all_but(['metered_cost_key', 'metered_cost'], 'metered') }},
        {{ owner_key('metered') }} as usage_owner_key,
        metered.model_id as charged_model_id,
        'metered' as cost_basis,
        metered.metered_cost as amount
    from {{ ref('int_metered_costs_summed_by_day') }} as metered

)

select
    {{ all_but(['amount'], 'pieces') }},
    {{ cost_owner_key('pieces') }} as owner_key,
    {{ fine_money('sum(amount)') }} as amount,
    {{ fine_money('sum(least(amount, 0))') }} as credit_amount
from (
    {% for piece in ['billed_pieces', 'metered_pieces', 'metered_credits'] -%}
    select {{ columns | join(', ') }}
    from {{ piece }}
    {% if not loop.last -%} union all {% endif %}
    {%- endfor %}
) as pieces
group by all
having sum(amount) <> 0
