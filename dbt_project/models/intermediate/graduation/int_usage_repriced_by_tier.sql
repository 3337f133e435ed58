with

usage as (

    select * from {{ ref('int_usage_attributed') }}
    where token_class <> 'request'

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

departments as (

    select * from {{ ref('int_departments_effective') }}

),

people as (

    select * from {{ ref('int_people_effective') }}

),

model_tiers as (

    select * from {{ ref('int_model_tiers_matched') }}

),

policy as (

    select policy_value as default_complexity
    from {{ ref('stg_registry__policy') }}
    where policy_key = 'default_complexity'

),

complexity_tiers as (

    select
        complexity_tiers.complexity, tiers.tier_rank, tiers.reference_model,
        {{ effective_bounds('tiers') }}
    from {{ ref('stg_registry__complexity_tiers') }} as complexity_tiers
    inner join {{ ref('stg_registry__model_tiers') }} as tiers on complexity_tiers.tier = tiers.tier

),

prices as (

    select
        provider, model_id, token_class, currency, valid_from, valid_to, price_per_million, is_maker
    from {{ ref('stg_prices__price_book') }}
    where price_variant = 'standard' and context_tier_start = 0

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

summed as (

    select
        usage_date, billing_date, initiative_id, department_id, actor_id, provider, model_id, token_class,
        sum(quantity) filter (where list_cost is not null) as quantity, sum(list_cost) as list_cost,
        bool_or(list_cost is null and quantity is distinct from 0) as has_unpriced
    from usage
    group by all

),

judged as (

    select
        summed.*,
        coalesce(people.function, departments.function) as function,
        model_tiers.tier,
        model_tiers.tier_rank,
        complexity_tiers.tier_rank as allowed_tier_rank,
        complexity_tiers.reference_model
    from summed
    left join initiatives
        on summed.initiative_id = initiatives.initiative_id
        and summed.usage_date >= initiatives.effective_from
        and summed.usage_date < initiatives.effective_to
    left join departments
        on summed.department_id = departments.department_id
        and summed.usage_date >= departments.effective_from
        and summed.usage_date < departments.effective_to
    left join people
        on summed.actor_id = people.actor_id
        and summed.usage_date >= people.effective_from
        and summed.usage_date < people.effective_to
    left join policy on true
    left join model_tiers on summed.model_id = model_tiers.model_id
    left join complexity_tiers
        on coalesce(initiatives.complexity, departments.default_complexity, policy.default_complexity)
        = complexity_tiers.complexity
        and summed.usage_date >= complexity_tiers.effective_from
        and summed.usage_date < complexity_tiers.effective_to

),

sold as (

    select
        judged.*,
        coalesce(served.provider, made.provider) as reference_provider,
        coalesce(served.currency, made.currency) as reference_currency,
        coalesce(served.price_per_million, made.price_per_million) as uncached_price
    from judged
    left join prices as served
        on judged.reference_model = served.model_id
        and judged.provider = served.provider
        and served.token_class = 'input_uncached'
        and {{ in_force('served', on='judged.billing_date') }}
    left join prices as made
        on judged.reference_model = made.model_id
        and made.is_maker
        and made.token_class = 'input_uncached'
        and {{ in_force('made', on='judged.billing_date') }}

),

referenced as (

    select
        sold.*,
        same.price_per_million as same_price,
        case when sold.token_class = 'cache_read' then sold.uncached_price else same.price_per_million end
            as cache_lost_price
    from sold
    left join prices as same
        on sold.reference_provider = same.provider
        and sold.reference_model = same.model_id
        and sold.token_class = same.token_class
        and {{ in_force('same', on='sold.billing_date') }}

),

priced as (

    select
        referenced.*,
        {{ reporting_rate('referenced.reference_currency') }} as rate
    from referenced
    cross join run_parameters
    left join exchange_rates
        on referenced.reference_currency = exchange_rates.currency
        and referenced.billing_date = exchange_rates.rate_date

),

counterfactual as (

    select
        *,
        rate is not null as is_reference_priced,
        {{ fine_money(metered_share_cost('quantity', 'same_price') ~ ' * rate') }} as same_cost,
        {{ fine_money(metered_share_cost('quantity', 'cache_lost_price') ~ ' * rate') }} as cache_lost_cost
    from priced

)

select
    usage_date,
    initiative_id,
    department_id,
    function,
    actor_id,
    provider,
    model_id,
    tier,
    tier_rank,
    allowed_tier_rank,
    tier_rank < allowed_tier_rank as is_higher_tier,
    {{ fine_money('sum(list_cost)') }} as list_cost,
    case when bool_and(is_reference_priced)
        then {{ fine_money('sum(coalesce(same_cost, list_cost, 0))') }}
    end as counterfactual_same,
    case when bool_and(is_reference_priced)
        then {{ fine_money('sum(coalesce(cache_lost_cost, list_cost, 0))') }}
    end as counterfactual_cache_lost,
    bool_or(has_unpriced) as has_unpriced
from counterfactual
group by all
