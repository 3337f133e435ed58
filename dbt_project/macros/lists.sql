{# Lists of SQL expressions, in the words of each engine. #}

{# One row per expression, in a column of its own. Stands alone as a column. #}
{% macro each_of(expressions) -%} {{ return(adapter.dispatch('each_of')(expressions)) }} {%- endmacro %}

{% macro duckdb__each_of(expressions) -%} unnest([{{ expressions | join(', ') }}]) {%- endmacro %}

{% macro spark__each_of(expressions) -%} explode(array({{ expressions | join(', ') }})) {%- endmacro %}

{# The texts of a group in order, with `between` between two of them; nulls are passed over. #}
{% macro joined_in_order(text, between) -%}
    {{ return(adapter.dispatch('joined_in_order')(text, between)) }}
{%- endmacro %}

{% macro duckdb__joined_in_order(text, between) -%}
    string_agg({{ text }}, {{ between }} order by {{ text }})
{%- endmacro %}

{% macro spark__joined_in_order(text, between) -%}
    string_agg({{ text }}, {{ between }}) within group (order by {{ text }})
{%- endmacro %}

{# One row per different expression that is not null. #}
{% macro each_filled(expressions) -%} {{ return(adapter.dispatch('each_filled')(expressions)) }} {%- endmacro %}

{% macro duckdb__each_filled(expressions) -%}
    unnest(list_distinct(list_filter([{{ expressions | join(', ') }}], lambda one: one is not null)))
{%- endmacro %}

{% macro spark__each_filled(expressions) -%}
    explode(array_distinct(filter(array({{ expressions | join(', ') }}), one -> one is not null)))
{%- endmacro %}
