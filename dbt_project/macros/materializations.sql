{# Tables and views in one statement each, instead of dbt's create, rename, rename and drop: `create or replace` is
   whole or absent, and a run that is killed leaves what stood. A model that changes its kind is dropped in the same
   transaction. A contract is enforced before the statement, by the names and types that the query would give; the
   table has its columns in the contract's order. Hooks, grants and indexes are not carried over: a model that asks
   for a hook is refused. #}
{% materialization table, adapter='duckdb' -%}
    {{- return(replace_relation('table')) -}}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {{- return(replace_relation('view')) -}}
{%- endmaterialization %}

{% macro replace_relation(kind) -%}
    {%- if pre_hooks or post_hooks -%}
        {%- do exceptions.raise_compiler_error('a ' ~ kind ~ ' runs no hooks here; see macros/materializations.sql') -%}
    {%- endif -%}
    {%- set target = this.incorporate(type=kind) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.type != kind -%}
        {%- call statement('drop_other_kind') -%} drop {{ existing.type }} {{ existing }} {%- endcall -%}
    {%- endif -%}
    {%- call statement('main') -%}
        create or replace {{ kind }} {{ target }} as (
            {{ query_within_contract(sql) }}
        )
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{- return({'relations': [target]}) -}}
{%- endmacro %}

{% macro query_within_contract(query) -%}
    {%- if config.get('contract').enforced -%}
        {%- do get_assert_columns_equivalent(query) -%}
        {{- get_select_subquery(query) -}}
    {%- else -%}
        {{- query -}}
    {%- endif -%}
{%- endmacro %}

{#- For the sum of the log, see gateway_days.sql. -#}
{% materialization summed_by_batches, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set batches = gateway_batches() -%}
    {%- set is_rebuilt = batches[0][0] -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none and not is_rebuilt -%}
        {%- do exceptions.raise_compiler_error(this ~ ' is not there, and this run does not build it whole') -%}
    {%- endif -%}
    {%- if existing is not none and existing.type != 'table' -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if is_rebuilt %}
        {% call statement('emptied') -%}
            create or replace table {{ target }} as {{ sql | replace(in_gateway_batch(), 'false') }}
        {%- endcall %}
    {% endif %}
    {% for _, event_dates, partitions in batches if event_dates is not none %}
        {% if not is_rebuilt %}
            {% call statement('withdrawn') -%}
                delete from {{ target }} where {{ config.get('event_date') }} in ({{ event_dates }})
            {%- endcall %}
        {% endif %}
        {% if partitions %}
            {% call statement('summed') -%}
                insert into {{ target }}
                {{ sql | replace(in_gateway_batch(), on_gateway_days(event_dates, partitions)) }}
            {%- endcall %}
        {% endif %}
    {% endfor %}
    {% call statement('main') -%}
        select count(*) from {{ target }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
