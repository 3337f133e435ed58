with

prices as (

    select
        *,
        cast(
            case
                when contract_price_per_million is not null then contract_price_per_million * contract_rate
                when discount_ratio is not null
                    then list_unit_price_per_million * list_rate * cast(1 - discount_ratio as decimal(10, 9))
                else list_unit_price_per_million * list_rate
            end as decimal(18, 6)
        ) as contracted_price
    from {{ ref('int_prices_in_force') }}

)

select
    price_key,
    context_tier_start,
    billing_date
    {%- for token_class, unit in token_classes('litellm') if token_class != 'request' %},
    max(contracted_price) filter (where token_class = '{{ token_class }}') as {{ token_class }}_price
    {%- endfor %}
from prices
group by all
