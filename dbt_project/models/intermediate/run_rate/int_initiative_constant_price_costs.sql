with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted and token_class <> 'request' and rule_id is not null

),

weights as (

    select * from {{ ref('int_sharing_weights_by_day') }}

),

first_prices as (

    select
        provider,
        model_id,
        price_variant,
        token_class,
        min_by(list_unit_price_per_million, usage_start_at) as price_per_million
    from usage
    where list_unit_price_per_million is not null
    group by all

),

valued as (

    select
        usage.usage_date,
        usage.rule_id,
        usage.share_method,
        usage.initiative_id,
        case when count(*) filter (where first_prices.price_per_million is null and usage.quantity <> 0) = 0
            then {{ fine_money('sum(' ~ metered_cost('usage.quantity', 'first_prices.price_per_million') ~ ')') }}
        end as constant_price_cost
    from usage
    left join first_prices
        on usage.provider = first_prices.provider
        and usage.model_id = first_prices.model_id
        and usage.price_variant = first_prices.price_variant
        and usage.token_class = first_prices.token_class
    group by all

),

shared as (

    select
        valued.usage_date,
        weights.initiative_id,
        {{ fine_money('valued.constant_price_cost * cast(weights.share_ratio as decimal(10, 9))') }}
            as constant_price_cost
    from valued
    inner join weights
        on valued.rule_id = weights.rule_id and valued.usage_date = weights.shared_date
    where valued.share_method in ('fixed', 'even') and weights.initiative_id is not null

),

combined as (

    select usage_date, initiative_id, constant_price_cost
    from valued
    where share_method is null and initiative_id is not null
    union all
    select usage_date, initiative_id, constant_price_cost
    from shared

)

select
    initiative_id,
    usage_date,
    case when count(constant_price_cost) = count(*) then {{ fine_money('sum(constant_price_cost)') }} end
        as constant_price_cost
from combined
group by initiative_id, usage_date
