{# Patterns and texts, in the words of each engine. `$` would match before a last line break in Spark, and a backslash
   begins an escape in its literals; every pattern goes through here. `(?d)`: only a line feed ends a line, as in DuckDB, so
   that `.` is a carriage return, U+0085, U+2028 and U+2029 too. #}

{# Whether `pattern` matches somewhere in the text. #}
{% macro text_matches(text, pattern) -%} {{ return(adapter.dispatch('text_matches')(text, pattern)) }} {%- endmacro %}

{% macro duckdb__text_matches(text, pattern) -%} regexp_matches({{ text }}, {{ pattern }}) {%- endmacro %}

{% macro spark__text_matches(text, pattern) -%} ({{ text }} rlike concat('(?d)', {{ spark_pattern(pattern) }})) {%- endmacro %}

{# Whether `pattern` matches the whole text. #}
{% macro text_is(text, pattern) -%} {{ return(adapter.dispatch('text_is')(text, pattern)) }} {%- endmacro %}

{% macro duckdb__text_is(text, pattern) -%} regexp_full_match({{ text }}, {{ pattern }}) {%- endmacro %}

{% macro spark__text_is(text, pattern) -%}
    ({{ text }} rlike concat('(?d)^(?:', {{ spark_pattern(pattern) }}, ')\\z'))
{%- endmacro %}

{# The given group of the first match; empty where nothing matches. #}
{% macro text_extract(text, pattern, group) -%}
    {{ return(adapter.dispatch('text_extract')(text, pattern, group)) }}
{%- endmacro %}

{% macro duckdb__text_extract(text, pattern, group) -%}
    regexp_extract({{ text }}, {{ pattern }}, {{ group }})
{%- endmacro %}

{% macro spark__text_extract(text, pattern, group) -%}
    regexp_extract({{ text }}, concat('(?d)', {{ spark_pattern(pattern) }}), {{ group }})
{%- endmacro %}

{% macro text_begins(text, beginning) -%} {{ return(adapter.dispatch('text_begins')(text, beginning)) }} {%- endmacro %}

{% macro duckdb__text_begins(text, beginning) -%} starts_with({{ text }}, {{ beginning }}) {%- endmacro %}

{% macro spark__text_begins(text, beginning) -%} startswith({{ text }}, {{ beginning }}) {%- endmacro %}

{#- A pattern given as SQL, in the literals of Spark: a backslash is written twice, and `$` is the end of the text. -#}
{% macro spark_pattern(pattern) -%} {{ pattern | replace('\\', '\\\\') | replace('$', '\\\\z') }} {%- endmacro %}
