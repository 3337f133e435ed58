{{ config(materialized='view') }}

with

charges as (

    select * from {{ ref('stg_focus_files__cost_and_usage') }}

),

superseded_days as (

    select * from {{ ref('stg_focus_files__superseded_days') }}

),

services as (

    select max(services_pattern) as services_pattern
    from {{ ref('stg_registry__sources') }}
    where source = 'focus_files'

),

standing as (

    select charges.*
    from charges
    anti join superseded_days
        on charges.partition = superseded_days.file
        and charges.provider_name = superseded_days.provider_name
        and coalesce(charges.account_id, '') = superseded_days.account_id
        and charges.cost_date = superseded_days.charge_date

),

judged as (

    select
        standing.*,
        case
            when standing.charge_period_end_at <= standing.charge_period_start_at + interval 1 day then 1
            else {{ days_between(
                'standing.cost_date', 'cast(standing.charge_period_end_at - interval 1 microsecond as date)'
            ) }} + 1
        end as period_days,
        coalesce(
            lower(standing.service_category) = 'ai and machine learning'
            or {{ text_is('lower(standing.service_name)', 'services.services_pattern') }}
            or {{ is_model_maker('standing.provider_name') }}
            or {{ is_model_maker('standing.publisher_name') }}
            or standing.token_class is not null,
            false
        ) as is_named_ai,
        standing.service_name is null and standing.service_category is null as is_unnamed,
        {{ is_other_cloud_service('standing.line_item') }} as is_described_as_other
    from standing
    cross join services

)

select
    {{ all_but(['is_named_ai', 'is_unnamed', 'is_described_as_other']) }},
    is_named_ai or (is_unnamed and not is_described_as_other) as is_ai,
    not is_named_ai and is_unnamed and not is_described_as_other as is_unclear
from judged
