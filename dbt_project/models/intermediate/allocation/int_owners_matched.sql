{# One row per day and combination of dimensions with the ownership rule that wins and whose it makes them: highest priority first, first match, in force on the day. #}
with

dimensions as (

    select * from {{ ref('int_owner_dimensions_combined') }}

),

rules as (

    select * from {{ ref('stg_registry__ownership_rules') }}

),

combinations as (

    select distinct {{ owner_columns() | join(', ') }}
    from dimensions

),

candidates as (

    select
        combinations.*,
        rules.rule_id,
        rules.share_method,
        rules.initiative_id,
        rules.department_id,
        rules.product_id,
        rules.customer_id,
        rules.priority,
        rules.valid_from,
        rules.valid_to
    from combinations
    inner join rules
        on true
        {% for column in ['source', 'provider', 'account_id', 'project_id', 'api_key_id', 'actor_id', 'team_id', 'model'] -%}
        {%- set value = 'combinations.' ~ (column if column != 'model' else 'model_id') %}
        and (
            rules.{{ column }}_pattern is null
            or regexp_full_match(coalesce({{ value }}, ''), rules.{{ column }}_pattern) and {{ value }} is not null
        )
        {% endfor %}
        and {{ tags_match('combinations.request_tags', 'rules.tag_patterns') }}

)

select
    dimensions.owner_key,
    dimensions.owner_date,
    candidates.rule_id,
    candidates.share_method,
    candidates.initiative_id,
    candidates.department_id,
    candidates.product_id,
    candidates.customer_id
from dimensions
inner join candidates
    on {% for column in owner_columns() -%}
    dimensions.{{ column }} is not distinct from candidates.{{ column }} {{ 'and ' if not loop.last }}
    {%- endfor %}
    and dimensions.owner_date >= coalesce(candidates.valid_from, date '0001-01-01')
    and dimensions.owner_date < coalesce(candidates.valid_to, date '9999-12-31')
qualify row_number() over (
    partition by dimensions.owner_key
    order by candidates.priority desc, candidates.rule_id
) = 1
