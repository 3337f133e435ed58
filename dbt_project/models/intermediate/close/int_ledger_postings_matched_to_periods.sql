{# One row per provider, posting period and period it pays for. A stated service period rules; other postings settle the oldest unposted period first:
   posted and billed amounts are laid end to end, and each overlap belongs to the pair of periods that meet there. Our own accrual journals stay out. #}
with

entries as (

    select * from {{ ref('int_ledger_entries_classified') }}
    where account_role in (
        'ai_cost_of_goods_sold', 'ai_research_and_development', 'ai_operating_expense', 'ai_capitalized'
    )
    and provider is not null
    and journal_entry_id not like 'TKN-%'

),

billed as (

    select * from {{ ref('int_period_costs_summed') }}

),

stated as (

    select
        provider,
        fiscal_period as posting_period,
        service_period,
        sum(debit_amount - credit_amount) as amount
    from entries
    where service_period is not null
    group by all

),

open_billed as (

    select
        billed.provider,
        billed.fiscal_period as service_period,
        billed.effective_cost as amount
    from billed
    left join (select distinct provider, service_period from stated) as stated_periods
        on billed.provider = stated_periods.provider and billed.fiscal_period = stated_periods.service_period
    where stated_periods.provider is null and billed.effective_cost > 0

),

open_posted as (

    select
        provider,
        fiscal_period as posting_period,
        sum(debit_amount - credit_amount) as amount
    from entries
    where service_period is null
    group by all
    having sum(debit_amount - credit_amount) > 0

),

billed_line as (

    select
        *,
        sum(amount) over (partition by provider order by service_period) - amount as starts_at,
        sum(amount) over (partition by provider order by service_period) as ends_at
    from open_billed

),

posted_line as (

    select
        *,
        sum(amount) over (partition by provider order by posting_period) - amount as starts_at,
        sum(amount) over (partition by provider order by posting_period) as ends_at
    from open_posted

),

oldest_first as (

    select
        billed_line.provider,
        posted_line.posting_period,
        billed_line.service_period,
        least(billed_line.ends_at, posted_line.ends_at)
        - greatest(billed_line.starts_at, posted_line.starts_at) as amount
    from billed_line
    inner join posted_line
        on billed_line.provider = posted_line.provider
        and billed_line.starts_at < posted_line.ends_at
        and posted_line.starts_at < billed_line.ends_at

)

select provider, posting_period, service_period, {{ fine_money('amount') }} as amount, true as is_stated from stated
union all
select provider, posting_period, service_period, {{ fine_money('amount') }} as amount, false as is_stated from oldest_first
