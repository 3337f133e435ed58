{# One row per combination of dimensions (owner_key and the owner columns of `dimensions`) and period without a
   change of rules, with the ownership rule that wins: highest priority first, first match. Patterns are matched once
   per combination; days find their period by its bounds. #}
{% macro owners_matched(dimensions) -%}
with

rules as (

    select
        {{ all_but(['valid_from', 'valid_to']) }},
        {{ effective_bounds() }}
    from {{ ref('stg_registry__ownership_rules') }}

),

candidates as (

    select
        dimensions.owner_key,
        rules.rule_id,
        rules.share_method,
        rules.initiative_id,
        rules.department_id,
        rules.product_id,
        rules.customer_id,
        rules.priority,
        rules.effective_from,
        rules.effective_to
    from {{ dimensions }} as dimensions
    inner join rules
        on true
        {% for column in owner_columns() if column != 'request_tags' -%}
        {%- set value, pattern = 'dimensions.' ~ column, 'rules.' ~ (column | replace('model_id', 'model')) ~ '_pattern' %}
        and (
            {{ pattern }} is null
            or {{ text_is('coalesce(' ~ value ~ ", '')", pattern) }} and {{ value }} is not null
        )
        {% endfor %}
        and {{ tags_match('dimensions.request_tags', 'rules.tag_patterns') }}

),

bounds as (

    select owner_key, effective_from as bound from candidates
    union
    select owner_key, effective_to as bound from candidates

),

periods as (

    select
        owner_key,
        bound as effective_from,
        lead(bound) over (partition by owner_key order by bound) as effective_to
    from bounds

)

select
    periods.owner_key,
    periods.effective_from,
    periods.effective_to,
    candidates.rule_id,
    candidates.share_method,
    candidates.initiative_id,
    candidates.department_id,
    candidates.product_id,
    candidates.customer_id
from periods
inner join candidates
    on periods.owner_key = candidates.owner_key
    and periods.effective_from >= candidates.effective_from
    and periods.effective_to <= candidates.effective_to
qualify row_number() over (
    partition by periods.owner_key, periods.effective_from
    order by candidates.priority desc, candidates.rule_id
) = 1
{%- endmacro %}
