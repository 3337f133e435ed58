with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}

),

unpriced_models as (

    select
        provider,
        billing_date,
        model_id
    from {{ ref('int_usage_owned') }}
    where is_counted and token_class <> 'request'
    group by all
    having bool_and(pricing_status = 'unpriced')

),

matches as (

    select
        matched.billed_cost_key,
        min(matched.match_level) as match_level,
        bool_and(unpriced_models.model_id is not null) as is_unpriced
    from {{ ref('int_billed_costs_matched_to_usage') }} as matched
    inner join billed on matched.billed_cost_key = billed.billed_cost_key
    left join unpriced_models
        on billed.provider = unpriced_models.provider
        and billed.cost_date = unpriced_models.billing_date
        and matched.usage_model_id = unpriced_models.model_id
    group by matched.billed_cost_key

),

model_providers as (

    select distinct billed.provider
    from matches
    inner join billed on matches.billed_cost_key = billed.billed_cost_key
    where matches.match_level in (1, 2)

)

select
    billed.billed_cost_key,
    billed.provider,
    billed.cost_date,
    billed.billed_cost,
    billed.effective_cost,
    billed.prepaid_cost,
    billed.stated_list_cost,
    case
        when billed.charge_category in ('credit', 'draw') then 'credits'
        when billed.charge_category = 'purchase' and billed.effective_cost = 0 then 'credits'
        when unpriced_models.model_id is not null then 'unpriced_usage'
        when matches.match_level in (1, 2, 5)
            or (matches.match_level is not null and model_providers.provider is null)
            then case when matches.is_unpriced then 'unpriced_usage' else 'matched' end
        else 'untracked_traffic'
    end as explanation
from billed
left join matches on billed.billed_cost_key = matches.billed_cost_key
left join model_providers on billed.provider = model_providers.provider
left join unpriced_models
    on billed.provider = unpriced_models.provider
    and billed.cost_date = unpriced_models.billing_date
    and billed.model_id = unpriced_models.model_id
where billed.charge_category <> 'tax'
