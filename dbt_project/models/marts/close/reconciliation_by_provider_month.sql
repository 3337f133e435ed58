{# Leg 1 from the meter to the bill, leg 2 from the bill to the ledger. Each sums exactly; both residuals are shown,
   also when zero. #}
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
    and own_journal_id is null
    group by all

),

periods as (

    select provider, fiscal_period from period_costs
    union
    select provider, fiscal_period from entries
    union
    select provider, fiscal_period from computed

),

-- the one list of the bridge's lines: a leg is a total, its causes, its residual, and the total that they add up to
bridge_lines as (

    select line.*
    from (
        values
        (1, 'metered_list_cost', 1, true, false),
        (2, 'discount', 1, false, false),
        (3, 'unpriced_usage', 1, false, false),
        (4, 'untracked_traffic', 1, false, false),
        (5, 'credits', 1, false, false),
        (6, 'metering_residual', 1, false, false),
        (7, 'billed_cost', 1, true, false),
        (8, 'tax', 2, false, false),
        (9, 'currency', 2, false, false),
        (10, 'prepaid_timing', 2, false, false),
        (11, 'cut_off', 2, false, false),
        (12, 'unposted_accrual', 2, false, false),
        (13, 'subscription', 2, false, false),
        (14, 'residual', 2, false, false),
        (15, 'ledger_posting', 2, true, false),
        (16, 'duplicates', null, false, true),
        (17, 'metering_difference', null, false, true),
        (18, 'accrual', null, false, true),
        (19, 'accrual_reversal', null, false, true),
        (20, 'repeated_requests', null, false, true),
        (21, 'other_cogs_left_out', null, false, true)
    ) as line (line_order, bridge_line, leg, is_total, is_memo)

),

known as (

    select
        periods.provider,
        periods.fiscal_period,
        bridge_lines.bridge_line,
        bridge_lines.leg,
        bridge_lines.line_order,
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
        {{ fine_money("sum(case
            when bridge_line = 'billed_cost' then amount
            when bridge_line = 'metered_list_cost' or (leg = 1 and not is_total) then -amount
            else 0 end)") }} as metering_residual,
        {{ fine_money("sum(case
            when bridge_line = 'ledger_posting' then amount
            when bridge_line = 'billed_cost' or (leg = 2 and not is_total) then -amount
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
    cast(known.leg as integer) as leg,
    cast(known.line_order as integer) as line_order,
    coalesce(period_costs.cost_basis, 'none') as cost_basis,
    {{ reporting_currency() }} as reporting_currency
from known
inner join residuals
    on known.provider = residuals.provider and known.fiscal_period = residuals.fiscal_period
left join period_costs
    on known.provider = period_costs.provider and known.fiscal_period = period_costs.fiscal_period
where known.bridge_line not in ('repeated_requests', 'other_cogs_left_out') or known.amount <> 0
