with

charges as (

    select
        billed_cost_key, cost_date, source, provider, project_id, api_key_id, model_id,
        {{ charge_token_class('line_item') }} as token_class,
        case when source = 'openai' then {{ charge_price_variant('line_item') }} end as price_variant
    from {{ ref('int_billed_costs_unioned') }}
    where charge_category = 'usage'

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted and unit <> 'requests'

),

scoped as (

    select
        *,
        count(api_key_id) over (
            partition by cost_date, provider, project_id, model_id, token_class, price_variant
        ) > 0 as is_billed_by_key,
        count(*) over (
            partition by cost_date, provider, project_id, api_key_id, model_id, token_class, price_variant
        ) as rivals,
        count(*) over (partition by cost_date, provider, model_id, token_class, price_variant) as rivals_of_any_key
    from charges
    where token_class is not null

)

select
    scoped.billed_cost_key,
    scoped.token_class,
    usage.unit,
    cast(sum(usage.quantity) as decimal(18, 0)) as quantity,
    case
        when count(usage.list_unit_price_per_million) = count(*)
            and bool_and(usage.list_price_currency = run_parameters.reporting_currency)
            and min(usage.list_unit_price_per_million) = max(usage.list_unit_price_per_million)
            then min(usage.list_unit_price_per_million)
    end as list_unit_price,
    case
        when count(usage.list_cost) = count(*) then {{ fine_money('sum(usage.list_cost)') }}
    end as metered_list_cost
from scoped
cross join run_parameters
inner join usage
    on scoped.provider = usage.provider
    and scoped.cost_date = usage.billing_date
    and scoped.model_id = usage.model_id
    and scoped.token_class = usage.token_class
    and (scoped.price_variant is null or scoped.price_variant = usage.price_variant)
    and case
        when scoped.source <> usage.source then scoped.rivals_of_any_key = 1
        else
            scoped.rivals = 1
            and scoped.project_id is not distinct from usage.project_id
            and (not scoped.is_billed_by_key or scoped.api_key_id is not distinct from usage.api_key_id)
    end
group by scoped.billed_cost_key, scoped.token_class, usage.unit
