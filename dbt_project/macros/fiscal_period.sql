{# The month of a date as accounting names it: 2026-07. #}
{% macro fiscal_period(date) -%} {{ return(adapter.dispatch('fiscal_period')(date)) }} {%- endmacro %}

{% macro duckdb__fiscal_period(date) -%} strftime({{ date }}, '%Y-%m') {%- endmacro %}

{% macro spark__fiscal_period(date) -%} date_format({{ date }}, 'yyyy-MM') {%- endmacro %}
