{# Columns that a relation lacks beside another that it is united with: names and types. #}
{% macro nulls(columns) -%}
    {%- for column, type in columns.items() -%}
    cast(null as {{ type }}) as {{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# All columns but the named ones, of a relation or of everything selected from. #}
{% macro all_but(columns, relation=none) -%}
    {{ return(adapter.dispatch('all_but')(columns, relation)) }}
{%- endmacro %}

{% macro duckdb__all_but(columns, relation) -%}
    {{ relation ~ '.' if relation }}* exclude ({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__all_but(columns, relation) -%}
    {{ relation ~ '.' if relation }}* except ({{ columns | join(', ') }})
{%- endmacro %}

{# A column as a property file names it, "quoted" or not, in the quotes of the engine. #}
{% macro quoted_column(column) -%}
    {{ adapter.quote(column | replace('"', '')) if '"' in column else column }}
{%- endmacro %}
