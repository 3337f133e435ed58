with

costs as (

    select * from {{ ref('int_period_costs_to_settle') }}

),

unposted as (

    select
        provider,
        {{ fiscal_period('period_end') }} as known_period,
        service_period,
        reporting_amount,
        settlement_amount,
        stated_amount,
        unposted_amount
    from {{ ref('int_period_costs_unposted') }}

),

first_bills as (

    select provider, min(service_period) as first_period
    from costs
    group by provider

),

settled as (

    select
        settled.*,
        netted.posting_date,
        row_number() over (
            partition by settled.provider, settled.known_from, settled.service_period
            order by settled.posting_number
        ) > 1 as is_settled_before
    from {{ ref('int_ledger_postings_settled') }} as settled
    inner join {{ ref('int_ledger_postings_netted') }} as netted
        on settled.provider = netted.provider
        and settled.known_from = netted.known_from
        and settled.returns_tax = netted.returns_tax
        and settled.posting_number = netted.posting_number

),

known as (

    select
        periods.known_period,
        periods.next_period,
        settled.*
    from (
        select
            provider,
            known_period,
            lead(known_period) over (partition by provider order by known_period) as next_period
        from (select distinct provider, known_period from unposted) as distinct_periods
    ) as periods
    inner join settled
        on periods.provider = settled.provider
        and periods.known_period >= settled.posting_period
        and periods.known_period >= settled.known_from
        and periods.known_period < coalesce(settled.known_until, '9999-12')

),

-- what is left over of a posting whose own period has a bill, and no prepaid that it may release
left_over as (

    select
        known.*,
        sum(known.unused_amount) over (
            partition by known.provider, known.known_period order by known.posting_number
        ) as left_by_then
    from known
    inner join costs
        on known.provider = costs.provider
        and known.posting_period = costs.service_period
        and costs.prepaid_used = 0
    inner join first_bills on known.provider = first_bills.provider
    where known.unused_amount > 0
        and {{ may_be_for('known.posting_period', 'known.posting_date', 'first_bills.first_period') }}

),

-- postings that credit notes took back from, once known
reduced as (

    select
        netted.provider,
        netted.known_from,
        netted.known_until,
        netted.posting_period,
        netted.posting_date
    from {{ ref('int_ledger_postings_netted') }} as netted
    inner join (select distinct provider, known_from, returns_tax from settled) as reading
        on netted.provider = reading.provider
        and netted.known_from = reading.known_from
        and netted.returns_tax = reading.returns_tax
    where netted.settlement_amount > 0 and netted.remaining_amount < netted.settlement_amount - netted.tax_amount

),

-- periods whose invoice has come: it states them, or was posted in their last week or later and settled them, or an
-- older period that had been settled in part, or was taken back
invoiced as (

    select distinct
        unposted.provider,
        unposted.known_period,
        unposted.service_period
    from unposted
    left join known
        on unposted.provider = known.provider
        and unposted.known_period = known.known_period
        and known.posting_period >= unposted.service_period
        and {{ may_be_for('known.posting_period', 'known.posting_date', 'unposted.service_period') }}
        and (
            known.service_period = unposted.service_period
            or (known.service_period < unposted.service_period and known.is_settled_before)
        )
    where unposted.stated_amount <> 0 or known.provider is not null
    union
    select
        unposted.provider,
        unposted.known_period,
        unposted.service_period
    from unposted
    inner join reduced
        on unposted.provider = reduced.provider
        and unposted.known_period >= reduced.posting_period
        and unposted.known_period >= reduced.known_from
        and unposted.known_period < coalesce(reduced.known_until, '9999-12')
        and reduced.posting_period >= unposted.service_period
        and {{ may_be_for('reduced.posting_period', 'reduced.posting_date', 'unposted.service_period') }}

),

short as (

    select
        unposted.*,
        sum(unposted.unposted_amount) over (
            partition by unposted.provider, unposted.known_period order by unposted.service_period
        ) as short_by_then
    from unposted
    inner join invoiced
        on unposted.provider = invoiced.provider
        and unposted.known_period = invoiced.known_period
        and unposted.service_period = invoiced.service_period
    where unposted.settlement_amount > 0 and unposted.unposted_amount > 0

),

carried as (

    select
        left_over.provider,
        left_over.known_period,
        left_over.next_period,
        left_over.posting_period,
        left_over.posting_settlement_amount,
        left_over.posting_reporting_amount,
        short.service_period,
        short.reporting_amount,
        short.settlement_amount,
        {{ fine_money(
            'least(left_over.left_by_then, short.short_by_then)'
            ~ ' - greatest(left_over.left_by_then - left_over.unused_amount, short.short_by_then - short.unposted_amount)'
        ) }} as carried_amount
    from left_over
    inner join short
        on left_over.provider = short.provider
        and left_over.known_period = short.known_period
        and left_over.left_by_then > short.short_by_then - short.unposted_amount
        and short.short_by_then > left_over.left_by_then - left_over.unused_amount

)

select
    provider,
    known_period as known_from,
    next_period as known_until,
    posting_period,
    service_period,
    {{ fine_money('sum(' ~ portion_of('reporting_amount', 'carried_amount', 'settlement_amount') ~ ')') }} as amount,
    {{ fine_money('sum(' ~ portion_of(
        'posting_reporting_amount', 'carried_amount', 'posting_settlement_amount'
    ) ~ ')') }} as posted_amount,
    {{ fine_money('sum(carried_amount)') }} as foreign_amount
from carried
group by all
