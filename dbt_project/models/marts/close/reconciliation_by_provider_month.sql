{# Leg 1 from the meter to the bill, leg 2 from the bill to the ledger. Each sums exactly; both residuals are shown, also when zero. #}
with

computed as (

    select * from {{ ref('int_bridge_lines_computed') }}

),

period_costs as (

    select * from {{ ref('int_period_costs_summed') }}

),

metered as (

    select * from {{ ref('int_metered_costs_summed_by_month') }}

),

entries as (

    select
        coalesce(provider, 'unmatched') as provider,
        fiscal_period,
        sum(debit_amount - credit_amount) as posted_amount
    from {{ ref('int_ledger_entries_classified') }}
    where account_role in (
        'ai_cost_of_goods_sold', 'ai_research_and_development', 'ai_operating_expense', 'ai_capitalized'
    )
    and journal_entry_id not like 'TKN-%'
    group by all

),

periods as (

    select provider, fiscal_period from period_costs
    union
    select provider, fiscal_period from entries
    union
    select provider, fiscal_period from computed

),

bridge_lines as (

    select *
    from (
        values
        ('metered_list_cost', true, false), ('discount', false, false), ('unpriced_usage', false, false),
        ('untracked_traffic', false, false), ('credits', false, false), ('metering_residual', false, false),
        ('billed_cost', true, false), ('tax', false, false), ('currency', false, false),
        ('prepaid_timing', false, false), ('cut_off', false, false), ('unposted_accrual', false, false),
        ('residual', false, false), ('ledger_posting', true, false), ('duplicates', false, true),
        ('metering_difference', false, true), ('accrual', false, true), ('accrual_reversal', false, true),
        ('repeated_requests', false, true)
    ) as line (bridge_line, is_total, is_memo)

),

known as (

    select
        periods.provider,
        periods.fiscal_period,
        bridge_lines.bridge_line,
        bridge_lines.is_total,
        bridge_lines.is_memo,
        coalesce(
            case bridge_lines.bridge_line
                when 'metered_list_cost' then metered.metered_list_cost
                when 'billed_cost' then period_costs.period_cost
                when 'ledger_posting' then {{ fine_money('entries.posted_amount') }}
                else computed.amount
            end,
            cast(0 as decimal(38, 12))
        ) as amount
    from periods
    cross join bridge_lines
    left join metered
        on periods.provider = metered.provider and periods.fiscal_period = metered.fiscal_period
    left join period_costs
        on periods.provider = period_costs.provider and periods.fiscal_period = period_costs.fiscal_period
    left join entries
        on periods.provider = entries.provider and periods.fiscal_period = entries.fiscal_period
    left join computed
        on periods.provider = computed.provider
        and periods.fiscal_period = computed.fiscal_period
        and bridge_lines.bridge_line = computed.bridge_line

),

residuals as (

    select
        provider,
        fiscal_period,
        {{ fine_money("sum(case bridge_line
            when 'billed_cost' then amount
            when 'metered_list_cost' then -amount
            when 'discount' then -amount
            when 'unpriced_usage' then -amount
            when 'untracked_traffic' then -amount
            when 'credits' then -amount
            else 0 end)") }} as metering_residual,
        {{ fine_money("sum(case bridge_line
            when 'ledger_posting' then amount
            when 'billed_cost' then -amount
            when 'tax' then -amount
            when 'currency' then -amount
            when 'prepaid_timing' then -amount
            when 'cut_off' then -amount
            when 'unposted_accrual' then -amount
            else 0 end)") }} as residual
    from known
    group by all

)

select
    known.fiscal_period,
    known.provider,
    known.bridge_line,
    case known.bridge_line
        when 'metering_residual' then residuals.metering_residual
        when 'residual' then residuals.residual
        else known.amount
    end as amount,
    known.is_total,
    known.is_memo,
    coalesce(period_costs.cost_basis, 'none') as cost_basis,
    {{ reporting_currency() }} as reporting_currency
from known
inner join residuals
    on known.provider = residuals.provider and known.fiscal_period = residuals.fiscal_period
left join period_costs
    on known.provider = period_costs.provider and known.fiscal_period = period_costs.fiscal_period
where known.bridge_line <> 'repeated_requests' or known.amount <> 0
