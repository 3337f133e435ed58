with

prices as (

    select
        *,
        case
            when contract_price_per_million is not null
                then cast(contract_price_per_million * contract_rate as decimal(18, 6))
            when discount_ratio is not null
                then
                    cast(
                        list_unit_price_per_million * list_rate * cast(1 - discount_ratio as decimal(10, 9))
                        as decimal(18, 6)
                    )
            else cast(list_unit_price_per_million * list_rate as decimal(18, 6))
        end as contracted_price
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
