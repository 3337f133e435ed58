with

period_costs as (

    select * from {{ ref('int_period_costs_summed') }}

),

postings as (

    select * from {{ ref('int_ai_postings_selected') }}
    where posting_kind = 'usage'

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

posting_currencies as (

    select
        provider,
        case when count(distinct posted_currency) = 1 then min(posted_currency) end as posted_currency
    from postings
    group by provider

),

billing_currencies as (

    select
        provider,
        case
            when count(distinct billed_currency) = 1 and count(*) = count(billed_currency) then min(billed_currency)
        end as billed_currency
    from period_costs
    group by provider

),

settled_abroad as (

    select posting_currencies.provider
    from posting_currencies
    inner join billing_currencies
        on posting_currencies.provider = billing_currencies.provider
        and posting_currencies.posted_currency = billing_currencies.billed_currency
    cross join run_parameters
    where posting_currencies.posted_currency <> run_parameters.reporting_currency

)

select
    period_costs.provider,
    period_costs.fiscal_period as service_period,
    settled_abroad.provider is not null as is_settled_abroad,
    {{ fine_money('period_costs.effective_cost - period_costs.prepaid_used') }} as reporting_amount,
    case
        when settled_abroad.provider is null
            then {{ fine_money('period_costs.effective_cost - period_costs.prepaid_used') }}
        else {{ portion_of(
            'period_costs.effective_amount', '(period_costs.effective_cost - period_costs.prepaid_used)',
            'period_costs.effective_cost'
        ) }}
    end as settlement_amount,
    case when settled_abroad.provider is null then period_costs.stated_tax else period_costs.stated_tax_amount end
        as tax_amount,
    period_costs.prepaid_used
from period_costs
left join settled_abroad on period_costs.provider = settled_abroad.provider
