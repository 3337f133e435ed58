{% set sources = [
    ('openai', 'int_openai_usage_placed'),
    ('anthropic', 'int_anthropic_usage_placed'),
    ('openrouter', 'int_openrouter_usage_placed'),
    ('merge_gateway', 'int_merge_gateway_usage_placed'),
    ('litellm_daily', 'int_gateway_daily_usage_placed'),
] %}
with

{% for source, model in sources -%}
{{ model }}_summed as (

    {{ usage_classes_summed_by_day(ref(model), token_classes(source)) }}

),

{% endfor -%}
usage as (

    {% for source, model in sources -%}
    {{ token_class_rows_by_day(model ~ '_summed', usage_day_columns(), token_classes(source)) }}
    union all
    {% endfor -%}
    select {{ (usage_day_columns() + ['usage_start_at', 'token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_openai_other_usage_split_by_class') }}
    union all
    select {{ (usage_day_columns() + ['usage_start_at', 'token_class', 'unit', 'quantity']) | join(', ') }}
    from {{ ref('int_cloud_usage_split_by_class') }}

)

select
    {{ integer_key(usage_key_columns()) }} as usage_key_id,
    *
from usage
