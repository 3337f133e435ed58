{# Moments (with a time zone) and local times (without one), in the words of each engine. A session is in UTC on both,
   so that a moment shown without its zone is UTC. #}

{# The UTC time of a moment. #}
{% macro utc_time(moment) -%} {{ return(adapter.dispatch('utc_time')(moment)) }} {%- endmacro %}

{% macro duckdb__utc_time(moment) -%} timezone('UTC', {{ moment }}) {%- endmacro %}

{% macro spark__utc_time(moment) -%} cast({{ moment }} as timestamp_ntz) {%- endmacro %}

{# The local time of a moment in a zone. #}
{% macro local_time(zone, moment) -%} {{ return(adapter.dispatch('local_time')(zone, moment)) }} {%- endmacro %}

{% macro duckdb__local_time(zone, moment) -%} timezone({{ zone }}, {{ moment }}) {%- endmacro %}

{% macro spark__local_time(zone, moment) -%}
    convert_timezone('UTC', {{ zone }}, cast({{ moment }} as timestamp_ntz))
{%- endmacro %}

{# The moment at which it is a local time in a zone; the first one, where clocks that go back make it twice: DuckDB takes the
   second of them. #}
{% macro moment_of(zone, local) -%} {{ return(adapter.dispatch('moment_of')(zone, local)) }} {%- endmacro %}

{% macro duckdb__moment_of(zone, local) -%}
    {%- set moment = 'timezone(' ~ zone ~ ', ' ~ local ~ ')' -%}
    {%- set by_the_offset_before = '(timezone(' ~ zone ~ ', ' ~ local ~ ' - interval 1 day) + interval 1 day)' -%}
    {%- if zone == "'UTC'" -%}
    {{ moment }}
    {%- else -%}
    least(
        {{ moment }},
        case when timezone({{ zone }}, {{ by_the_offset_before }}) = {{ local }} then {{ by_the_offset_before }} end
    )
    {%- endif -%}
{%- endmacro %}

{% macro spark__moment_of(zone, local) -%}
    cast(convert_timezone({{ zone }}, 'UTC', cast({{ local }} as timestamp_ntz)) as timestamp_ltz)
{%- endmacro %}

{# The quarter of an hour of a moment, counted from 1970: every time zone begins its days with one. #}
{% macro quarter_hour(moment) -%} {{ return(adapter.dispatch('quarter_hour')(moment)) }} {%- endmacro %}

{% macro duckdb__quarter_hour(moment) -%} cast(floor(epoch({{ moment }})) as bigint) // 900 {%- endmacro %}

{% macro spark__quarter_hour(moment) -%} (unix_seconds(cast({{ moment }} as timestamp_ltz)) div 900) {%- endmacro %}

{# Seconds from one moment to a later one, with their fraction: a ratio's input, not money. #}
{% macro seconds_between(first, last) -%} {{ return(adapter.dispatch('seconds_between')(first, last)) }} {%- endmacro %}

{% macro duckdb__seconds_between(first, last) -%} (epoch({{ last }}) - epoch({{ first }})) {%- endmacro %}

{% macro spark__seconds_between(first, last) -%}
    (
        unix_micros(cast({{ last }} as timestamp_ltz)) / 1000000.0e0
        - unix_micros(cast({{ first }} as timestamp_ltz)) / 1000000.0e0
    )
{%- endmacro %}

{# One row per quarter of an hour between two moments. Stands alone as a column. #}
{% macro quarters_from(first, last) -%} {{ return(adapter.dispatch('quarters_from')(first, last)) }} {%- endmacro %}

{% macro duckdb__quarters_from(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval 15 minute))
{%- endmacro %}

{% macro spark__quarters_from(first, last) -%}
    explode(sequence({{ first }}, {{ last }}, interval 15 minute))
{%- endmacro %}

{# The beginning of the hour or day that a local time lies in, a local time itself. #}
{% macro begin_of(unit, time) -%} {{ return(adapter.dispatch('begin_of')(unit, time)) }} {%- endmacro %}

{% macro duckdb__begin_of(unit, time) -%} date_trunc('{{ unit }}', {{ time }}) {%- endmacro %}

{% macro spark__begin_of(unit, time) -%}
    cast(date_trunc('{{ unit }}', {{ time }}) as timestamp_ntz)
{%- endmacro %}

{# A moment that begins a UTC day, from the text of a date. #}
{% macro midnight_utc(day) -%} {{ return(adapter.dispatch('midnight_utc')(day)) }} {%- endmacro %}

{% macro duckdb__midnight_utc(day) -%} timestamptz '{{ day }} 00:00:00+00' {%- endmacro %}

{% macro spark__midnight_utc(day) -%} timestamp_ltz '{{ day }} 00:00:00+00:00' {%- endmacro %}

{# A number of hours as a length of time. #}
{% macro hours(number) -%} {{ return(adapter.dispatch('hours')(number)) }} {%- endmacro %}

{% macro duckdb__hours(number) -%} to_hours(cast({{ number }} as integer)) {%- endmacro %}

{% macro spark__hours(number) -%} make_dt_interval(0, cast({{ number }} as integer)) {%- endmacro %}
