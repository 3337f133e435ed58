{# The one name of the seller that a gateway, a cloud's bill or the company folder calls `name`: the table is the
   variable `sellers` of dbt_project.yml; a name that it does not list is the seller's own, in lower case. Null stays
   null. #}
{% macro seller(name) -%}
    case
        {%- for seller, names in var('sellers').items() %}
        {%- set exact = [] %}
        {%- for listed in names if not listed.endswith('*') %}{% do exact.append(listed) %}{% endfor %}
        when
            {%- for listed in names if listed.endswith('*') %}
            {{ text_begins('lower(trim(' ~ name ~ '))', "'" ~ listed[:-1] ~ "'") }} {{ 'or' if not loop.last or exact }}
            {%- endfor %}
            {%- if exact %}
            lower(trim({{ name }})) in ('{{ exact | join("', '") }}')
            {%- endif %}
            then '{{ seller }}'
        {%- endfor %}
        else lower(trim({{ name }}))
    end
{%- endmacro %}
