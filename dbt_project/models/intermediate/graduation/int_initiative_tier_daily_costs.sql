select
    initiative_id,
    usage_date,
    provider,
    model_id,
    tier,
    tier_rank,
    allowed_tier_rank,
    is_higher_tier,
    case when not bool_or(has_unpriced) then {{ fine_money('sum(list_cost)') }} end as list_cost,
    {{ fine_money('sum(counterfactual_same)') }} as counterfactual_same,
    {{ fine_money('sum(counterfactual_cache_lost)') }} as counterfactual_cache_lost
from {{ ref('int_usage_repriced_by_tier') }}
where initiative_id is not null
group by all
