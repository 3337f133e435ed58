{# A whole number of 64 bits that stands for values, nulls included: the same in every run of one engine, another in the
   other. Nothing that is published is made of it. #}
{% macro hash_of(columns) -%} {{ return(adapter.dispatch('hash_of')(columns)) }} {%- endmacro %}

{% macro duckdb__hash_of(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}

{#- Spark passes nulls over, as if there were no such column. -#}
{% macro spark__hash_of(columns) -%}
    xxhash64(
        {%- for column in columns -%}
        coalesce(cast({{ column }} as string), chr(30)){{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
