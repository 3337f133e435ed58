{# The list price, on the day of use, of the reference model of the dearest tier that an initiative's complexity allows. #}
{% macro reference_price(token_class) -%}
    (
        select max(prices.price_per_million)
        from prices
        where prices.model_id = judged.reference_model
            and prices.token_class = {{ token_class }}
            and judged.usage_date >= coalesce(prices.valid_from, date '0001-01-01')
            and judged.usage_date < coalesce(prices.valid_to, date '9999-12-31')
    )
{%- endmacro %}
