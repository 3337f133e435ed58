{# Whether a posting that states no period may be for the service of this one: posted in its last week, or later. #}
{% macro may_be_for(posting_period, posting_date, period) -%}
    ({{ posting_period }} > {{ period }}
    or {{ posting_date }} > last_day(cast({{ period }} || '-01' as date)) - 7)
{%- endmacro %}
