with

entries as (

    select * from {{ ref('int_ai_postings_selected') }}
    where not is_own_journal and not is_tax

),

period_costs as (

    select * from {{ ref('int_period_costs_summed') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

posting_currencies as (

    select
        provider,
        case when count(distinct posted_currency) = 1 then min(posted_currency) end as posted_currency
    from entries
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

),

costs as (

    select
        period_costs.provider,
        period_costs.fiscal_period as service_period,
        period_costs.effective_cost as reporting_amount,
        case
            when settled_abroad.provider is null then period_costs.effective_cost
            else period_costs.effective_amount
        end
            as settlement_amount
    from period_costs
    left join settled_abroad on period_costs.provider = settled_abroad.provider

),

postings as (

    select
        entries.provider,
        entries.fiscal_period as posting_period,
        entries.service_period,
        sum(entries.net_amount) as reporting_amount,
        sum(case when settled_abroad.provider is null then entries.net_amount else entries.posted_amount end)
            as settlement_amount
    from entries
    left join settled_abroad on entries.provider = settled_abroad.provider
    group by all

),

cost_line as (

    select
        costs.*,
        sum(costs.settlement_amount) over (partition by costs.provider order by costs.service_period)
        - costs.settlement_amount as starts_at,
        sum(costs.settlement_amount) over (partition by costs.provider order by costs.service_period) as ends_at
    from costs
    left join (select distinct provider, service_period from postings where service_period is not null) as stated
        on costs.provider = stated.provider and costs.service_period = stated.service_period
    where stated.provider is null and costs.settlement_amount > 0

),

posting_line as (

    select
        *,
        sum(settlement_amount) over (partition by provider order by posting_period) - settlement_amount as starts_at,
        sum(settlement_amount) over (partition by provider order by posting_period) as ends_at
    from postings
    where service_period is null and settlement_amount > 0

),

oldest_first as (

    select
        cost_line.provider,
        posting_line.posting_period,
        cost_line.service_period,
        least(cost_line.ends_at, posting_line.ends_at)
        - greatest(cost_line.starts_at, posting_line.starts_at) as settled_amount,
        cost_line.settlement_amount as cost_settlement_amount,
        cost_line.reporting_amount as cost_reporting_amount,
        posting_line.settlement_amount as posting_settlement_amount,
        posting_line.reporting_amount as posting_reporting_amount
    from cost_line
    inner join posting_line
        on cost_line.provider = posting_line.provider
        and cost_line.starts_at < posting_line.ends_at
        and posting_line.starts_at < cost_line.ends_at

)

select
    provider,
    posting_period,
    service_period,
    {{ fine_money('reporting_amount') }} as amount,
    {{ fine_money('reporting_amount') }} as posted_amount,
    true as is_stated
from postings
where service_period is not null
union all
select
    provider,
    posting_period,
    service_period,
    {{ portion_of('cost_reporting_amount', 'settled_amount', 'cost_settlement_amount') }} as amount,
    {{ portion_of('posting_reporting_amount', 'settled_amount', 'posting_settlement_amount') }} as posted_amount,
    false as is_stated
from oldest_first
