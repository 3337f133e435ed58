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

taxes as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as fiscal_period,
        sum(billed_cost) as stated_tax,
        sum(billed_amount) as stated_tax_amount,
        case when count(distinct billed_currency) = 1 then min(billed_currency) end as tax_currency
    from {{ ref('int_billed_costs_unioned') }}
    where charge_category = 'tax'
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
    combined.provider,
    combined.fiscal_period,
    {{ fine_money('combined.billed_cost + combined.unbilled_cost') }} as period_cost,
    {{ fine_money('combined.effective_cost + combined.unbilled_cost') }} as effective_cost,
    {{ fine_money('combined.prepaid_used') }} as prepaid_used,
    {{ fine_money('coalesce(taxes.stated_tax, 0)') }} as stated_tax,
    {{ fine_money('case when taxes.tax_currency = combined.billed_currency then taxes.stated_tax_amount else 0 end') }}
        as stated_tax_amount,
    combined.billed_currency,
    case
        when combined.unbilled_cost = 0 then {{ fine_money('combined.settlement_amount') }}
        when combined.effective_cost <> 0
            then {{ fine_money('combined.settlement_amount') }} + {{ portion_of(
                'combined.settlement_amount', 'combined.unbilled_cost', 'combined.effective_cost'
            ) }}
    end as effective_amount,
    combined.cost_basis
from combined
left join taxes on combined.provider = taxes.provider and combined.fiscal_period = taxes.fiscal_period
