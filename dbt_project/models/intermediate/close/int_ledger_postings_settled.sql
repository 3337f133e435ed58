with recursive

postings as (

    select
        netted.*,
        not netted.has_tax_lines and netted.tax_period is null as may_hold_tax,
        row_number() over (
            partition by netted.provider, netted.known_from, netted.returns_tax order by netted.posting_number
        ) as place
    from {{ ref('int_ledger_postings_netted') }} as netted
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

    select distinct provider, known_from, known_until, returns_tax from postings

),

stated as (

    select
        states.provider,
        states.known_from,
        states.returns_tax,
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
        states.returns_tax,
        costs.service_period,
        costs.settlement_amount as cost_amount,
        costs.tax_amount,
        {{ fine_money('costs.settlement_amount - coalesce(stated.settlement_amount, 0)') }} as open_amount,
        row_number() over (
            partition by states.provider, states.known_from, states.returns_tax order by costs.service_period
        ) as place
    from states
    inner join costs on states.provider = costs.provider
    left join stated
        on states.provider = stated.provider
        and states.known_from = stated.known_from
        and states.returns_tax = stated.returns_tax
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
-- closed without it. Who is paid in arrears, by what the last posting before a month's last week settled, is not paid
-- in such a posting for more of its own month than its bill shows by then.
walk as (

    select
        provider,
        known_from,
        returns_tax,
        cast(1 as bigint) as posting_place,
        cast(1 as bigint) as period_place,
        cast(0 as decimal(38, 12)) as spent,
        cast(0 as decimal(38, 12)) as covered,
        cast(0 as decimal(38, 12)) as tax_passed,
        cast(0 as decimal(38, 12)) as tax_unseen,
        false as in_arrears,
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
        returns_tax,
        posting_place + case when outcome = 'passes' then 0 else 1 end,
        period_place + case when outcome in ('passes', 'closes') then 1 else 0 end,
        {{ fine_money("case when outcome = 'passes' then spent + open_amount else 0 end") }},
        {{ fine_money(
            "case when outcome = 'part' then covered + left_amount "
            ~ "when outcome in ('unused', 'tax') then covered else 0 end"
        ) }},
        {{ fine_money("case when outcome = 'passes' then tax_open else 0 end") }},
        {{ fine_money(
            "case when outcome = 'tax' or (outcome = 'closes' and tax_held <> 0) then 0 "
            ~ "when outcome = 'closes' then tax_open else tax_unseen end"
        ) }},
        case
            when not may_be_for_own and spent = 0 and outcome in ('passes', 'closes', 'part')
                then service_period < posting_period
            else in_arrears
        end,
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
                when is_early then 'unused'
                when open_amount > 0
                    and (tax_held <> 0 or {{ settles_in_full('left_amount', 'open_amount', 'cost_amount') }})
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
                end as tax_held,
                coalesce(
                    in_arrears and spent = 0 and not may_be_for_own and service_period = posting_period
                    and left_amount > used_by_then - (cost_amount - open_amount) + greatest(tax_open, 0)
                    and not {{ settles_in_full(
                        'left_amount', 'used_by_then - (cost_amount - open_amount) + greatest(tax_open, 0)', 'cost_amount'
                    ) }},
                    false
                ) as is_early
            from (
                select
                    walk.provider,
                    walk.known_from,
                    walk.returns_tax,
                    walk.posting_place,
                    walk.period_place,
                    walk.spent,
                    walk.covered,
                    walk.tax_unseen,
                    walk.in_arrears,
                    postings.posting_number,
                    postings.posting_period,
                    postings.used_by_then,
                    postings.may_hold_tax,
                    {{ may_be_for(
                        'postings.posting_period', 'postings.posting_date', 'postings.posting_period'
                    ) }} as may_be_for_own,
                    periods.service_period,
                    periods.cost_amount,
                    {{ fine_money('postings.remaining_amount - walk.spent') }} as left_amount,
                    {{ fine_money('periods.open_amount - walk.covered') }} as open_amount,
                    {{ fine_money('walk.tax_passed + periods.tax_amount') }} as tax_open
                from walk
                inner join postings
                    on walk.provider = postings.provider
                    and walk.known_from = postings.known_from
                    and walk.returns_tax = postings.returns_tax
                    and walk.posting_place = postings.place
                left join first_periods on walk.provider = first_periods.provider
                left join periods
                    on walk.provider = periods.provider
                    and walk.known_from = periods.known_from
                    and walk.returns_tax = periods.returns_tax
                    and walk.period_place = periods.place
                    and postings.posting_period >= periods.service_period
                    and {{ may_be_for(
                        'postings.posting_period', 'postings.posting_date', 'first_periods.first_period'
                    ) }}
            ) as met
        ) as weighed
    ) as judged

),

steps as (

    select
        walk.*,
        postings.known_until,
        postings.posting_period,
        postings.settlement_amount as posting_settlement_amount,
        postings.reporting_amount as posting_reporting_amount
    from walk
    inner join postings
        on walk.provider = postings.provider
        and walk.known_from = postings.known_from
        and walk.returns_tax = postings.returns_tax
        and walk.posting_number = postings.posting_number

),

paid as (

    select provider, known_from, returns_tax, service_period, sum(settled_amount) as settled_amount
    from steps
    where posting_period <= known_from and service_period is not null
    group by provider, known_from, returns_tax, service_period

),

-- what each reading of the credits leaves amiss when they come: periods paid in part, and postings that pay for none
amiss as (

    select provider, known_from, returns_tax, count(*) as times
    from (
        select paid.provider, paid.known_from, paid.returns_tax
        from paid
        inner join periods
            on paid.provider = periods.provider
            and paid.known_from = periods.known_from
            and paid.returns_tax = periods.returns_tax
            and paid.service_period = periods.service_period
            and paid.settled_amount < periods.open_amount
        union all
        select provider, known_from, returns_tax
        from steps
        where posting_period <= known_from and unused_amount > 0
    ) as found
    group by provider, known_from, returns_tax

),

held as (

    select provider, known_from, sum(tax_amount) as amount
    from (
        select provider, known_from, returns_tax, posting_period, tax_amount from steps
        union all
        select provider, known_from, returns_tax, posting_period, tax_amount
        from {{ ref('int_ledger_postings_netted') }}
        where tax_period is not null
    ) as found
    where returns_tax and posting_period <= known_from
    group by provider, known_from

),

returned as (

    select provider, known_from, -sum(tax_amount) as amount
    from {{ ref('int_ledger_postings_netted') }}
    where returns_tax and tax_period is null and posting_period <= known_from
    group by provider, known_from

),

-- they take back tax where the postings hold as much, and where that leaves less amiss
taken_back as (

    select held.provider, held.known_from
    from held
    inner join returned
        on held.provider = returned.provider
        and held.known_from = returned.known_from
        and (returned.amount <= held.amount or {{ is_stated_tax('returned.amount', 'held.amount') }})
    inner join amiss as as_usage
        on held.provider = as_usage.provider and held.known_from = as_usage.known_from and not as_usage.returns_tax
    left join amiss as as_tax
        on held.provider = as_tax.provider and held.known_from = as_tax.known_from and as_tax.returns_tax
    where coalesce(as_tax.times, 0) < as_usage.times

)

select
    steps.provider,
    steps.known_from,
    steps.known_until,
    steps.returns_tax,
    steps.posting_number,
    steps.posting_period,
    steps.service_period,
    steps.posting_settlement_amount,
    steps.posting_reporting_amount,
    sum(steps.settled_amount) as settled_amount,
    sum(steps.unused_amount) as unused_amount,
    sum(steps.tax_amount) as tax_amount
from steps
left join taken_back on steps.provider = taken_back.provider and steps.known_from = taken_back.known_from
where steps.returns_tax = (taken_back.provider is not null)
group by all
