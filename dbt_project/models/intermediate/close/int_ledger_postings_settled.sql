with recursive

own_tax_lines as (

    select distinct provider, fiscal_period
    from {{ ref('int_ai_postings_selected') }}
    where posting_kind = 'tax'

),

postings as (

    select
        netted.*,
        own_tax_lines.provider is null as may_hold_tax,
        row_number() over (partition by netted.provider, netted.known_from order by netted.posting_number) as place
    from {{ ref('int_ledger_postings_netted') }} as netted
    left join own_tax_lines
        on netted.provider = own_tax_lines.provider and netted.posting_period = own_tax_lines.fiscal_period
    where netted.remaining_amount > 0

),

costs as (

    select * from {{ ref('int_period_costs_to_settle') }}

),

first_periods as (

    select provider, min(service_period) as first_period
    from costs
    where settlement_amount > 0
    group by provider

),

states as (

    select distinct provider, known_from, known_until from postings

),

stated as (

    select
        states.provider,
        states.known_from,
        entries.service_period,
        {{ fine_money(
            'sum(case when costs.is_settled_abroad then entries.posted_amount else entries.net_amount end)'
        ) }} as settlement_amount
    from states
    inner join {{ ref('int_ai_postings_selected') }} as entries
        on states.provider = entries.provider
        and entries.fiscal_period < coalesce(states.known_until, '9999-12')
    inner join costs
        on entries.provider = costs.provider and entries.service_period = costs.service_period
    where entries.posting_kind = 'usage'
    group by all

),

periods as (

    select
        states.provider,
        states.known_from,
        costs.service_period,
        costs.settlement_amount as cost_amount,
        costs.tax_amount,
        {{ fine_money('costs.settlement_amount - coalesce(stated.settlement_amount, 0)') }} as open_amount,
        row_number() over (partition by states.provider, states.known_from order by costs.service_period) as place
    from states
    inner join costs on states.provider = costs.provider
    left join stated
        on states.provider = stated.provider
        and states.known_from = stated.known_from
        and costs.service_period = stated.service_period
    where costs.settlement_amount <> 0
        and (
            stated.provider is null
            or (
                stated.settlement_amount < costs.settlement_amount
                and not {{ settles_in_full(
                    'stated.settlement_amount', 'costs.settlement_amount', 'costs.settlement_amount'
                ) }}
            )
        )

),

-- one step settles one posting against one period, the oldest that is open; spent and covered are what earlier steps
-- took of the two, tax_passed is what the periods that the posting has passed state, tax_unseen those that were last
-- closed without it
walk as (

    select
        provider,
        known_from,
        cast(1 as bigint) as posting_place,
        cast(1 as bigint) as period_place,
        cast(0 as decimal(38, 12)) as spent,
        cast(0 as decimal(38, 12)) as covered,
        cast(0 as decimal(38, 12)) as tax_passed,
        cast(0 as decimal(38, 12)) as tax_unseen,
        cast(null as bigint) as posting_number,
        cast(null as string) as service_period,
        cast(0 as decimal(38, 12)) as settled_amount,
        cast(0 as decimal(38, 12)) as unused_amount,
        cast(0 as decimal(38, 12)) as tax_amount
    from postings
    where place = 1
    union all
    select
        provider,
        known_from,
        posting_place + case when outcome = 'passes' then 0 else 1 end,
        period_place + case when outcome in ('passes', 'closes') then 1 else 0 end,
        {{ fine_money("case when outcome = 'passes' then spent + open_amount else 0 end") }},
        {{ fine_money(
            "case when outcome = 'part' then covered + left_amount "
            ~ "when outcome in ('unused', 'tax') then covered else 0 end"
        ) }},
        {{ fine_money("case when outcome = 'passes' then tax_open else 0 end") }},
        {{ fine_money(
            "case when outcome = 'tax' or (outcome = 'closes' and tax_held > 0) then 0 "
            ~ "when outcome = 'closes' then tax_open else tax_unseen end"
        ) }},
        posting_number,
        case when outcome <> 'tax' then service_period end,
        {{ fine_money(
            "case when outcome in ('unused', 'tax') then 0 when outcome = 'part' then left_amount else open_amount end"
        ) }},
        {{ fine_money("case when outcome = 'unused' then left_amount else 0 end") }},
        {{ fine_money(
            "case outcome when 'closes' then tax_held when 'tax' then least(left_amount, tax_unseen) else 0 end"
        ) }}
    from (
        select
            *,
            case
                when open_amount > 0
                    and (tax_held > 0 or {{ settles_in_full('left_amount', 'open_amount', 'cost_amount') }})
                    then 'closes'
                when may_hold_tax and spent = 0 and tax_unseen > 0
                    and {{ is_stated_tax('left_amount', 'tax_unseen') }}
                    then 'tax'
                when open_amount is null then 'unused'
                when left_amount > open_amount then 'passes'
                else 'part'
            end as outcome
        from (
            select
                *,
                case when may_hold_tax
                    then {{ tax_held(
                        'left_amount', 'open_amount', 'tax_open', 'cost_amount',
                        '(spent = 0 and open_amount = cost_amount)'
                    ) }}
                    else 0
                end as tax_held
            from (
                select
                    walk.provider,
                    walk.known_from,
                    walk.posting_place,
                    walk.period_place,
                    walk.spent,
                    walk.covered,
                    walk.tax_unseen,
                    postings.posting_number,
                    postings.may_hold_tax,
                    periods.service_period,
                    periods.cost_amount,
                    {{ fine_money('postings.remaining_amount - walk.spent') }} as left_amount,
                    {{ fine_money('periods.open_amount - walk.covered') }} as open_amount,
                    {{ fine_money('walk.tax_passed + periods.tax_amount') }} as tax_open
                from walk
                inner join postings
                    on walk.provider = postings.provider
                    and walk.known_from = postings.known_from
                    and walk.posting_place = postings.place
                left join first_periods on walk.provider = first_periods.provider
                left join periods
                    on walk.provider = periods.provider
                    and walk.known_from = periods.known_from
                    and walk.period_place = periods.place
                    and postings.posting_period >= periods.service_period
                    and {{ may_be_for(
                        'postings.posting_period', 'postings.posting_date', 'first_periods.first_period'
                    ) }}
            ) as met
        ) as weighed
    ) as judged

)

select
    postings.provider,
    postings.known_from,
    postings.known_until,
    postings.posting_number,
    postings.posting_period,
    walk.service_period,
    postings.settlement_amount as posting_settlement_amount,
    postings.reporting_amount as posting_reporting_amount,
    sum(walk.settled_amount) as settled_amount,
    sum(walk.unused_amount) as unused_amount,
    sum(walk.tax_amount) as tax_amount
from walk
inner join postings
    on walk.provider = postings.provider
    and walk.known_from = postings.known_from
    and walk.posting_number = postings.posting_number
group by all
