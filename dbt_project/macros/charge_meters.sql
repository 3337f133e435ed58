{# What a provider's line item meters, in the warehouse's token classes and in the words of the FOCUS specification. #}

{#- 'gpt-6, batch cached input', 'cache_read_input_tokens', 'Claude input tokens' -> the token class; null: no token
    class is named. -#}
{% macro charge_token_class(line_item) -%}
    case
        when {{ text_matches('lower(' ~ line_item ~ ')', "'web[ _]search'") }} then 'web_search'
        when {{ text_matches('lower(' ~ line_item ~ ')', "'audio|image'") }} then null
        when {{ text_matches('lower(' ~ line_item ~ ')', "'ephemeral_5m'") }} then 'cache_write_5m'
        when {{ text_matches('lower(' ~ line_item ~ ')', "'ephemeral_1h'") }} then 'cache_write_1h'
        when {{ text_matches('lower(' ~ line_item ~ ')', "'cache[- _]write|cache_creation'") }} then 'cache_write_other'
        when {{ text_matches('lower(' ~ line_item ~ ')', "'cached input|cache[- _]read'") }} then 'cache_read'
        when {{ text_matches('lower(' ~ line_item ~ ')', "'input($|[ _-]token)'") }} then 'input_uncached'
        when {{ text_matches('lower(' ~ line_item ~ ')', "'output($|[ _-]token)'") }} then 'output'
    end
{%- endmacro %}

{#- The price variant that an OpenAI line item spells before its meter. -#}
{% macro charge_price_variant(line_item) -%}
    coalesce(nullif({{ text_extract('lower(' ~ line_item ~ ')', "', (batch|flex|priority) '", 1) }}, ''), 'standard')
{%- endmacro %}

{% macro sku_meter(token_class, line_item) -%}
    case
        when {{ token_class }} = 'input_uncached' then 'Input Tokens'
        when {{ token_class }} = 'output' then 'Output Tokens'
        when {{ token_class }} = 'cache_read' then 'Cache Read Input Tokens'
        when {{ token_class }} like 'cache_write%' then 'Cache Write Input Tokens'
        when {{ token_class }} = 'web_search' then 'Web Searches'
        else coalesce({{ line_item }}, {{ unnamed_charge() }})
    end
{%- endmacro %}

{#- What a charge is called that names neither a class of tokens nor a line item. -#}
{% macro unnamed_charge() -%}
    'charge'
{%- endmacro %}

{% macro focus_provider_name(provider) -%}
    case {{ provider }}
        when 'openai' then 'OpenAI'
        when 'anthropic' then 'Anthropic'
        when 'openrouter' then 'OpenRouter'
        when 'aws' then 'Amazon Web Services'
        when 'azure' then 'Microsoft'
        when 'google' then 'Google Cloud'
        else {{ provider }}
    end
{%- endmacro %}

{% macro focus_service_name(provider) -%}
    case {{ provider }}
        when 'openai' then 'OpenAI API'
        when 'anthropic' then 'Claude API'
        when 'openrouter' then 'OpenRouter API'
        when 'aws' then 'Amazon Bedrock'
        when 'azure' then 'Azure OpenAI'
        when 'google' then 'Vertex AI'
        else concat({{ provider }}, ' API')
    end
{%- endmacro %}
