{# Days and months, in the words of each engine. A date less a date is a number of days in DuckDB and an interval in
   Spark; a series is unnested in one and exploded in the other. #}

{# Days from `first` to `last`: 1 from a day to the next. #}
{% macro days_between(first, last) -%} {{ return(adapter.dispatch('days_between')(first, last)) }} {%- endmacro %}

{% macro duckdb__days_between(first, last) -%} date_diff('day', {{ first }}, {{ last }}) {%- endmacro %}

{% macro spark__days_between(first, last) -%} cast(datediff({{ last }}, {{ first }}) as bigint) {%- endmacro %}

{# Monday is 1, Sunday 7. #}
{% macro iso_weekday(date) -%} {{ return(adapter.dispatch('iso_weekday')(date)) }} {%- endmacro %}

{% macro duckdb__iso_weekday(date) -%} extract(isodow from {{ date }}) {%- endmacro %}

{% macro spark__iso_weekday(date) -%} extract(dayofweek_iso from {{ date }}) {%- endmacro %}

{# One row per date from `first` to `last`, a `step` apart; none where last is before first or a bound is null. Stands
   alone as a column. #}
{% macro dates_from(first, last, step='day') -%}
    {{ return(adapter.dispatch('dates_from')(first, last, step)) }}
{%- endmacro %}

{% macro duckdb__dates_from(first, last, step) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 {{ step }})) as date)
{%- endmacro %}

{% macro spark__dates_from(first, last, step) -%}
    explode(case
        when cast({{ first }} as date) <= cast({{ last }} as date)
            then sequence(cast({{ first }} as date), cast({{ last }} as date), interval 1 {{ step }})
        else array()
    end)
{%- endmacro %}

{# One row per whole number from `first` to `last`. Stands alone as a column. #}
{% macro numbers_from(first, last) -%} {{ return(adapter.dispatch('numbers_from')(first, last)) }} {%- endmacro %}

{% macro duckdb__numbers_from(first, last) -%} unnest(generate_series({{ first }}, {{ last }})) {%- endmacro %}

{% macro spark__numbers_from(first, last) -%}
    explode(case
        when {{ first }} <= {{ last }} then sequence(cast({{ first }} as bigint), cast({{ last }} as bigint))
        else array()
    end)
{%- endmacro %}
