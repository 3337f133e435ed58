{{ config(materialized='view') }}

with

charges as (

    select
        *,
        cast(
            list_unit_price * cast({{ quotient(1000000, 'tokens_per_unit') }} as decimal(7, 0)) as decimal(18, 6)
        ) as price_per_million
    from {{ ref('int_cloud_charges_spread_by_day') }}
    where token_class is not null and tokens_per_unit is not null and charge_category = 'usage'

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

periods as (

    select
        charges.usage_start_at,
        charges.cost_date as usage_date,
        charges.cost_date as billing_date,
        'focus_files' as source,
        charges.provider,
        cast(null as string) as gateway_provider,
        charges.account_id,
        charges.project_id,
        cast(null as string) as api_key_id,
        cast(null as string) as actor_id,
        cast(null as string) as team_id,
        coalesce(charges.model_id, charges.line_item) as model_id,
        case when charges.tags <> '{}' then {{ json_tags('charges.tags') }} end as request_tags,
        'standard' as service_tier,
        'standard' as price_variant,
        cast(0 as bigint) as context_tier_start,
        true as is_measured,
        true as is_aggregated,
        case
            when charges.billed_currency = run_parameters.reporting_currency then charges.price_per_million
            else cast(charges.price_per_million * exchange_rates.rate as decimal(18, 6))
        end as stated_unit_price,
        charges.token_class,
        'tokens' as unit,
        cast(sum(charges.tokens) as bigint) as quantity
    from charges
    cross join run_parameters
    left join exchange_rates
        on charges.billed_currency = exchange_rates.currency and charges.cost_date = exchange_rates.rate_date
    group by all

)

select
    {{ usage_day_columns() | join(',\n    ') }},
    min(usage_start_at) as usage_start_at,
    token_class,
    unit,
    cast(sum(quantity) as bigint) as quantity
from periods
group by all
