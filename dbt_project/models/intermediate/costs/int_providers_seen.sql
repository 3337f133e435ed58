with

usage as (

    select distinct provider from {{ ref('int_usage_owned') }}

),

billed as (

    select distinct provider from {{ ref('int_billed_days') }}

),

contracted as (

    select distinct provider from {{ ref('int_billed_costs_unioned') }}

),

providers as (

    select provider from usage
    union
    select provider from billed
    union
    select provider from contracted

)

select
    providers.provider,
    billed.provider is not null as has_billed_cost
from providers
left join billed on providers.provider = billed.provider
where providers.provider is not null
