{# The 1.2 view holds the same charges as the 1.4 table. #}
with

current_version as (

    select x_BilledCostKey, BilledCost, EffectiveCost, ListCost, ServiceProviderName as provider_name
    from {{ ref('focus_cost_and_usage') }}

),

former_version as (

    select x_BilledCostKey, BilledCost, EffectiveCost, ListCost, ProviderName as provider_name
    from {{ ref('focus_cost_and_usage_v1_2') }}

)

(select * from current_version except all select * from former_version)
union all
(select * from former_version except all select * from current_version)
