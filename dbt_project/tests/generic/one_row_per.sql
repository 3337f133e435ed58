{# The rules of a table in one query: no two rows share `columns` (nulls counted as values), the columns of
   `never_null` are filled, and those of `accepted_values` hold one of their values or null. Gives one row per broken
   rule. #}
{% test one_row_per(model, columns, never_null=[], accepted_values={}) %}
with

counted as (

    select
        count(*) as row_count
        {%- for column in never_null %},
        count(*) filter (where {{ quoted_column(column) }} is null) as null_{{ loop.index }}
        {%- endfor %}
        {%- for column, values in accepted_values.items() %},
        count(*) filter (where {{ quoted_column(column) }} not in (
            {%- for value in values -%}
                {{ "'" ~ value ~ "'" if value is string else value }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        )) as unknown_{{ loop.index }}
        {%- endfor %}
    from {{ model }}

),

repeated as (

    select count(*) as key_count
    from (
        select 1 as one
        from {{ model }}
        group by
            {%- for column in columns %} {{ quoted_column(column) }}{{ ',' if not loop.last }} {%- endfor %}
        having count(*) > 1
    ) as keys

),

broken as (

    select '{{ columns | join(', ') | replace("'", "''") }} repeat' as rule, key_count as failures from repeated
    {%- for column in never_null %}
    union all
    select '{{ column }} is null', null_{{ loop.index }} from counted
    {%- endfor %}
    {%- for column in accepted_values %}
    union all
    select '{{ column }} is none of its values', unknown_{{ loop.index }} from counted
    {%- endfor %}

)

select * from broken
where failures > 0
{% endtest %}
