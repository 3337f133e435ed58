{# One row per day and combination of the dimensions that ownership rules match, over usage and cost. #}
with

combinations as (

    select distinct
        usage_date as owner_date,
        {{ owner_columns() | join(', ') }}
    from {{ ref('int_usage_unioned') }}
    union
    select distinct
        cost_date as owner_date,
        {{ owner_columns() | join(', ') }}
    from {{ ref('int_effective_costs_split_to_usage') }}

)

select
    {{ owner_key('combinations', 'owner_date') }} as owner_key,
    *
from combinations
