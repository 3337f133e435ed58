with

usage_postings as (

    select * from {{ ref('int_ai_postings_selected') }}
    where posting_kind = 'usage'

),

entries as (

    select * from usage_postings
    where service_period is null

),

settled_abroad as (

    select distinct provider from {{ ref('int_period_costs_to_settle') }}
    where is_settled_abroad

),

postings as (

    select
        entries.provider,
        entries.fiscal_period as posting_period,
        entries.posting_date,
        entries.legal_entity_id,
        entries.journal_entry_id,
        case when count(distinct entries.posted_currency) = 1 then min(entries.posted_currency) end as posted_currency,
        {{ fine_money('sum(entries.posted_amount)') }} as posted_amount,
        {{ fine_money('sum(entries.net_amount)') }} as reporting_amount,
        {{ fine_money(
            'sum(case when settled_abroad.provider is null then entries.net_amount else entries.posted_amount end)'
        ) }} as settlement_amount
    from entries
    left join settled_abroad on entries.provider = settled_abroad.provider
    group by
        entries.provider, entries.fiscal_period, entries.posting_date, entries.legal_entity_id, entries.journal_entry_id
    having sum(case when settled_abroad.provider is null then entries.net_amount else entries.posted_amount end) <> 0

),

ordered as (

    select
        *,
        row_number() over (
            partition by provider
            order by
                posting_period, posting_date, settlement_amount < 0, legal_entity_id nulls last,
                journal_entry_id nulls last
        ) as posting_number
    from postings

),

-- what the bill shows of a posting's own month up to its day, where that is before the month's last week
used_by_then as (

    select
        ordered.provider,
        ordered.posting_number,
        coalesce(
            max_by(
                case when used.cost_date <= ordered.posting_date then used.used_amount else 0 end,
                case when used.cost_date <= ordered.posting_date then used.cost_date end
            ),
            0
        ) as amount
    from ordered
    inner join {{ ref('int_period_costs_used_by_day') }} as used
        on ordered.provider = used.provider and ordered.posting_period = used.service_period
    where not {{ may_be_for('ordered.posting_period', 'ordered.posting_date', 'ordered.posting_period') }}
    group by ordered.provider, ordered.posting_number

),

own_tax_lines as (

    select distinct provider, fiscal_period
    from {{ ref('int_ai_postings_selected') }}
    where posting_kind = 'tax' and net_amount > 0

),

-- postings that are what one month's bill states in their own currency, cost and tax, where settled in another
told_apart as (

    select
        ordered.provider,
        ordered.posting_number,
        max(stated.service_period) as tax_period,
        max_by(
            {{ portion_of(
                'ordered.settlement_amount', 'stated.tax_amount', '(stated.cost_amount + stated.tax_amount)'
            ) }},
            stated.service_period
        ) as tax_amount
    from ordered
    inner join {{ ref('int_period_taxes_stated') }} as stated
        on ordered.provider = stated.provider
        and ordered.posted_currency = stated.currency
        and ordered.posting_period >= stated.service_period
        and {{ is_stated_tax('ordered.posted_amount - stated.cost_amount', 'stated.tax_amount') }}
    left join settled_abroad on ordered.provider = settled_abroad.provider
    left join own_tax_lines
        on ordered.provider = own_tax_lines.provider and ordered.posting_period = own_tax_lines.fiscal_period
    where settled_abroad.provider is null and own_tax_lines.provider is null
    group by ordered.provider, ordered.posting_number

),

taxes as (

    select
        provider,
        service_period,
        {{ fine_money('sum(tax_amount) over (partition by provider order by service_period)') }} as stated_by_then,
        {{ fine_money('sum(tax_amount) over (partition by provider order by service_period) - tax_amount') }}
            as stated_before
    from {{ ref('int_period_costs_to_settle') }}
    where tax_amount <> 0

),

-- credits that may take back tax: of one period that the bill states, or of several on end
tax_returns as (

    select distinct ordered.provider, ordered.posting_number
    from ordered
    inner join taxes as last_taxes
        on ordered.provider = last_taxes.provider and ordered.posting_period >= last_taxes.service_period
    inner join taxes as first_taxes
        on last_taxes.provider = first_taxes.provider and last_taxes.service_period >= first_taxes.service_period
    where ordered.settlement_amount < 0
        and {{ is_stated_tax(
            '-ordered.settlement_amount', 'abs(last_taxes.stated_by_then - first_taxes.stated_before)'
        ) }}

),

-- what changes the match of earlier postings: a credit note, and a posting that states its period
known as (

    select provider, '' as known_from from ordered
    union
    select provider, posting_period from ordered
    where settlement_amount < 0
    union
    select provider, fiscal_period from usage_postings
    where service_period is not null

),

states as (

    select
        provider,
        known_from,
        lead(known_from) over (partition by provider order by known_from) as known_until
    from known

),

-- both readings of such credits, from the first of them on: as credit notes for usage, and as tax
readings as (

    select states.*, false as returns_tax
    from states
    union all
    select distinct states.*, true as returns_tax
    from states
    inner join ordered on states.provider = ordered.provider and states.known_from >= ordered.posting_period
    inner join tax_returns
        on ordered.provider = tax_returns.provider and ordered.posting_number = tax_returns.posting_number

),

read_amounts as (

    select
        readings.known_from,
        readings.known_until,
        readings.returns_tax,
        ordered.*,
        used_by_then.amount as used_by_then,
        own_tax_lines.provider is not null as has_tax_lines,
        told_apart.tax_period,
        {{ fine_money("case
            when readings.returns_tax and tax_returns.provider is not null then ordered.settlement_amount
            else coalesce(told_apart.tax_amount, 0)
        end") }} as tax_amount
    from readings
    inner join ordered
        on readings.provider = ordered.provider
        and ordered.posting_period < coalesce(readings.known_until, '9999-12')
    left join tax_returns
        on ordered.provider = tax_returns.provider and ordered.posting_number = tax_returns.posting_number
    left join told_apart
        on ordered.provider = told_apart.provider and ordered.posting_number = told_apart.posting_number
    left join used_by_then
        on ordered.provider = used_by_then.provider and ordered.posting_number = used_by_then.posting_number
    left join own_tax_lines
        on ordered.provider = own_tax_lines.provider and ordered.posting_period = own_tax_lines.fiscal_period

),

summed as (

    select
        *,
        settlement_amount - tax_amount as usage_amount,
        sum(settlement_amount - tax_amount) over (
            partition by provider, known_from, returns_tax order by posting_number
        ) as posted_by_then
    from read_amounts

),

bounded as (

    select
        *,
        posted_by_then - usage_amount as posted_before,
        min(posted_by_then) over later as least_posted_later,
        max(posted_by_then) over later as most_posted_later
    from summed
    window later as (
        partition by provider, known_from, returns_tax
        order by posting_number rows between 1 following and unbounded following
    )

)

select
    provider,
    known_from,
    known_until,
    returns_tax,
    posting_number,
    posting_period,
    posting_date,
    reporting_amount,
    settlement_amount,
    {{ fine_money('used_by_then') }} as used_by_then,
    has_tax_lines,
    tax_period,
    tax_amount,
    {{ fine_money('case
        when usage_amount > 0
            then greatest(least(posted_by_then, coalesce(least_posted_later, posted_by_then)) - greatest(posted_before, 0), 0)
        else -greatest(least(posted_before, 0) - greatest(posted_by_then, coalesce(most_posted_later, posted_by_then)), 0)
    end') }} as remaining_amount
from bounded
