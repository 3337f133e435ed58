with

usage as (

    select * from {{ ref('int_usage_summed_by_day') }}

),

keys as (

    select usage_key_id, price_key, owner_key, is_aggregated from {{ ref('int_usage_keys_numbered') }}

),

prices as (

    select * from {{ ref('int_prices_in_force') }}

),

owners as (

    select * from {{ ref('int_usage_owners_matched') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

joined as (

    select
        usage.*,
        coalesce(prices.has_context_tiers, false) and keys.is_aggregated as is_tier_estimated,
        case
            when usage.token_class = 'request' then cast(0 as decimal(18, 6))
            else coalesce(usage.stated_unit_price, prices.list_unit_price_per_million)
        end as list_unit_price_per_million,
        case
            when usage.token_class = 'request' or usage.stated_unit_price is not null
                then run_parameters.reporting_currency
            else prices.list_price_currency
        end as list_price_currency,
        case
            when usage.token_class = 'request' or usage.stated_unit_price is not null then cast(1 as decimal(38, 12))
            else prices.list_rate
        end as list_rate,
        prices.discount_ratio,
        prices.contract_price_per_million,
        prices.contract_rate,
        owners.rule_id,
        owners.share_method,
        owners.initiative_id,
        coalesce(owners.department_id, initiatives.department_id) as department_id
    from usage
    cross join run_parameters
    inner join keys on usage.usage_key_id = keys.usage_key_id
    left join prices
        on keys.price_key = prices.price_key
        and usage.token_class = prices.token_class
        and usage.context_tier_start = prices.context_tier_start
        and usage.billing_date = prices.billing_date
    left join owners
        on keys.owner_key = owners.owner_key
        and usage.usage_date >= owners.effective_from
        and usage.usage_date < owners.effective_to
    left join initiatives
        on owners.initiative_id = initiatives.initiative_id
        and usage.usage_date >= initiatives.effective_from
        and usage.usage_date < initiatives.effective_to

),

priced as (

    select
        *,
        {{ fine_money(metered_cost('quantity', 'list_unit_price_per_million') ~ ' * list_rate') }} as list_cost
    from joined

)

select
    usage_key_id,
    usage_date,
    billing_date,
    usage_start_at,
    context_tier_start,
    stated_unit_price,
    is_measured,
    token_class,
    unit,
    quantity,
    list_unit_price_per_million,
    list_price_currency,
    list_cost,
    case
        when contract_price_per_million is not null
            then {{ fine_money(metered_cost('quantity', 'contract_price_per_million') ~ ' * contract_rate') }}
        when discount_ratio is not null then {{ fine_money('list_cost * cast(1 - discount_ratio as decimal(10, 9))') }}
        else list_cost
    end as contracted_cost,
    case
        when token_class = 'request' then case when is_measured then 'priced' else 'unmeasured' end
        when list_cost is null then 'unpriced'
        when is_tier_estimated then 'tier_estimated'
        else 'priced'
    end as pricing_status,
    rule_id,
    share_method,
    initiative_id,
    department_id
from priced
