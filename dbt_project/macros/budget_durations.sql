{# A gateway's budget duration, such as 1d or monthly, in seconds; null where it says nothing readable. #}
{% macro duration_seconds(text) -%} {{ parsed_seconds(duration_words(text)) }} {%- endmacro %}

{#- An upper-case M is a month to some gateways and nothing to others; a minute it is to none. -#}
{% macro duration_words(text) -%}
    case
        when {{ text_matches(text, "'[0-9] *M *$'") }} then null
        when lower(trim({{ text }})) = 'hourly' then '1h'
        when lower(trim({{ text }})) = 'daily' then '1d'
        when lower(trim({{ text }})) = 'weekly' then '7d'
        when lower(trim({{ text }})) = 'monthly' then '1mo'
        else lower(trim({{ text }}))
    end
{%- endmacro %}

{% macro parsed_seconds(duration) -%}
    try_cast({{ text_extract(duration, "'^([0-9]{1,9}) *(mo|s|m|h|d|w|y)$'", 1) }} as bigint)
    * case {{ text_extract(duration, "'^([0-9]{1,9}) *(mo|s|m|h|d|w|y)$'", 2) }}
        when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400
        when 'w' then 604800 when 'mo' then 2629800 when 'y' then 31557600
    end
{%- endmacro %}
