{# The dimensions that ownership rules match, and a key over them. A readable id is unique only with its provider, so
   provider is always in. #}
{% macro owner_columns() -%}
    {{ return([
        'source', 'provider', 'account_id', 'project_id', 'api_key_id', 'actor_id', 'team_id', 'model_id',
        'request_tags',
    ]) }}
{%- endmacro %}

{% macro owner_key(relation) -%}
    {%- set columns = [] -%}
    {%- for column in owner_columns() -%}
        {%- do columns.append(relation ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ integer_key(columns) }}
{%- endmacro %}
