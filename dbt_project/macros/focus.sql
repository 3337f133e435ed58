{# Recognition of language-model usage on cloud bills: the model, the token class and the unit that a meter name
   spells. #}

{#- USE1-Claude4.6Sonnet-cache-read-input-token-count -> Claude4.6Sonnet; null where the meter names no token type. -#}
{% macro focus_model(meter) -%}
    nullif(
        {{ text_extract(
            meter,
            "'^(?:[A-Z]{2,5}[0-9]-)?(.+?)-(?:cache-read-input|cache-write-input|input|output)-token(?:s|-count)'", 1
        ) }},
        ''
    )
{%- endmacro %}

{% macro focus_token_class(meter) -%}
    case
        when {{ text_matches('lower(' ~ meter ~ ')', "'cache[- ]read.*token'") }} then 'cache_read'
        when {{ text_matches('lower(' ~ meter ~ ')', "'cache[- ]write.*token'") }} then 'cache_write_other'
        when {{ text_matches('lower(' ~ meter ~ ')', "'input.*token'") }} then 'input_uncached'
        when {{ text_matches('lower(' ~ meter ~ ')', "'output.*token'") }} then 'output'
    end
{%- endmacro %}

{% macro focus_unit_tokens(unit) -%}
    case
        when {{ text_matches('lower(' ~ unit ~ ')', "'^1k tokens?$|^1000 tokens?$|^k tokens?$'") }} then 1000
        when {{ text_matches('lower(' ~ unit ~ ')', "'^1m tokens?$|^1000000 tokens?$'") }} then 1000000
        when {{ text_matches('lower(' ~ unit ~ ')', "'^tokens?$'") }} then 1
    end
{%- endmacro %}

{#- Whether who sells or publishes a service makes models or sells nothing but their use. -#}
{% macro is_model_maker(name) -%}
    coalesce({{ text_matches(
        'lower(' ~ name ~ ')',
        "'^(openai|anthropic|mistral|cohere|deepseek|xai|x-ai|ai21|stability ai|perplexity|moonshot|openrouter|groq|'
        || 'together ai|fireworks|hugging ?face|black forest labs|voyage ai|elevenlabs|deepgram|assemblyai|cerebras|'
        || 'sambanova|z\\.ai|zhipu|minimax|twelvelabs|luma ai|writer)\\b'"
    ) }}, false)
{%- endmacro %}

{#- Whether the description of a charge that names no service speaks of a cloud's other services. -#}
{% macro is_other_cloud_service(description) -%}
    coalesce({{ text_matches(
        'lower(' ~ description ~ ')',
        "'\\b(ec2|s3|rds|ebs|vpc|nat gateway|vms?|virtual machines?|(blob|block|cloud|file|object) storage|snapshots?|'
        || 'managed disks?|bandwidth|data transfer|egress|load balanc\\w*|kubernetes|dns|vpn|firewall|bigquery|cdn)\\b'"
    ) }} and not {{ text_matches(
        'lower(' ~ description ~ ')', "'model|token|claude|gpt|gemini|llama|inference|\\bai\\b'"
    ) }}, false)
{%- endmacro %}

{#- What one day has of an amount over `period_days` days: even parts in units of 10^-9 (`unit='whole'`: of one), the
    units left over one each to the first days. -#}
{% macro part_of_days(amount, unit='nano') -%}
    {%- set scale = '1000000000' if unit == 'nano' else '1' -%}
    {%- set units = as_whole(whole_part('abs(' ~ amount ~ ') * cast(' ~ scale ~ ' as decimal(10, 0))')) -%}
    cast(
        case when {{ amount }} < 0 then -1 else 1 end
        * cast(
            {{ wide_quotient(units, 'period_days') }}
            + case when day_number <= {{ units }} % period_days then 1 else 0 end
            as decimal(28, 0)
        )
        * cast({{ '0.000000001' if unit == 'nano' else '1' }} as decimal(10, 9)) as decimal(38, 9)
    )
{%- endmacro %}
