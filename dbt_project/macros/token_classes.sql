{#
  One row per dimension row and token class with a positive quantity, from a relation with one column per class.
  classes: list of (token_class, expression, unit). Request counts come as a class of their own, so that sums never multiply them.
#}
{% macro token_class_rows(relation, columns, classes) -%}
    {%- for token_class, expression, unit in classes %}
    select
        {{ columns | join(',\n        ') }},
        '{{ token_class }}' as token_class,
        '{{ unit }}' as unit,
        cast({{ expression }} as bigint) as quantity
    from {{ relation }}
    where {{ expression }} > 0
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
