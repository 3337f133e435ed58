with

usage as (

    select
        *,
        case
            when token_class like 'audio_%' then 'audio_input'
            when token_class like 'image_%' then 'image_input'
            else 'input_uncached'
        end as uncached_class,
        token_class like '%cache_read' as is_read,
        token_class like '%cache_read' or token_class like '%cache_write%' as is_cached
    from {{ ref('int_usage_attributed') }}
    where unit = 'tokens' and token_class not like '%output'

),

prices as (

    select * from {{ ref('stg_prices__price_book') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

summed as (

    select
        usage_date, billing_date, provider, model_id, initiative_id, department_id, price_variant, context_tier_start,
        uncached_class, is_read, is_cached,
        sum(quantity) as quantity,
        sum(list_cost) as list_cost,
        bool_or(list_cost is null and quantity <> 0) as is_unpriced
    from usage
    group by all

),

priced_combinations as (

    select distinct provider, model_id, price_variant, uncached_class, context_tier_start, billing_date
    from summed
    where is_cached

),

uncached_prices as (

    select
        priced_combinations.*,
        max_by(prices.price_per_million, prices.context_tier_start) as price_per_million,
        max_by(prices.currency, prices.context_tier_start) as currency
    from priced_combinations
    inner join prices
        on priced_combinations.provider = prices.provider
        and priced_combinations.model_id = prices.model_id
        and priced_combinations.price_variant = prices.price_variant
        and priced_combinations.uncached_class = prices.token_class
        and priced_combinations.context_tier_start >= prices.context_tier_start
        and {{ in_force('prices', on='priced_combinations.billing_date') }}
    group by all

),

rated as (

    select
        uncached_prices.*,
        {{ reporting_rate('uncached_prices.currency') }} as rate
    from uncached_prices
    cross join run_parameters
    left join exchange_rates
        on uncached_prices.currency = exchange_rates.currency
        and uncached_prices.billing_date = exchange_rates.rate_date

),

compared as (

    select
        summed.*,
        case
            when not summed.is_cached or summed.quantity = 0 then coalesce(summed.list_cost, 0)
            else {{ fine_money(metered_share_cost('summed.quantity', 'rated.price_per_million') ~ ' * rated.rate') }}
        end as uncached_cost
    from summed
    left join rated
        on summed.is_cached
        and summed.provider = rated.provider
        and summed.model_id = rated.model_id
        and summed.price_variant = rated.price_variant
        and summed.uncached_class = rated.uncached_class
        and summed.context_tier_start = rated.context_tier_start
        and summed.billing_date = rated.billing_date

)

select
    usage_date,
    provider,
    model_id,
    initiative_id,
    department_id,
    {{ money('sum(quantity)') }} as input_tokens,
    {{ money('coalesce(sum(quantity) filter (where is_read), 0)') }} as cache_read_tokens,
    {{ money('coalesce(sum(quantity) filter (where is_cached and not is_read), 0)') }} as cache_write_tokens,
    {{ fine_money('coalesce(sum(list_cost), 0)') }} as input_list_cost,
    case when not coalesce(bool_or(is_cached and quantity <> 0 and (is_unpriced or uncached_cost is null)), false)
        then {{ fine_money('coalesce(sum(uncached_cost), 0)') }}
    end as uncached_list_cost,
    case when not coalesce(bool_or(is_read and quantity <> 0 and (is_unpriced or uncached_cost is null)), false)
        then {{ fine_money('coalesce(sum(uncached_cost - coalesce(list_cost, 0)) filter (where is_read), 0)') }}
    end as read_saving
from compared
group by all
