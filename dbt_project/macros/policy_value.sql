{#- The company's policy for a key, as a column of the given type; null where the policy states none. -#}
{% macro policy_value(key, type) -%}
    (select try_cast(policy_value as {{ type }}) from {{ ref('stg_registry__policy') }} where policy_key = '{{ key }}')
{%- endmacro %}
