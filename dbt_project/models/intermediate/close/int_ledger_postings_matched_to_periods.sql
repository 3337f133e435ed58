with

costs as (

    select * from {{ ref('int_period_costs_to_settle') }}

),

settled as (

    select * from {{ ref('int_ledger_postings_settled') }}

),

-- states in which credits take back tax
tax_returns as (

    select distinct provider, known_from from settled
    where returns_tax

),

netted as (

    select netted.*
    from {{ ref('int_ledger_postings_netted') }} as netted
    left join tax_returns
        on netted.provider = tax_returns.provider and netted.known_from = tax_returns.known_from
    where netted.returns_tax = (tax_returns.provider is not null)

),

entries as (

    select * from {{ ref('int_ai_postings_selected') }}

),

stated_sums as (

    select
        provider,
        fiscal_period as posting_period,
        service_period,
        {{ fine_money('sum(net_amount)') }} as posted_amount,
        {{ fine_money('sum(posted_amount)') }} as foreign_amount
    from entries
    where posting_kind = 'usage' and service_period is not null
    group by all

),

own_tax_lines as (

    select distinct provider, fiscal_period
    from entries
    where posting_kind = 'tax' and net_amount > 0

),

summed as (

    select
        stated_sums.*,
        own_tax_lines.provider is null as may_hold_tax,
        costs.is_settled_abroad,
        costs.reporting_amount as cost_reporting_amount,
        costs.settlement_amount as cost_settlement_amount,
        costs.tax_amount as stated_tax_amount,
        case when costs.is_settled_abroad then stated_sums.foreign_amount else stated_sums.posted_amount end
            as settlement_amount,
        sum(case when costs.is_settled_abroad then stated_sums.foreign_amount else stated_sums.posted_amount end) over (
            partition by stated_sums.provider, stated_sums.service_period order by stated_sums.posting_period
        ) as posted_by_then
    from stated_sums
    left join costs
        on stated_sums.provider = costs.provider and stated_sums.service_period = costs.service_period
    left join own_tax_lines
        on stated_sums.provider = own_tax_lines.provider
        and stated_sums.posting_period = own_tax_lines.fiscal_period

),

taxed as (

    select
        *,
        {{ fine_money('case
            when may_hold_tax and cost_settlement_amount is not null
                then ' ~ tax_held_by_stated('posted_by_then', 'cost_settlement_amount', 'stated_tax_amount') ~ '
                    - ' ~ tax_held_by_stated(
                        '(posted_by_then - settlement_amount)', 'cost_settlement_amount', 'stated_tax_amount'
                    ) ~ '
            else 0
        end') }} as tax_amount
    from summed

),

stated_tax as (

    select
        provider,
        posting_period,
        service_period,
        {{ fine_money(portion_of('posted_amount', 'tax_amount', 'settlement_amount')) }} as amount,
        tax_amount as foreign_amount
    from taxed
    where tax_amount <> 0

),

stated as (

    select
        taxed.provider,
        taxed.posting_period,
        taxed.service_period,
        taxed.is_settled_abroad,
        taxed.cost_reporting_amount,
        taxed.cost_settlement_amount,
        {{ fine_money('taxed.posted_amount - coalesce(stated_tax.amount, 0)') }} as posted_amount,
        {{ fine_money(
            'taxed.foreign_amount - case when taxed.is_settled_abroad then coalesce(stated_tax.foreign_amount, 0) else 0 end'
        ) }} as foreign_amount
    from taxed
    left join stated_tax
        on taxed.provider = stated_tax.provider
        and taxed.posting_period = stated_tax.posting_period
        and taxed.service_period = stated_tax.service_period

),

unstated_tax as (

    select
        provider,
        known_from,
        known_until,
        posting_period,
        {{ portion_of('posting_reporting_amount', 'tax_amount', 'posting_settlement_amount') }} as amount,
        tax_amount as foreign_amount
    from settled
    where tax_amount <> 0
    union all
    select
        provider,
        known_from,
        known_until,
        posting_period,
        {{ portion_of('reporting_amount', 'tax_amount', 'settlement_amount') }},
        tax_amount
    from netted
    where tax_amount <> 0

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
    provider,
    '' as known_from,
    cast(null as string) as known_until,
    posting_period,
    service_period,
    case
        when is_settled_abroad and cost_settlement_amount <> 0
            then {{ portion_of('cost_reporting_amount', 'foreign_amount', 'cost_settlement_amount') }}
        else posted_amount
    end as amount,
    posted_amount,
    foreign_amount,
    'stated' as settlement
from stated
union all
select
    provider,
    '',
    cast(null as string),
    posting_period,
    posting_period,
    {{ fine_money('sum(amount)') }},
    {{ fine_money('sum(amount)') }},
    {{ fine_money('sum(foreign_amount)') }},
    'tax'
from stated_tax
group by all
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
    provider,
    known_from,
    known_until,
    posting_period,
    posting_period,
    {{ fine_money('sum(amount)') }},
    {{ fine_money('sum(amount)') }},
    {{ fine_money('sum(foreign_amount)') }},
    'tax'
from unstated_tax
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
