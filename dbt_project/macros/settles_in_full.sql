{# Whether a posting settles what is open of a period's cost in full: the two are no further apart than five per cent
   of that cost, so that a small difference between invoice and bill stays with that invoice. #}
{% macro settles_in_full(posted, open, cost) -%}
    abs({{ posted }} - ({{ open }})) <= abs({{ cost }}) * cast(0.05 as decimal(3, 2))
{%- endmacro %}
