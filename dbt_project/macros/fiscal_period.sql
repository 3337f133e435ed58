{# The month of a date as accounting names it: 2026-07. #}
{% macro fiscal_period(date) -%}
    strftime({{ date }}, '%Y-%m')
{%- endmacro %}
