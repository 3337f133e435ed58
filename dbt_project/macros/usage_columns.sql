{# The dimensions that every usage row carries, whatever its source, before it is priced and owned. #}
{% macro usage_columns() -%}
    {{ return([
        'usage_start_at', 'usage_date', 'billing_date', 'source', 'provider', 'account_id', 'project_id', 'api_key_id',
        'actor_id', 'team_id', 'model_id', 'request_tags', 'service_tier', 'price_variant', 'context_tier_start',
        'is_measured', 'is_aggregated', 'stated_unit_price',
    ]) }}
{%- endmacro %}
