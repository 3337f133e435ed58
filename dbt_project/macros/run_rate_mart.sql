{# The run-rate of one kind of entity: the landed statistics beside the day's own allocated cost. #}
{% macro run_rate_mart(entity_type, entity_column) %}
with

run_rates as (

    select * from {{ ref('stg_statistics__run_rates') }}
    where entity_type = '{{ entity_type }}'

),

daily_costs as (

    select * from {{ ref('int_cost_object_daily_costs') }}
    where entity_type = '{{ entity_type }}'

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    run_rates.as_of_date,
    {{ "run_parameters.company_id" if entity_type == 'company' else 'run_rates.entity_id' }} as {{ entity_column }},
    daily_costs.allocated_cost as daily_allocated_cost,
    run_rates.run_rate_monthly,
    run_rates.run_rate_low,
    run_rates.run_rate_high,
    run_rates.run_rate_annual,
    run_rates.days_observed,
    run_rates.variation_ratio,
    run_rates.growth_30d_ratio,
    run_rates.growth_30d_low_ratio,
    run_rates.growth_30d_high_ratio,
    run_rates.stability_status,
    run_rates.stability_reasons,
    run_parameters.reporting_currency
from run_rates
cross join run_parameters
left join daily_costs
    on run_rates.entity_id = daily_costs.entity_id and run_rates.as_of_date = daily_costs.cost_date
{% endmacro %}
