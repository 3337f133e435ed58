with

logged as (

    select
        usage_key_id,
        usage_date,
        billing_date,
        context_tier_start,
        is_measured,
        cast(null as decimal(18, 6)) as stated_unit_price
        {%- for token_class, unit in token_classes('litellm') %},
        sum({{ token_class }}) filter (where {{ token_class }} > 0) as {{ token_class }},
        min(usage_start_at) filter (where {{ token_class }} > 0) as {{ token_class }}_start_at
        {%- endfor %}
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    where not is_duplicate
    group by all

),

{% set columns = [
    'usage_key_id', 'usage_date', 'billing_date', 'context_tier_start', 'is_measured', 'stated_unit_price',
] -%}
usage as (

    {{ token_class_rows_by_day('logged', columns, token_classes('litellm')) }}
    union all
    select
        {{ columns | join(',\n        ') }},
        min(usage_start_at) as usage_start_at,
        token_class,
        unit,
        cast(sum(quantity) as bigint) as quantity
    from {{ ref('int_reported_usage_summed_by_day') }}
    group by all

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select usage.*
from usage
cross join run_parameters
where usage.usage_date <= run_parameters.as_of_date
