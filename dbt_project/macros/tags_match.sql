{# Whether a row's tags (JSON array of "name:value" text) hold, for every tag that a rule names, a value its pattern
   matches. patterns: JSON object of tag name to regular expression; null matches everything. #}
{% macro tags_match(tags, patterns) -%}
    (
        {{ patterns }} is null
        or coalesce(list_bool_and(list_transform(
            json_keys({{ patterns }}),
            lambda tag_name: coalesce(list_bool_or(list_transform(
                cast(json({{ tags }}) as varchar[]),
                lambda tag: starts_with(tag, tag_name || ':')
                    and regexp_full_match(
                        substr(tag, length(tag_name) + 2),
                        json_extract_string({{ patterns }}, '$."' || tag_name || '"')
                    )
            )), false)
        )), false)
    )
{%- endmacro %}
