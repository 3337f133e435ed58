with

costs as (

    select * from {{ ref('int_period_costs_to_settle') }}

),

settled as (

    select * from {{ ref('int_ledger_postings_settled') }}

),

stated as (

    select
        provider,
        fiscal_period as posting_period,
        service_period,
        {{ fine_money('sum(net_amount)') }} as posted_amount,
        {{ fine_money('sum(posted_amount)') }} as foreign_amount
    from {{ ref('int_ai_postings_selected') }}
    where posting_kind = 'usage' and service_period is not null
    group by all

),

-- what a posting leaves over may be the company's own release of the prepaid that the period used
left_over as (

    select
        provider,
        known_from,
        known_until,
        posting_period,
        {{ fine_money('sum(' ~ portion_of(
            'posting_reporting_amount', 'unused_amount', 'posting_settlement_amount'
        ) ~ ')') }} as amount
    from settled
    group by all

)

select
    stated.provider,
    '' as known_from,
    cast(null as string) as known_until,
    stated.posting_period,
    stated.service_period,
    case
        when costs.is_settled_abroad and costs.settlement_amount <> 0
            then {{ portion_of('costs.reporting_amount', 'stated.foreign_amount', 'costs.settlement_amount') }}
        else stated.posted_amount
    end as amount,
    stated.posted_amount,
    stated.foreign_amount,
    'stated' as settlement
from stated
left join costs on stated.provider = costs.provider and stated.service_period = costs.service_period
union all
select
    settled.provider,
    settled.known_from,
    settled.known_until,
    settled.posting_period,
    settled.service_period,
    {{ fine_money('sum(' ~ portion_of(
        'costs.reporting_amount', 'settled.settled_amount', 'costs.settlement_amount'
    ) ~ ')') }},
    {{ fine_money('sum(' ~ portion_of(
        'settled.posting_reporting_amount', 'settled.settled_amount', 'settled.posting_settlement_amount'
    ) ~ ')') }},
    {{ fine_money('sum(settled.settled_amount)') }},
    'oldest_first'
from settled
inner join costs
    on settled.provider = costs.provider and settled.service_period = costs.service_period
where settled.settled_amount <> 0
group by all
union all
select
    left_over.provider,
    left_over.known_from,
    left_over.known_until,
    left_over.posting_period,
    costs.service_period,
    {{ fine_money('least(left_over.amount, costs.prepaid_used)') }},
    {{ fine_money('least(left_over.amount, costs.prepaid_used)') }},
    cast(0 as decimal(38, 12)),
    'prepaid'
from left_over
inner join costs
    on left_over.provider = costs.provider and left_over.posting_period = costs.service_period
where costs.prepaid_used > 0 and left_over.amount > 0
