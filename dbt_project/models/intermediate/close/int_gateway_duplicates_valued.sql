{% set classes = token_classes('litellm') | map('first') | reject('equalto', 'request') | list -%}
with

removed as (

    select
        'removed' as outcome,
        provider,
        billing_date,
        model_id,
        context_tier_start,
        price_variant
        {%- for token_class in classes %},
        sum({{ token_class }}) as {{ token_class }}
        {%- endfor %}
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    where is_duplicate
    group by all

),

repeated as (

    select
        requests.*,
        billing_date > min(billing_date) over (partition by request_id) as is_counted_again
    from {{ ref('int_gateway_requests_on_several_days') }} as requests

),

repeated_summed as (

    select
        repeated.provider,
        repeated.billing_date,
        repeated.model_id,
        coalesce(context_tiers.context_tier_start, 0) as context_tier_start,
        {{ gateway_price_variant() }} as price_variant
        {%- for count in gateway_counts() %},
        coalesce(sum(repeated.{{ count }}), 0) as {{ count }}
        {%- endfor %}
    from repeated
    left join {{ ref('int_context_tiers') }} as context_tiers
        on repeated.provider = context_tiers.provider
        and repeated.model_id = context_tiers.model_id
        and repeated.prompt_tokens > context_tiers.context_tier_start
        and repeated.prompt_tokens <= context_tiers.last_prompt_tokens
    where repeated.is_counted_again and repeated.status = 'success' and repeated.is_served
    group by all

),

counted_again as (

    select
        'counted_again' as outcome,
        provider,
        billing_date,
        model_id,
        context_tier_start,
        price_variant,
        {{ gateway_classes() }}
    from repeated_summed

),

occurrences as (

    select outcome, provider, billing_date, model_id, context_tier_start, price_variant, {{ classes | join(', ') }}
    from removed
    union all
    select outcome, provider, billing_date, model_id, context_tier_start, price_variant, {{ classes | join(', ') }}
    from counted_again

),

by_class as (

    {% for token_class in classes -%}
    select
        outcome, provider, billing_date, model_id, context_tier_start, price_variant,
        '{{ token_class }}' as token_class,
        cast({{ token_class }} as bigint) as quantity
    from occurrences
    where {{ token_class }} is not null
    {% if not loop.last -%} union all {% endif -%}
    {%- endfor %}

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

in_force as (

    select
        by_class.outcome,
        by_class.provider,
        by_class.billing_date,
        by_class.model_id,
        by_class.context_tier_start,
        by_class.price_variant,
        by_class.token_class,
        by_class.quantity,
        max_by(prices.price_per_million, prices.context_tier_start) as price_per_million,
        max_by(prices.currency, prices.context_tier_start) as currency
    from by_class
    cross join run_parameters
    left join prices
        on by_class.provider = prices.provider
        and by_class.model_id = prices.model_id
        and by_class.token_class = prices.token_class
        and by_class.price_variant = prices.price_variant
        and by_class.context_tier_start >= prices.context_tier_start
        and {{ in_force('prices', on='by_class.billing_date') }}
    where by_class.billing_date <= run_parameters.as_of_date
    group by all

),

valued as (

    select
        in_force.outcome,
        in_force.provider,
        in_force.billing_date,
        case
            when in_force.price_per_million is not null then {{ fine_money(
                metered_cost('in_force.quantity', 'in_force.price_per_million') ~ ' * ('
                ~ reporting_rate('in_force.currency') ~ ')'
            ) }}
            else {{ fine_money(
                metered_cost('in_force.quantity', 'agreed.list_unit_price_per_million') ~ ' * agreed.list_rate'
            ) }}
        end as list_cost
    from in_force
    cross join run_parameters
    left join exchange_rates
        on in_force.currency = exchange_rates.currency and in_force.billing_date = exchange_rates.rate_date
    left join {{ ref('int_prices_in_force') }} as agreed
        on {{ integer_key(['in_force.provider', 'in_force.model_id', 'in_force.price_variant']) }} = agreed.price_key
        and in_force.token_class = agreed.token_class
        and in_force.context_tier_start = agreed.context_tier_start
        and in_force.billing_date = agreed.billing_date

)

select
    provider,
    {{ fiscal_period('billing_date') }} as fiscal_period,
    {{ fine_money("coalesce(sum(list_cost) filter (where outcome = 'removed'), 0)") }} as removed_cost,
    {{ fine_money("coalesce(sum(list_cost) filter (where outcome = 'counted_again'), 0)") }} as counted_again_cost
from valued
group by all
