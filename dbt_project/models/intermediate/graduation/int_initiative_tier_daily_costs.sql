{# One row per initiative, day and model: list cost, whether the model's tier is dearer than the initiative's complexity allows, and the same tokens at
   the reference model's price, with cache reads kept and with cache reads priced as uncached input (caches are lost on a switch). #}
with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted and token_class <> 'request' and rule_id is not null

),

weights as (

    select * from {{ ref('int_sharing_weights_by_day') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

model_tiers as (

    select * from {{ ref('int_model_tiers_matched') }}

),

complexity_tiers as (

    select complexity_tiers.complexity, tiers.tier_rank, tiers.reference_model
    from {{ ref('stg_registry__complexity_tiers') }} as complexity_tiers
    inner join {{ ref('stg_registry__model_tiers') }} as tiers on complexity_tiers.tier = tiers.tier

),

prices as (

    select * from {{ ref('stg_prices__price_book') }}
    where price_variant = 'standard' and context_tier_start = 0

),

owned as (

    select
        usage.initiative_id, usage.usage_date, usage.provider, usage.model_id, usage.token_class,
        sum(usage.quantity) as quantity, sum(usage.list_cost) as list_cost, cast(1 as double) as share_ratio
    from usage
    where usage.share_method is null and usage.initiative_id is not null
    group by all
    union all
    select
        weights.initiative_id, usage.usage_date, usage.provider, usage.model_id, usage.token_class,
        sum(usage.quantity), sum(usage.list_cost), weights.share_ratio
    from usage
    inner join weights on usage.rule_id = weights.rule_id and usage.usage_date = weights.shared_date
    where weights.initiative_id is not null
    group by all

),

judged as (

    select
        owned.*,
        model_tiers.tier,
        model_tiers.tier_rank,
        complexity_tiers.tier_rank as allowed_tier_rank,
        complexity_tiers.reference_model
    from owned
    inner join initiatives
        on owned.initiative_id = initiatives.initiative_id
        and owned.usage_date >= initiatives.effective_from
        and owned.usage_date < initiatives.effective_to
    left join model_tiers on owned.model_id = model_tiers.model_id
    left join complexity_tiers on initiatives.complexity = complexity_tiers.complexity

),

reference_prices as (

    select
        judged.*,
        {{ reference_price('judged.token_class') }} as same_price,
        {{ reference_price("case when judged.token_class = 'cache_read' then 'input_uncached' else judged.token_class end") }}
            as cache_lost_price
    from judged

)

select
    initiative_id,
    usage_date,
    provider,
    model_id,
    tier,
    tier_rank,
    allowed_tier_rank,
    tier_rank < allowed_tier_rank as is_higher_tier,
    {{ fine_money('sum(list_cost * cast(share_ratio as decimal(10, 9)))') }} as list_cost,
    {{ fine_money('sum(' ~ metered_cost('quantity', 'same_price') ~ ' * cast(share_ratio as decimal(10, 9)))') }} as counterfactual_same,
    {{ fine_money('sum(' ~ metered_cost('quantity', 'cache_lost_price') ~ ' * cast(share_ratio as decimal(10, 9)))') }}
        as counterfactual_cache_lost
from reference_prices
group by all
