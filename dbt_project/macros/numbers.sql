{# Whole numbers of up to thirty-eight digits, in the words of each engine: `hugeint` and `//` in DuckDB,
   `decimal(38, 0)` in Spark, whose `div` wraps them to 64 bits without a word and is not used for them. #}

{% macro as_whole(expression) -%} {{ return(adapter.dispatch('as_whole')(expression)) }} {%- endmacro %}

{% macro duckdb__as_whole(expression) -%} cast({{ expression }} as hugeint) {%- endmacro %}

{% macro spark__as_whole(expression) -%} cast({{ expression }} as decimal(38, 0)) {%- endmacro %}

{# How often `divisor` goes into `number`, both whole and of 64 bits; towards zero. #}
{% macro quotient(number, divisor) -%} {{ return(adapter.dispatch('quotient')(number, divisor)) }} {%- endmacro %}

{% macro duckdb__quotient(number, divisor) -%} ({{ number }}) // ({{ divisor }}) {%- endmacro %}

{% macro spark__quotient(number, divisor) -%}
    (cast({{ number }} as bigint) div nullif(cast({{ divisor }} as bigint), 0))
{%- endmacro %}

{# The same for whole numbers of up to thirty-eight digits; null by zero. Spark gives a decimal quotient the more digits
   before its point, the fewer its divisor has: the divisor is taken in the narrowest type that holds it. #}
{% macro wide_quotient(number, divisor) -%}
    {{ return(adapter.dispatch('wide_quotient')(number, divisor)) }}
{%- endmacro %}

{% macro duckdb__wide_quotient(number, divisor) -%} ({{ number }}) // ({{ divisor }}) {%- endmacro %}

{% macro spark__wide_quotient(number, divisor) -%}
    {%- set whole = '(' ~ as_whole(number) ~ ' - ' ~ wide_remainder(number, divisor) ~ ')' -%}
    case
        {%- for digits in [10, 20] %}
        {%- set narrow = 'try_cast(' ~ as_whole(divisor) ~ ' as decimal(' ~ digits ~ ', 0))' %}
        when {{ narrow }} is not null then cast({{ whole }} / nullif({{ narrow }}, 0) as decimal(38, 0))
        {%- endfor %}
        else cast({{ whole }} / nullif({{ as_whole(divisor) }}, 0) as decimal(38, 0))
    end
{%- endmacro %}

{# The same where the quotient has at most twenty digits: then Spark needs no narrow divisor. #}
{% macro short_quotient(number, divisor) -%}
    {{ return(adapter.dispatch('short_quotient')(number, divisor)) }}
{%- endmacro %}

{% macro duckdb__short_quotient(number, divisor) -%} ({{ number }}) // ({{ divisor }}) {%- endmacro %}

{% macro spark__short_quotient(number, divisor) -%}
    cast(
        ({{ as_whole(number) }} - {{ wide_remainder(number, divisor) }}) / nullif({{ as_whole(divisor) }}, 0)
        as decimal(38, 0)
    )
{%- endmacro %}

{# A decimal without its fraction: towards zero. #}
{% macro whole_part(expression) -%} {{ return(adapter.dispatch('whole_part')(expression)) }} {%- endmacro %}

{% macro duckdb__whole_part(expression) -%} trunc({{ expression }}) {%- endmacro %}

{% macro spark__whole_part(expression) -%}
    case when {{ expression }} >= 0 then floor({{ expression }}) else ceil({{ expression }}) end
{%- endmacro %}

{# What is left of `number` when `divisor` is taken out as often as it goes; both as for wide_quotient. #}
{% macro wide_remainder(number, divisor) -%}
    {{ return(adapter.dispatch('wide_remainder')(number, divisor)) }}
{%- endmacro %}

{% macro duckdb__wide_remainder(number, divisor) -%} ({{ number }}) % ({{ divisor }}) {%- endmacro %}

{% macro spark__wide_remainder(number, divisor) -%}
    {{ as_whole(number) }} % nullif({{ as_whole(divisor) }}, 0)
{%- endmacro %}

{# How often `divisor` goes into `number` x `factor`, towards zero, and what is left: whole numbers whose product may have
   up to fifty digits. It is never formed: `divisor` is taken out of `number` first, and of `factor` the digits from the
   thirteenth on come before the twelve below them, as in long division. #}
{% macro product_quotient(number, factor, divisor) -%}
    (
        ({{ wide_quotient(number, divisor) }}) * ({{ factor }})
        + ({{ short_quotient(upper_product(number, factor, divisor), divisor) }}) * 1000000000000
        + ({{ short_quotient(lower_product(number, factor, divisor), divisor) }})
    )
{%- endmacro %}

{% macro product_remainder(number, factor, divisor) -%}
    ({{ wide_remainder(lower_product(number, factor, divisor), divisor) }})
{%- endmacro %}

{% macro upper_product(number, factor, divisor) -%}
    ({{ wide_remainder(number, divisor) }}) * ({{ short_quotient(factor, '1000000000000') }})
{%- endmacro %}

{% macro lower_product(number, factor, divisor) -%}
    ({{ wide_remainder(upper_product(number, factor, divisor), divisor) }}) * 1000000000000
    + ({{ wide_remainder(number, divisor) }}) * ({{ wide_remainder(factor, '1000000000000') }})
{%- endmacro %}
