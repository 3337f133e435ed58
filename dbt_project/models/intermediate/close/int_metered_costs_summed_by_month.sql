with

usage as (

    select * from {{ ref('int_usage_owned') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    usage.provider,
    {{ fiscal_period('usage.cost_date') }} as fiscal_period,
    {{ fine_money('coalesce(sum(usage.list_cost) filter (where usage.is_counted), 0)') }} as metered_list_cost,
    {{ fine_money(
        'coalesce(sum(usage.contracted_cost) filter (where usage.is_counted and usage.list_cost is not null), 0)'
    ) }} as contracted_cost,
    {{ fine_money(
        "coalesce(sum(usage.list_cost) filter (where usage.is_counted and usage.cost_basis = 'metered'), 0)"
    ) }} as unbilled_list_cost,
    {{ fine_money(
        "coalesce(sum(usage.contracted_cost) filter (where usage.is_counted and usage.cost_basis = 'metered'), 0)"
    ) }} as unbilled_contracted_cost,
    {{ fine_money(
        "coalesce(sum(usage.contracted_cost) filter (
            where usage.is_counted and usage.cost_basis = 'metered' and usage.list_cost is null
        ), 0)"
    ) }} as unbilled_unpriced_cost,
    {{ fine_money('coalesce(sum(usage.list_cost) filter (where not usage.is_counted), 0)') }} as other_source_list_cost,
    coalesce(bool_or(usage.is_counted and usage.cost_basis = 'metered'), false) as has_unbilled_usage,
    bool_or(not usage.is_counted) as has_other_source
from usage
cross join run_parameters
where usage.cost_date <= run_parameters.as_of_date
group by all
