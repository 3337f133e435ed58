{# One row per usage row with the list price in force when it was used. No price: null cost and status unpriced, never zero, never the nearest name.
   Requests are known one by one at the gateway; aggregated usage takes the context tier of its mean request and says tier_estimated. #}
with

usage as (

    select * from {{ ref('int_usage_unioned') }}

),

prices as (

    select * from {{ ref('stg_prices__price_book') }}

),

tiered_models as (

    select distinct
        provider,
        model_id
    from prices
    where context_tier_start > 0

),

combinations as (

    select distinct
        provider, model_id, price_variant, token_class, billing_date, context_tier_start, is_aggregated
    from usage
    where token_class <> 'request'

),

price_in_force as (

    select
        combinations.*,
        max_by(prices.price_per_million, prices.context_tier_start) as price_per_million
    from combinations
    inner join prices
        on combinations.provider = prices.provider
        and combinations.model_id = prices.model_id
        and combinations.price_variant = prices.price_variant
        and combinations.token_class = prices.token_class
        and combinations.billing_date >= coalesce(prices.valid_from, date '0001-01-01')
        and combinations.billing_date < coalesce(prices.valid_to, date '9999-12-31')
        and (
            prices.context_tier_start = 0
            or combinations.context_tier_start > prices.context_tier_start
            or (
                not combinations.is_aggregated
                and combinations.context_tier_start = prices.context_tier_start
            )
        )
    group by all

),

priced as (

    select
        usage.*,
        tiered_models.model_id is not null and usage.is_aggregated as is_tier_estimated,
        case
            when usage.token_class = 'request' then cast(0 as decimal(18, 6))
            else coalesce(usage.stated_unit_price, price_in_force.price_per_million)
        end as list_unit_price_per_million
    from usage
    left join price_in_force
        on usage.provider = price_in_force.provider
        and usage.model_id = price_in_force.model_id
        and usage.price_variant = price_in_force.price_variant
        and usage.token_class = price_in_force.token_class
        and usage.billing_date = price_in_force.billing_date
        and usage.context_tier_start = price_in_force.context_tier_start
        and usage.is_aggregated = price_in_force.is_aggregated
    left join tiered_models
        on usage.provider = tiered_models.provider and usage.model_id = tiered_models.model_id

)

select
    *,
    {{ metered_cost('quantity', 'list_unit_price_per_million') }} as list_cost,
    case
        when token_class = 'request' then case when is_measured then 'priced' else 'unmeasured' end
        when list_unit_price_per_million is null then 'unpriced'
        when is_tier_estimated then 'tier_estimated'
        else 'priced'
    end as pricing_status
from priced
