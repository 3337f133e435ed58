with

duplicates as (

    select
        provider,
        billing_date,
        model_id,
        context_tier_start,
        sum(input_uncached) as input_uncached,
        sum(cache_read) as cache_read,
        sum(cache_write_other) as cache_write_other,
        sum(output) as output
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    where is_duplicate
    group by all

),

by_class as (

    unpivot duplicates
    on input_uncached, cache_read, cache_write_other, output
    into name token_class value quantity

),

prices as (

    select * from {{ ref('stg_prices__price_book') }}
    where price_variant = 'standard'

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    by_class.provider,
    strftime(by_class.billing_date, '%Y-%m') as fiscal_period,
    {{ fine_money('sum(' ~ metered_cost('by_class.quantity', 'prices.price_per_million') ~ ')') }} as removed_cost
from by_class
cross join run_parameters
inner join prices
    on by_class.provider = prices.provider
    and by_class.model_id = prices.model_id
    and by_class.token_class = prices.token_class
    and by_class.context_tier_start = prices.context_tier_start
    and by_class.billing_date >= coalesce(prices.valid_from, date '0001-01-01')
    and by_class.billing_date < coalesce(prices.valid_to, date '9999-12-31')
where by_class.billing_date <= run_parameters.as_of_date
group by all
