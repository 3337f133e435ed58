{# What a logged call says of its usage: totals, and their parts (null where the log tells none). #}
{% macro gateway_counts() -%}
    {{ return([
        'prompt_tokens', 'completion_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cache_write_5m_tokens',
        'cache_write_1h_tokens', 'audio_input_tokens', 'audio_cache_read_tokens', 'audio_output_tokens',
        'image_input_tokens', 'image_cache_read_tokens', 'image_output_tokens', 'video_input_tokens',
        'web_search_requests', 'other_tool_requests',
    ]) }}
{%- endmacro %}

{# The disjoint token classes of sums of these counts, none of them null. Cached audio and images are part of the cache
   reads, audio and images without it are parts of the prompt, writes by lifetime are part of the cache writes. #}
{% macro gateway_classes() -%}
    prompt_tokens - cache_read_tokens - cache_write_tokens - audio_input_tokens - image_input_tokens
    - video_input_tokens as input_uncached,
    cache_read_tokens - audio_cache_read_tokens - image_cache_read_tokens as cache_read,
    cache_write_tokens - cache_write_5m_tokens - cache_write_1h_tokens as cache_write_other,
    cache_write_5m_tokens as cache_write_5m,
    cache_write_1h_tokens as cache_write_1h,
    audio_input_tokens as audio_input,
    audio_cache_read_tokens as audio_cache_read,
    image_input_tokens as image_input,
    image_cache_read_tokens as image_cache_read,
    video_input_tokens as video_input,
    completion_tokens - audio_output_tokens - image_output_tokens as output,
    audio_output_tokens as audio_output,
    image_output_tokens as image_output,
    web_search_requests as web_search,
    other_tool_requests as other_tools
{%- endmacro %}

{# The service tier by one name. #}
{% macro gateway_service_tier() -%}
    case
        when service_tier in ('default', 'on_demand') then 'standard'
        else coalesce(service_tier, 'standard')
    end
{%- endmacro %}

{# Which price a service tier pays. #}
{% macro gateway_price_variant() -%}
    case when service_tier in ('batch', 'flex', 'priority', 'fast') then service_tier else 'standard' end
{%- endmacro %}
