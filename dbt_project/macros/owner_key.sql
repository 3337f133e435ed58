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

{# The key of a cost by whom it is owned. What was shared out over usage goes by two names, the charge's own and that of
   the usage (`usage_owner_key`): whichever of the two a rule of the highest priority matches. Where both are the same,
   it is the usage's key. #}
{% macro cost_owner_key(relation) -%}
    case
        when {{ relation }}.usage_owner_key <> {{ owner_key(relation) }}
            then {{ hash_of([owner_key(relation), relation ~ '.usage_owner_key']) }}
        else {{ owner_key(relation) }}
    end
{%- endmacro %}
