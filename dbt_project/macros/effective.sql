{# A validity interval without null bounds: from `effective_from`, up to but not on `effective_to`. #}
{% macro effective_bounds(relation=none) -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    coalesce({{ of }}valid_from, date '0001-01-01') as effective_from,
    coalesce({{ of }}valid_to, date '9999-12-31') as effective_to
{%- endmacro %}

{# Whether the interval of `relation`, whose open bounds are null, holds the day `on`. #}
{% macro in_force(relation, on) -%}
    {{ on }} >= coalesce({{ relation }}.valid_from, date '0001-01-01')
    and {{ on }} < coalesce({{ relation }}.valid_to, date '9999-12-31')
{%- endmacro %}
