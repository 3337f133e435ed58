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

    select provider, posting_period, service_period, amount, posted_amount, settlement
    from {{ ref('int_ledger_postings_matched_to_periods') }}
    where known_until is null
    union all
    select provider, posting_period, service_period, amount, posted_amount, 'carried' as settlement
    from {{ ref('int_ledger_postings_carried') }}
    where known_until is null

),

netted as (

    select netted.*
    from {{ ref('int_ledger_postings_netted') }} as netted
    left join (
        select distinct provider from {{ ref('int_ledger_postings_settled') }}
        where known_until is null and returns_tax
    ) as tax_returns on netted.provider = tax_returns.provider
    where netted.known_until is null and netted.returns_tax = (tax_returns.provider is not null)

),

still_open as (

    select open_costs.*
    from {{ ref('int_period_costs_open') }} as open_costs
    cross join {{ ref('stg_run__parameters') }} as run_parameters
    where open_costs.period_end = last_day(run_parameters.as_of_date)

),

ai_postings as (

    select * from {{ ref('int_ai_postings_selected') }}

),

lines as (

    select provider, fiscal_period, explanation as bridge_line, {{ fine_money('charged_cost') }} as amount
    from explained
    where explanation in ('unpriced_usage', 'untracked_traffic', 'credits')
    union all
    select provider, fiscal_period, 'credits', {{ fine_money('-prepaid_cost') }}
    from explained
    union all
    select provider, fiscal_period, 'prepaid_timing', {{ fine_money('prepaid_timing') }}
    from explained
    union all
    select provider, fiscal_period, 'discount', {{ fine_money('stated_discount') }}
    from explained
    where explanation = 'matched' and stated_discount is not null
    union all
    select provider, fiscal_period, 'discount', contracted_cost - metered_list_cost
    from metered
    where provider not in (select provider from stating_providers)
    union all
    select provider, fiscal_period, 'discount', unbilled_contracted_cost - unbilled_unpriced_cost - unbilled_list_cost
    from metered
    where provider in (select provider from stating_providers)
    union all
    select provider, fiscal_period, 'unpriced_usage', unbilled_unpriced_cost
    from metered
    union all
    select provider, fiscal_period, posting_kind, {{ fine_money('net_amount') }}
    from ai_postings
    where posting_kind in ('tax', 'subscription')
    union all
    select provider, posting_period, 'tax', amount
    from postings
    where settlement = 'tax'
    union all
    select provider, posting_period, 'currency', {{ fine_money('posted_amount - amount') }}
    from postings
    union all
    select provider, posting_period, 'cut_off', {{ fine_money('amount') }}
    from postings
    where posting_period <> service_period
    union all
    select provider, service_period, 'cut_off', {{ fine_money('-amount') }}
    from postings
    where posting_period <> service_period
    union all
    select
        provider,
        posting_period,
        'cut_off',
        {{ fine_money(
            'reporting_amount - ' ~ portion_of('reporting_amount', '(remaining_amount + tax_amount)', 'settlement_amount')
        ) }}
    from netted
    union all
    select provider, service_period, 'unposted_accrual', {{ fine_money('-(open_amount + prepaid_open_amount)') }}
    from still_open
    union all
    select provider, fiscal_period, 'other_cogs_left_out', {{ fine_money('amount') }}
    from {{ ref('int_other_cogs_selected') }}
    where is_left_out
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
    select provider, fiscal_period, case when is_reversal then 'accrual_reversal' else 'accrual' end,
        {{ fine_money('net_amount') }}
    from ai_postings
    where posting_kind = 'own_journal'

)

select
    provider,
    fiscal_period,
    bridge_line,
    {{ fine_money('sum(amount)') }} as amount
from lines
group by all
