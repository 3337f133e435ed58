{# The disjoint token classes that a source's usage has a column for, each with its unit. Request counts are a class
   of their own, so that sums never multiply them. #}
{% macro token_classes(source) -%}
    {%- set classes = {
        'openai': [
            'input_uncached', 'cache_read', 'cache_write_other', 'audio_input', 'audio_cache_read', 'image_input',
            'image_cache_read', 'output', 'audio_output', 'image_output', 'request',
        ],
        'anthropic': [
            'input_uncached', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'web_search', 'request',
        ],
        'litellm': [
            'input_uncached', 'cache_read', 'cache_write_other', 'cache_write_5m', 'cache_write_1h', 'audio_input',
            'audio_cache_read', 'image_input', 'image_cache_read', 'video_input', 'output', 'audio_output',
            'image_output', 'web_search', 'other_tools', 'request',
        ],
        'litellm_daily': ['input_uncached', 'cache_read', 'cache_write_other', 'output', 'request'],
        'openrouter': ['input_uncached', 'cache_read', 'output', 'request'],
        'merge_gateway': ['input_uncached', 'cache_read', 'output', 'request'],
    } -%}
    {%- set rows = [] -%}
    {%- for token_class in classes[source] -%}
        {%- set units = {'request': 'requests', 'web_search': 'searches', 'other_tools': 'uses'} -%}
        {%- set unit = units.get(token_class, 'tokens') -%}
        {%- do rows.append((token_class, unit)) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}

{# The token classes of the sources that report hours, each once. #}
{% macro hourly_token_classes() -%}
    {%- set rows = [] -%}
    {%- for source in ['openai', 'anthropic', 'litellm'] -%}
        {%- for row in token_classes(source) if row not in rows -%}
            {%- do rows.append(row) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}

{# Rows of usage hours (or days) with one column per class, summed by day. Where a source reports sums, the mean
   prompt of each of its rows chooses the context tier, before anything is summed: a day of many small requests never
   reaches the long-context price. `<class>_start_at` is the first hour in which the class was used. A class that a
   row contradicts (less than nothing left of a total) counts nothing there. #}
{% macro usage_classes_summed_by_day(relation, classes) -%}
    select
        {% for column in usage_key_columns() -%}
            placed.{{ column }},
        {% endfor -%}
        placed.usage_date,
        placed.billing_date,
        coalesce(tiers.context_tier_start, 0) as context_tier_start,
        true as is_measured,
        cast(null as decimal(18, 6)) as stated_unit_price
        {%- for token_class, unit in classes %},
        sum(placed.{{ token_class }}) filter (where placed.{{ token_class }} > 0) as {{ token_class }},
        min(placed.usage_start_at) filter (where placed.{{ token_class }} > 0) as {{ token_class }}_start_at
        {%- endfor %}
    from {{ relation }} as placed
    left join {{ ref('int_context_tiers') }} as tiers
        on placed.provider = tiers.provider
        and placed.model_id = tiers.model_id
        and placed.mean_prompt_tokens > tiers.context_tier_start
        and placed.mean_prompt_tokens <= tiers.last_prompt_tokens
    group by all
{%- endmacro %}

{# One row per day row and class with a positive quantity. #}
{% macro token_class_rows_by_day(relation, columns, classes) -%}
    {%- for token_class, unit in classes %}
    select
        {{ columns | join(',\n        ') }},
        {{ token_class }}_start_at as usage_start_at,
        '{{ token_class }}' as token_class,
        '{{ unit }}' as unit,
        cast({{ token_class }} as bigint) as quantity
    from {{ relation }}
    where {{ token_class }} > 0
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{# One row per hour row and class with a positive quantity. #}
{% macro token_class_rows_by_hour(relation, columns, classes) -%}
    {%- for token_class, unit in classes %}
    select
        usage_start_at,
        {{ columns | join(',\n        ') }},
        '{{ token_class }}' as token_class,
        '{{ unit }}' as unit,
        cast({{ token_class }} as bigint) as quantity
    from {{ relation }}
    where {{ token_class }} > 0
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
