{# Incremental models replace whole windows of days, including days that have vanished. `delete+insert` keyed by date
   keeps a fully withdrawn day alive; this pre-hook deletes the window first, then the model appends it, in one
   transaction that rolls back on an error. The window comes from landing.run_parameters: null means everything. #}
{% macro replace_window(date_column) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where {{ in_window(date_column) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro in_window(date_column) -%}
    {%- if execute and is_incremental() -%}
        {%- set query -%}
            select gateway_window_start, gateway_window_end from {{ source('landing', 'run_parameters') }}
        {%- endset -%}
        {%- set window = run_query(query).rows[0] -%}
        {%- if window[0] is none -%}
            true
        {%- else -%}
            {{ date_column }} between date '{{ window[0] }}' and date '{{ window[1] }}'
        {%- endif -%}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
