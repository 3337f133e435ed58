with

usage as (

    select * from {{ ref('int_usage_summed_by_day') }}
    where token_class <> 'request'

),

keys as (

    select * from {{ ref('int_usage_keys_numbered') }}

),

prices as (

    select
        {{ all_but(['valid_from', 'valid_to']) }},
        {{ effective_bounds() }}
    from {{ ref('stg_prices__price_book') }}

),

contracts as (

    select
        {{ all_but(['valid_from', 'valid_to']) }},
        {{ effective_bounds() }}
    from {{ ref('stg_registry__contracts') }}
    where kind in ('discount', 'price')

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

tiered_models as (

    select distinct provider, model_id from {{ ref('int_context_tiers') }}

),

price_keys as (

    select distinct price_key, provider, model_id, price_variant from keys

),

days as (

    select distinct keys.price_key, usage.token_class, usage.context_tier_start, usage.billing_date
    from usage
    inner join keys on usage.usage_key_id = keys.usage_key_id

),

combinations as (

    select days.*, price_keys.provider, price_keys.model_id, price_keys.price_variant
    from days
    inner join price_keys on days.price_key = price_keys.price_key

),

list_prices as (

    select
        combinations.price_key,
        combinations.token_class,
        combinations.context_tier_start,
        combinations.billing_date,
        max_by(prices.price_per_million, prices.context_tier_start) as list_unit_price_per_million,
        max_by(prices.currency, prices.context_tier_start) as list_price_currency
    from combinations
    inner join prices
        on combinations.provider = prices.provider
        and combinations.model_id = prices.model_id
        and combinations.price_variant = prices.price_variant
        and combinations.token_class = prices.token_class
        and combinations.billing_date >= prices.effective_from
        and combinations.billing_date < prices.effective_to
        and combinations.context_tier_start >= prices.context_tier_start
    group by all

),

terms as (

    select
        combinations.price_key,
        combinations.token_class,
        combinations.context_tier_start,
        combinations.billing_date,
        max(contracts.discount_ratio) filter (where contracts.kind = 'discount') as discount_ratio,
        min(contracts.price_per_million) filter (
            where contracts.kind = 'price' and contracts.token_class = combinations.token_class
        ) as contract_price_per_million,
        min_by(contracts.currency, contracts.price_per_million) filter (
            where contracts.kind = 'price' and contracts.token_class = combinations.token_class
        ) as contract_price_currency
    from combinations
    inner join contracts
        on combinations.provider = contracts.provider
        and {{ names_model("coalesce(combinations.model_id, '')", "coalesce(contracts.model_pattern, '.*')") }}
        and combinations.billing_date >= contracts.effective_from
        and combinations.billing_date < contracts.effective_to
    group by all

),

joined as (

    select
        combinations.price_key,
        combinations.token_class,
        combinations.context_tier_start,
        combinations.billing_date,
        -- what no list prices is worth what was agreed for it
        coalesce(
            list_prices.list_unit_price_per_million, cast(terms.contract_price_per_million as decimal(18, 6))
        ) as list_unit_price_per_million,
        case
            when list_prices.list_unit_price_per_million is not null then list_prices.list_price_currency
            else terms.contract_price_currency
        end as list_price_currency,
        tiered_models.model_id is not null as has_context_tiers,
        terms.discount_ratio,
        terms.contract_price_per_million,
        terms.contract_price_currency
    from combinations
    left join list_prices
        on combinations.price_key = list_prices.price_key
        and combinations.token_class = list_prices.token_class
        and combinations.context_tier_start = list_prices.context_tier_start
        and combinations.billing_date = list_prices.billing_date
    left join terms
        on combinations.price_key = terms.price_key
        and combinations.token_class = terms.token_class
        and combinations.context_tier_start = terms.context_tier_start
        and combinations.billing_date = terms.billing_date
    left join tiered_models
        on combinations.provider = tiered_models.provider and combinations.model_id = tiered_models.model_id

)

select
    joined.price_key,
    joined.token_class,
    joined.context_tier_start,
    joined.billing_date,
    joined.list_unit_price_per_million,
    joined.list_price_currency,
    {{ reporting_rate('joined.list_price_currency', rates='list_rates') }} as list_rate,
    joined.has_context_tiers,
    joined.discount_ratio,
    joined.contract_price_per_million,
    {{ reporting_rate('joined.contract_price_currency', rates='contract_rates') }} as contract_rate
from joined
cross join run_parameters
left join exchange_rates as list_rates
    on joined.list_price_currency = list_rates.currency and joined.billing_date = list_rates.rate_date
left join exchange_rates as contract_rates
    on joined.contract_price_currency = contract_rates.currency and joined.billing_date = contract_rates.rate_date
