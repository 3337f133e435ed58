with

usage as (

    select * from {{ ref('int_usage_owned') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    {{ usage_row_key('usage') }} as usage_key,
    usage.usage_start_at,
    usage.usage_date,
    usage.billing_date,
    usage.source,
    usage.provider,
    usage.gateway_provider,
    usage.account_id,
    usage.project_id,
    usage.api_key_id,
    usage.actor_id,
    usage.team_id,
    usage.model_id,
    usage.service_tier,
    usage.token_class,
    usage.quantity,
    usage.unit,
    case when usage.token_class = 'request' then usage.quantity else 0 end as requests,
    usage.list_unit_price_per_million,
    usage.list_price_currency,
    usage.list_cost,
    usage.pricing_status,
    usage.is_counted,
    usage.initiative_id,
    usage.department_id,
    usage.rule_id as allocation_rule_id,
    run_parameters.reporting_currency
from usage
cross join run_parameters
