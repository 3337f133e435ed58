with

billed as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as fiscal_period,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(
            case when source = 'contracts' and charge_category = 'usage' then effective_cost else prepaid_cost end
        ) as prepaid_used,
        sum(effective_amount) as settlement_amount,
        min(billed_currency) as settlement_currency,
        count(distinct billed_currency) as currencies,
        bool_or(source <> 'contracts' and metered_cost_key is null) as is_billed
    from {{ ref('int_billed_costs_unioned') }}
    where charge_category <> 'tax'
    group by all

),

metered as (

    select * from {{ ref('int_metered_costs_summed_by_month') }}
    where has_unbilled_usage

),

combined as (

    select
        coalesce(billed.provider, metered.provider) as provider,
        coalesce(billed.fiscal_period, metered.fiscal_period) as fiscal_period,
        coalesce(billed.billed_cost, 0) as billed_cost,
        coalesce(billed.effective_cost, 0) as effective_cost,
        coalesce(metered.unbilled_contracted_cost, 0) as unbilled_cost,
        coalesce(billed.prepaid_used, 0) as prepaid_used,
        case when billed.currencies = 1 then billed.settlement_currency end as billed_currency,
        case when billed.currencies = 1 then billed.settlement_amount end as settlement_amount,
        case
            when metered.provider is not null and not coalesce(billed.is_billed, false) then 'metered'
            else 'billed'
        end as cost_basis
    from billed
    full outer join metered
        on billed.provider = metered.provider and billed.fiscal_period = metered.fiscal_period

)

select
    provider,
    fiscal_period,
    {{ fine_money('billed_cost + unbilled_cost') }} as period_cost,
    {{ fine_money('effective_cost + unbilled_cost') }} as effective_cost,
    {{ fine_money('prepaid_used') }} as prepaid_used,
    billed_currency,
    case
        when unbilled_cost = 0 then {{ fine_money('settlement_amount') }}
        when effective_cost <> 0
            then {{ fine_money('settlement_amount') }}
                + {{ portion_of('settlement_amount', 'unbilled_cost', 'effective_cost') }}
    end as effective_amount,
    cost_basis
from combined
