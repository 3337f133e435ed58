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
        {{ fine_money('sum(entries.net_amount)') }} as reporting_amount,
        {{ fine_money(
            'sum(case when settled_abroad.provider is null then entries.net_amount else entries.posted_amount end)'
        ) }} as settlement_amount
    from entries
    left join settled_abroad on entries.provider = settled_abroad.provider
    group by all
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

summed as (

    select
        states.known_from,
        states.known_until,
        ordered.*,
        sum(ordered.settlement_amount) over (
            partition by ordered.provider, states.known_from order by ordered.posting_number
        ) as posted_by_then
    from states
    inner join ordered
        on states.provider = ordered.provider
        and ordered.posting_period < coalesce(states.known_until, '9999-12')

),

bounded as (

    select
        *,
        posted_by_then - settlement_amount as posted_before,
        min(posted_by_then) over later as least_posted_later,
        max(posted_by_then) over later as most_posted_later
    from summed
    window later as (
        partition by provider, known_from order by posting_number rows between 1 following and unbounded following
    )

)

select
    provider,
    known_from,
    known_until,
    posting_number,
    posting_period,
    posting_date,
    reporting_amount,
    settlement_amount,
    {{ fine_money('case
        when settlement_amount > 0
            then greatest(least(posted_by_then, coalesce(least_posted_later, posted_by_then)) - greatest(posted_before, 0), 0)
        else -greatest(least(posted_before, 0) - greatest(posted_by_then, coalesce(most_posted_later, posted_by_then)), 0)
    end') }} as remaining_amount
from bounded
