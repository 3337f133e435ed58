{# Recognition of language-model usage on cloud bills: the model, the token class and the unit that a meter name
   spells. #}

{#- USE1-Claude4.6Sonnet-cache-read-input-token-count -> Claude4.6Sonnet; null where the meter names no token type. -#}
{% macro focus_model(meter) -%}
    nullif(
        regexp_extract(
            {{ meter }},
            '^(?:[A-Z]{2,5}[0-9]-)?(.+?)-(?:cache-read-input|cache-write-input|input|output)-token(?:s|-count)',
            1
        ),
        ''
    )
{%- endmacro %}

{% macro focus_token_class(meter) -%}
    case
        when regexp_matches(lower({{ meter }}), 'cache[- ]read.*token') then 'cache_read'
        when regexp_matches(lower({{ meter }}), 'cache[- ]write.*token') then 'cache_write_other'
        when regexp_matches(lower({{ meter }}), 'input.*token') then 'input_uncached'
        when regexp_matches(lower({{ meter }}), 'output.*token') then 'output'
    end
{%- endmacro %}

{% macro focus_unit_tokens(unit) -%}
    case
        when regexp_matches(lower({{ unit }}), '^1k tokens?$|^1000 tokens?$|^k tokens?$') then 1000
        when regexp_matches(lower({{ unit }}), '^1m tokens?$|^1000000 tokens?$') then 1000000
        when regexp_matches(lower({{ unit }}), '^tokens?$') then 1
    end
{%- endmacro %}
