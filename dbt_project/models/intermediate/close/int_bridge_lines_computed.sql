with

explained as (

    select
        provider,
        {{ fiscal_period('cost_date') }} as fiscal_period,
        explanation,
        sum(billed_cost) as billed_cost,
        sum(billed_cost + prepaid_cost) as charged_cost,
        sum(prepaid_cost) as prepaid_cost,
        sum(effective_cost - billed_cost) as prepaid_timing,
        sum(billed_cost + prepaid_cost - stated_list_cost) filter (where stated_list_cost is not null)
            as stated_discount,
        count(stated_list_cost) > 0 as states_list_cost
    from {{ ref('int_billed_costs_explained') }}
    group by all

),

metered as (

    select * from {{ ref('int_metered_costs_summed_by_month') }}

),

stating_providers as (

    select distinct provider from explained
    where explanation = 'matched' and states_list_cost

),

postings as (

    select * from {{ ref('int_ledger_postings_matched_to_periods') }}

),

period_costs as (

    select * from {{ ref('int_period_costs_summed') }}

),

posted_for_period as (

    select
        provider,
        service_period as fiscal_period,
        sum(amount) as posted_amount,
        bool_or(is_stated) as is_stated
    from postings
    group by all

),

ai_postings as (

    select * from {{ ref('int_ai_postings_selected') }}

),

lines as (

    select provider, fiscal_period, explanation as bridge_line, charged_cost as amount
    from explained
    where explanation in ('unpriced_usage', 'untracked_traffic', 'credits')
    union all
    select provider, fiscal_period, 'credits', -prepaid_cost
    from explained
    union all
    select provider, fiscal_period, 'prepaid_timing', prepaid_timing
    from explained
    union all
    select provider, fiscal_period, 'discount', stated_discount
    from explained
    where explanation = 'matched' and stated_discount is not null
    union all
    select provider, fiscal_period, 'discount', contracted_cost - metered_list_cost
    from metered
    where provider not in (select provider from stating_providers)
    union all
    select provider, fiscal_period, 'discount', unbilled_contracted_cost - unbilled_list_cost
    from metered
    where provider in (select provider from stating_providers)
    union all
    select provider, fiscal_period, 'tax', net_amount
    from ai_postings
    where is_tax and not is_own_journal
    union all
    select provider, posting_period, 'currency', posted_amount - amount
    from postings
    union all
    select provider, posting_period, 'cut_off', amount
    from postings
    where posting_period <> service_period
    union all
    select provider, service_period, 'cut_off', -amount
    from postings
    where posting_period <> service_period
    union all
    select
        period_costs.provider,
        period_costs.fiscal_period,
        'unposted_accrual',
        -(period_costs.effective_cost - coalesce(posted_for_period.posted_amount, 0))
    from period_costs
    left join posted_for_period
        on period_costs.provider = posted_for_period.provider
        and period_costs.fiscal_period = posted_for_period.fiscal_period
    where coalesce(posted_for_period.is_stated, false) is false
        or posted_for_period.posted_amount
        < period_costs.effective_cost * (1 - {{ policy_value('residual_alarm_ratio', 'decimal(10, 9)') }})
    union all
    select provider, fiscal_period, 'metering_difference', other_source_list_cost - metered_list_cost
    from metered
    where has_other_source
    union all
    select provider, fiscal_period, 'duplicates', -removed_cost
    from {{ ref('int_gateway_duplicates_valued') }}
    union all
    select provider, fiscal_period, 'repeated_requests', counted_again_cost
    from {{ ref('int_gateway_duplicates_valued') }}
    where counted_again_cost <> 0
    union all
    select provider, fiscal_period, case when is_reversal then 'accrual_reversal' else 'accrual' end, net_amount
    from ai_postings
    where is_own_journal

)

select
    provider,
    fiscal_period,
    bridge_line,
    {{ fine_money('sum(amount)') }} as amount
from lines
group by all
