{# Tables and views in one statement each, instead of dbt's create, rename, rename and drop: `create or replace` is
   whole or absent, and a run that is killed leaves what stood; the statement is its own transaction. A model that changes
   its kind is dropped and made in one transaction. A contract is enforced before the statement, by the names and types
   that the query would give; the table has its columns in the contract's order. Hooks, grants and indexes are not
   carried over: a model that asks for a hook is refused. #}
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
    {%- set is_of_other_kind = existing is not none and existing.type != kind -%}
    {%- if is_of_other_kind -%}
        {%- call statement('drop_other_kind') -%} drop {{ existing.type }} {{ existing }} {%- endcall -%}
    {%- endif -%}
    {%- set replaced -%}
        create or replace {{ kind }} {{ target }} as (
            {{ query_within_contract(sql) }}
        )
    {%- endset -%}
    {%- set response, _ = adapter.execute(replaced) -%}
    {%- do store_result('main', response=response) -%}
    {%- if is_of_other_kind -%} {%- do adapter.commit() -%} {%- endif -%}
    {{- return({'relations': [target]}) -}}
{%- endmacro %}

{% macro query_within_contract(query) -%}
    {%- if config.get('contract').enforced -%}
        {%- if not is_as_contracted(query) -%} {%- do get_assert_columns_equivalent(query) -%} {%- endif -%}
        {{- get_select_subquery(query) -}}
    {%- else -%}
        {{- query -}}
    {%- endif -%}
{%- endmacro %}

{#- The query gives the contract's columns, each of the very type that the contract writes. If not, dbt's own comparison decides
    and says what differs; it takes longer than most models. -#}
{% macro is_as_contracted(query) -%}
    {%- set wanted = {} -%}
    {%- for column in model.columns.values() -%}
        {%- do wanted.update({column.name | replace('"', ''): column.data_type | lower}) -%}
    {%- endfor -%}
    {%- set given = {} -%}
    {%- for column in adapter.get_column_schema_from_query(query) -%}
        {%- do given.update({column.name: column.dtype | lower}) -%}
    {%- endfor -%}
    {{- return(given == wanted) -}}
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

{# The same on Spark: every build of a table has a folder of its own below TOKENOMICS_SPARK_TABLES, named after dbt's
   call. Spark marks it with _SUCCESS when it is whole; until then it is nobody's, and what reads the tables from outside
   takes the newest marked one. #}
{% materialization table, adapter='spark' -%}
    {%- do drop_existing(this) -%}
    {%- call statement('main') -%} {{ create_spark_table(this, spark_query_within_contract(sql)) }} {%- endcall -%}
    {{- return({'relations': [this.incorporate(type='table')]}) -}}
{%- endmaterialization %}

{% materialization view, adapter='spark' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.type != 'view' -%} {%- do drop_existing(this) -%} {%- endif -%}
    {%- call statement('main') -%} create or replace view {{ this }} as {{ sql }} {%- endcall -%}
    {{- return({'relations': [this.incorporate(type='view')]}) -}}
{%- endmaterialization %}

{#- The log on Spark: the days of all batches are summed in one statement, which also carries over the days that stand.
    It is as whole as any table, and a day that was withdrawn is in neither part. -#}
{% materialization summed_by_batches, adapter='spark' -%}
    {%- set batches = gateway_batches() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none and not batches[0][0] -%}
        {%- do exceptions.raise_compiler_error(this ~ ' is not there, and this run does not build it whole') -%}
    {%- endif -%}
    {%- set days, partitions = [], [] -%}
    {%- for _, event_dates, of_days in batches if event_dates is not none -%}
        {%- do days.append(event_dates) -%}
        {%- if of_days -%} {%- do partitions.append(of_days) -%} {%- endif -%}
    {%- endfor -%}
    {%- set summed -%}
        {{ sql | replace(in_gateway_batch(),
            on_gateway_days(days | join(', '), partitions | join(', ')) if partitions else 'false') }}
    {%- endset -%}
    {%- set query -%}
        {%- if batches[0][0] -%} {{ summed }}
        {%- else -%}
        select * from {{ this }}
        {% if days -%} where {{ config.get('event_date') }} not in ({{ days | join(', ') }}) {%- endif %}
        union all
        select * from ({{ summed }}) as summed
        {%- endif -%}
    {%- endset -%}
    {%- set fresh = api.Relation.create(schema=this.schema, identifier=this.identifier ~ '__fresh', type='table') -%}
    {%- call statement('fresh') -%} {{ create_spark_table(fresh, query, this) }} {%- endcall -%}
    {%- do drop_existing(this) -%}
    {%- call statement('main') -%} alter table {{ fresh }} rename to {{ this }} {%- endcall -%}
    {{- return({'relations': [this.incorporate(type='table')]}) -}}
{%- endmaterialization %}

{% macro drop_existing(relation) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing is not none -%}
        {%- call statement('drop_existing') -%} drop {{ existing.type }} if exists {{ existing }} {%- endcall -%}
    {%- endif -%}
{%- endmacro %}

{% macro create_spark_table(relation, query, named_after=none) -%}
    {%- set name = named_after or relation -%}
    create table {{ relation }} using parquet
    location '{{ env_var('TOKENOMICS_SPARK_TABLES') }}/{{ name.schema }}/{{ name.identifier }}/{{ invocation_id }}'
    as
    {{ query }}
{%- endmacro %}

{#- A contract names types as DuckDB does. Names must be the same; a value that its type cannot hold is an error. -#}
{% macro spark_query_within_contract(query) -%}
    {%- if not config.get('contract').enforced -%} {{ return(query) }} {%- endif -%}
    {%- set wanted = [] -%}
    {%- for column in model.columns.values() -%} {%- do wanted.append(column.name | lower) -%} {%- endfor -%}
    {%- set given = [] -%}
    {%- for row in run_query('describe query ' ~ query).rows -%} {%- do given.append(row[0] | lower) -%} {%- endfor -%}
    {%- if wanted | sort != given | sort -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ' has the columns ' ~ given | sort | join(', ') ~ ' and its contract ' ~ wanted | sort | join(', ')
        ) -%}
    {%- endif -%}
    select
        {%- for column in model.columns.values() %}
        cast({{ adapter.quote(column.name | replace('"', '')) }} as {{ spark_type(column.data_type) }})
            as {{ adapter.quote(column.name | replace('"', '')) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ query }}) as contracted
{%- endmacro %}

{% macro spark_type(type) -%}
    {{ {
        'varchar': 'string', 'timestamp': 'timestamp_ntz', 'timestamptz': 'timestamp_ltz',
        'timestamp with time zone': 'timestamp_ltz',
    }.get(type, type) }}
{%- endmacro %}
