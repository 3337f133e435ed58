{# The right-sizing audit of one kind of owner: spend on tiers dearer than the work needs, and its counterfactual
   range at the reference model. Low saving: cache reads lost and 30 % more tokens; high saving: the same tokens less
   10 %; never below zero; null where the reference model has no price. #}
{% macro right_sizing_mart(entity_column) %}
with

judged as (

    select * from {{ ref('int_usage_repriced_by_tier') }}
    where {{ entity_column }} is not null

),

months as (

    select
        {{ fiscal_period('usage_date') }} as fiscal_period,
        {{ entity_column }},
        coalesce(sum(list_cost), 0) as actual_cost,
        coalesce(sum(list_cost) filter (where is_higher_tier), 0) as higher_tier_cost,
        case when not coalesce(bool_or(is_higher_tier and counterfactual_same is null), false)
            then coalesce(sum(counterfactual_same) filter (where is_higher_tier), 0) * cast(0.9 as decimal(2, 1))
        end as counterfactual_low,
        case when not coalesce(bool_or(is_higher_tier and counterfactual_cache_lost is null), false)
            then coalesce(sum(counterfactual_cache_lost) filter (where is_higher_tier), 0) * cast(1.3 as decimal(2, 1))
        end as counterfactual_high
    from judged
    group by all

)

select
    months.fiscal_period,
    months.{{ entity_column }},
    {{ fine_money('months.actual_cost') }} as actual_cost,
    {{ fine_money('months.higher_tier_cost') }} as higher_tier_cost,
    {{ fine_money('months.counterfactual_low') }} as counterfactual_low,
    {{ fine_money('months.counterfactual_high') }} as counterfactual_high,
    case when months.counterfactual_high is not null
        then {{ fine_money('greatest(months.higher_tier_cost - months.counterfactual_high, 0)') }}
    end as saving_low,
    case when months.counterfactual_low is not null
        then {{ fine_money('greatest(months.higher_tier_cost - months.counterfactual_low, 0)') }}
    end as saving_high,
    {{ reporting_currency() }} as reporting_currency
from months
{% endmacro %}
