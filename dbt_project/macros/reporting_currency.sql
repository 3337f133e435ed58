{#- The currency in which this run reports, as a column. -#}
{% macro reporting_currency() -%}
    (select reporting_currency from {{ ref('stg_run__parameters') }})
{%- endmacro %}
