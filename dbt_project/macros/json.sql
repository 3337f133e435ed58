{# JSON texts and lists, in the words of each engine. #}

{# One row per element of a JSON list, as JSON text; none where the list is null. Stands alone as a column. #}
{% macro json_elements(list) -%} {{ return(adapter.dispatch('json_elements')(list)) }} {%- endmacro %}

{% macro duckdb__json_elements(list) -%} unnest(json_extract({{ list }}, '$[*]')) {%- endmacro %}

{% macro spark__json_elements(list) -%} explode(from_json({{ list }}, 'array<string>')) {%- endmacro %}

{# The text of a member of a JSON object; null where it has none. #}
{% macro json_text(object, name) -%} {{ return(adapter.dispatch('json_text')(object, name)) }} {%- endmacro %}

{% macro duckdb__json_text(object, name) -%} json_extract_string({{ object }}, '$.{{ name }}') {%- endmacro %}

{% macro spark__json_text(object, name) -%} get_json_object({{ object }}, '$.{{ name }}') {%- endmacro %}

{# A JSON object of names and SQL expressions, as text; a null is written. #}
{% macro json_of(members) -%} {{ return(adapter.dispatch('json_of')(members)) }} {%- endmacro %}

{% macro duckdb__json_of(members) -%}
    cast(json_object(
        {%- for name, value in members.items() -%}
        '{{ name }}', {{ value }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ) as string)
{%- endmacro %}

{% macro spark__json_of(members) -%}
    to_json(named_struct(
        {%- for name, value in members.items() -%}
        '{{ name }}', {{ value }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ), map('ignoreNullFields', 'false'))
{%- endmacro %}

{# The members of a JSON object as a JSON list of "name:value" texts in order. #}
{% macro json_tags(object) -%} {{ return(adapter.dispatch('json_tags')(object)) }} {%- endmacro %}

{% macro duckdb__json_tags(object) -%}
    cast(to_json(list_sort(list_transform(
        json_keys({{ object }}),
        lambda tag: tag || ':' || coalesce(json_extract_string({{ object }}, '$."' || tag || '"'), '')
    ))) as string)
{%- endmacro %}

{% macro spark__json_tags(object) -%}
    to_json(sort_array(transform(
        map_entries(from_json({{ object }}, 'map<string, string>')),
        tag -> concat(tag.key, ':', coalesce(tag.value, ''))
    )))
{%- endmacro %}

{# Whether a row's tags (JSON array of "name:value" text) hold, for every tag that a rule names, a value its pattern
   matches. patterns: JSON object of tag name to regular expression; null matches everything. #}
{% macro tags_match(tags, patterns) -%} {{ return(adapter.dispatch('tags_match')(tags, patterns)) }} {%- endmacro %}

{% macro duckdb__tags_match(tags, patterns) -%}
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

{% macro spark__tags_match(tags, patterns) -%}
    (
        {{ patterns }} is null
        or coalesce(
            size(map_keys(from_json({{ patterns }}, 'map<string, string>'))) > 0
            and forall(
                map_entries(from_json({{ patterns }}, 'map<string, string>')),
                wanted -> coalesce(exists(
                    from_json({{ tags }}, 'array<string>'),
                    tag -> startswith(tag, concat(wanted.key, ':'))
                        and substr(tag, length(wanted.key) + 2) rlike concat('(?d)^(?:', wanted.value, ')\\z')
                ), false)
            ), false
        )
    )
{%- endmacro %}
