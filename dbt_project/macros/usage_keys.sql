{# What tells usage apart besides its day, token class, context tier and stated price: the columns of
   int_usage_keys_numbered. #}
{% macro usage_key_columns() -%}
    {{ return([
        'source', 'provider', 'gateway_provider', 'account_id', 'project_id', 'api_key_id', 'actor_id', 'team_id',
        'model_id', 'request_tags',
        'service_tier', 'price_variant', 'is_aggregated',
    ]) }}
{%- endmacro %}

{# The columns of a day of usage before it is priced and owned, its token classes aside. #}
{% macro usage_day_columns() -%}
    {{ return(usage_key_columns() + ['usage_date', 'billing_date', 'context_tier_start', 'is_measured',
    'stated_unit_price']) }}
{%- endmacro %}

{# The published columns of an hour of usage, its hour and token class aside. #}
{% macro hourly_usage_columns() -%}
    {{ return([
        'usage_date', 'billing_date', 'source', 'provider', 'gateway_provider', 'account_id', 'project_id',
        'api_key_id', 'actor_id', 'team_id', 'model_id', 'service_tier',
    ]) }}
{%- endmacro %}

{# A whole number that stands for a combination of values, nulls included: 64 bits, the same in every run, so that a
   table built day by day needs no counter. That no two combinations share a number is tested where the keys are
   listed. #}
{% macro integer_key(columns) -%}
    {{ hash_of(columns) }}
{%- endmacro %}

{# The words that a number of int_usage_keys_numbered stands for, in one text. #}
{% macro usage_key_text(relation) -%}
    concat_ws(
        chr(31)
        {%- for column in usage_key_columns() %},
        coalesce(cast({{ relation }}.{{ column }} as string), chr(30))
        {%- endfor %}
    )
{%- endmacro %}

{# The published key of a row of usage: of its own words, not of the number that stands for them, which another version of
   DuckDB hashes anew; closed periods keep the key that they were frozen with. #}
{% macro usage_row_key(usage) -%}
    md5(concat_ws(
        chr(31),
        {{ usage }}.usage_key_text,
        cast({{ usage }}.usage_date as string),
        cast({{ usage }}.billing_date as string),
        {{ usage }}.token_class,
        {{ usage }}.unit,
        cast({{ usage }}.context_tier_start as string),
        cast({{ usage }}.is_measured as string),
        coalesce(cast({{ usage }}.stated_unit_price as string), '')
    ))
{%- endmacro %}
