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
        count(distinct billed_currency) as currencies
    from {{ ref('int_billed_costs_unioned') }}
    where charge_category <> 'tax'
    group by all

),

metered as (

    select * from {{ ref('int_metered_costs_summed_by_month') }}
    where provider not in (select provider from billed)

)

select
    provider,
    fiscal_period,
    {{ fine_money('billed_cost') }} as period_cost,
    {{ fine_money('effective_cost') }} as effective_cost,
    {{ fine_money('prepaid_used') }} as prepaid_used,
    case when currencies = 1 then settlement_currency end as billed_currency,
    case when currencies = 1 then {{ fine_money('settlement_amount') }} end as effective_amount,
    'billed' as cost_basis
from billed
union all
select
    provider,
    fiscal_period,
    {{ fine_money('contracted_cost') }} as period_cost,
    {{ fine_money('contracted_cost') }} as effective_cost,
    cast(0 as decimal(38, 12)) as prepaid_used,
    cast(null as varchar) as billed_currency,
    cast(null as decimal(38, 12)) as effective_amount,
    'metered' as cost_basis
from metered
