{# Exact money. Two scales: billed and ledger amounts carry nine decimals, metered cost (tokens x price per million x
   10^-6) twelve. No decimal is ever divided: `/` gives DOUBLE in DuckDB and rounds differently in Spark. #}
{% macro money(expression) -%} cast({{ expression }} as decimal(38, 9)) {%- endmacro %}

{% macro fine_money(expression) -%} cast({{ expression }} as decimal(38, 12)) {%- endmacro %}

{#- Tokens x price per million x 10^-6: twelve decimals, exact, no rounding. DuckDB keeps a product of two decimals of at
    most eighteen digits in eighteen, and fails where it has more: one side is always wider. -#}
{% macro metered_cost(quantity, price_per_million) -%}
    cast(
        cast({{ quantity }} as decimal(19, 0)) * cast(0.000001 as decimal(7, 6))
        * cast({{ price_per_million }} as decimal(18, 6))
        as decimal(38, 12)
    )
{%- endmacro %}

{#- The same for a share of tokens, which has nine decimals: rounded at the twelfth. -#}
{% macro metered_share_cost(quantity, price_per_million) -%}
    cast(
        cast({{ quantity }} as decimal(38, 9)) * cast(0.000001 as decimal(7, 6))
        * cast({{ price_per_million }} as decimal(18, 6))
        as decimal(38, 12)
    )
{%- endmacro %}

{#- A decimal of up to eighteen places rounded to nine, half to even: once, at staging. -#}
{% macro round_half_even(expression) -%}
    case
        when
            abs(cast({{ expression }} as decimal(38, 9)) - cast({{ expression }} as decimal(38, 18)))
            = cast(0.0000000005 as decimal(10, 10))
            and {{ as_whole(
                'cast(' ~ expression ~ ' as decimal(38, 9)) * cast(1000000000 as decimal(10, 0))'
            ) }} % 2 <> 0
            then
                cast({{ expression }} as decimal(38, 9))
                - case
                    when cast({{ expression }} as decimal(38, 18)) > 0 then cast(0.000000001 as decimal(10, 9))
                    else cast(-0.000000001 as decimal(10, 9))
                end
        else cast({{ expression }} as decimal(38, 9))
    end
{%- endmacro %}

{#- An amount of up to twenty-one places rounded down to nine: what is written to a gateway is never more than was meant. -#}
{% macro rounded_down(expression) -%}
    cast(
        cast({{ expression }} as decimal(38, 9))
        - case
            when cast({{ expression }} as decimal(38, 9)) > {{ expression }} then cast(0.000000001 as decimal(10, 9))
            else cast(0 as decimal(10, 9))
        end as decimal(38, 9)
    )
{%- endmacro %}

{#- Amount as a whole number of 10^-9 units, and back: the integers that largest-remainder splits work on. -#}
{% macro to_nano(expression) -%}
    {{ as_whole(whole_part(expression ~ ' * cast(1000000000 as decimal(19, 0))')) }}
{%- endmacro %}

{% macro from_nano(expression) -%}
    cast(cast({{ expression }} as decimal(29, 0)) * cast(0.000000001 as decimal(9, 9)) as decimal(38, 9))
{%- endmacro %}

{#- A weight with twelve decimals as a whole number; in two steps, since the first keeps the decimals of the weight. -#}
{% macro to_pico(expression) -%}
    {{ as_whole(
        'cast(abs(' ~ expression ~ ') * cast(1000000 as decimal(19, 0)) as decimal(38, 6))'
        ~ ' * cast(1000000 as decimal(7, 0))'
    ) }}
{%- endmacro %}

{#- Amount in whole minor units of the reporting currency, rounded half to even at the ninth decimal's precision, and
    back from units of 10^-9. How many digits the currency has is the run's to know. -#}
{% macro to_minor_units(expression, parameters='run_parameters') -%}
    {{ as_whole(
        round_half_even(
            'cast(' ~ expression ~ ' as decimal(38, 12)) * case ' ~ parameters ~ '.minor_unit_digits'
            ~ ' when 0 then cast(0.000000001 as decimal(9, 9))'
            ~ ' when 2 then cast(0.0000001 as decimal(9, 9))'
            ~ ' when 3 then cast(0.000001 as decimal(9, 9)) end'
        ) ~ ' * cast(1000000000 as decimal(10, 0))'
    ) }}
{%- endmacro %}

{% macro from_minor_units(expression, parameters='run_parameters') -%}
    {{ expression }} * case {{ parameters }}.minor_unit_digits
        when 0 then cast(1000000000 as decimal(19, 0))
        when 2 then cast(10000000 as decimal(19, 0))
        when 3 then cast(1000000 as decimal(19, 0))
    end
{%- endmacro %}

{#- The smallest amount of the reporting currency that can be posted. -#}
{% macro minor_unit(parameters='run_parameters') -%}
    case {{ parameters }}.minor_unit_digits
        when 0 then cast(1 as decimal(4, 3))
        when 2 then cast(0.01 as decimal(4, 3))
        when 3 then cast(0.001 as decimal(4, 3))
    end
{%- endmacro %}

{#- Money over a quantity, exact to twelve decimals, by whole-number division; null when the quantity is zero or
    null. -#}
{% macro cost_per(cost, quantity) -%}
    {%- set units, total = to_pico(cost), as_whole(quantity ~ ' * cast(1000000000 as decimal(19, 0))') -%}
    case
        when {{ quantity }} > 0
            then cast(
                cast(
                    ({{ wide_quotient(units, total) }}) * 1000000000
                    + ({{ short_quotient('(' ~ wide_remainder(units, total) ~ ') * 1000000000', total) }})
                    as decimal(38, 0)
                ) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
            ) * case when {{ cost }} < 0 then -1 else 1 end
    end
{%- endmacro %}

{#- The part of an amount that `part` is of `whole`, exact to twelve decimals by whole-number division; the amount
    itself when part equals whole. -#}
{% macro portion_of(amount, part, whole) -%}
    case
        when {{ amount }} = {{ whole }} then {{ fine_money(part) }}
        when {{ part }} = {{ whole }} then {{ fine_money(amount) }}
        else case when {{ amount }} < 0 then -1 else 1 end * cast(
            cast({{ product_quotient(to_pico(amount), to_nano(part), to_nano(whole)) }} as decimal(38, 0))
            * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
        )
    end
{%- endmacro %}
