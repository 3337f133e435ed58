with

charges as (

    select
        *,
        {{ fiscal_period('cost_date') }} as fiscal_period
    from {{ ref('int_billed_costs_unioned') }}

),

billed as (

    select
        provider,
        fiscal_period,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(
            case when source = 'contracts' and charge_category = 'usage' then effective_cost else prepaid_cost end
        ) as prepaid_used,
        sum(effective_amount) as settlement_amount,
        min(billed_currency) as settlement_currency,
        count(distinct billed_currency) as currencies,
        bool_or(source <> 'contracts' and metered_cost_key is null) as is_billed
    from charges
    where charge_category <> 'tax'
    group by all

),

taxes as (

    select
        provider,
        fiscal_period,
        sum(billed_cost) as stated_tax,
        sum(billed_amount) as stated_tax_amount,
        case when count(distinct billed_currency) = 1 then min(billed_currency) end as tax_currency
    from charges
    where charge_category = 'tax'
    group by all

),

-- usage that costs more than is billed for it uses up what a commitment paid for, and so does a credit that takes off
-- the bill what it costs
used_up as (

    select
        provider,
        fiscal_period,
        {{ fine_money("greatest(
            coalesce(sum(effective_cost - billed_cost - prepaid_cost) filter (where charge_category in ('usage', 'credit')), 0), 0
        )") }} as amount
    from charges
    where source <> 'contracts' and metered_cost_key is null
    group by all

),

purchases as (

    select
        provider,
        fiscal_period,
        account_id,
        line_item,
        {{ fine_money('sum(billed_cost + prepaid_cost)') }} as amount
    from charges
    where source <> 'contracts' and charge_category = 'purchase' and effective_cost = 0
    group by all

),

purchases_beside as (

    select
        *,
        lag(fiscal_period) over same_item as earlier_period,
        lag(amount) over same_item as earlier_amount,
        lead(fiscal_period) over same_item as later_period,
        lead(amount) over same_item as later_amount
    from purchases
    window same_item as (partition by provider, account_id, line_item order by fiscal_period)

),

-- what the month before or after buys too for as much is bought by the month
purchases_used as (

    select
        beside.provider,
        beside.fiscal_period,
        beside.account_id,
        beside.line_item,
        beside.amount,
        used_up.amount as used,
        beside.amount >= 0 and (
            beside.amount <= used_up.amount
            or {{ settles_in_full('beside.amount', 'used_up.amount', 'used_up.amount') }}
        ) as is_used_up,
        coalesce(
            beside.earlier_period = {{ fiscal_period("cast(beside.fiscal_period || '-01' as date) - interval 1 day") }}
            and {{ settles_in_full('beside.earlier_amount', 'beside.amount', 'beside.amount') }},
            false
        ) or coalesce(
            beside.fiscal_period = {{ fiscal_period("cast(beside.later_period || '-01' as date) - interval 1 day") }}
            and {{ settles_in_full('beside.later_amount', 'beside.amount', 'beside.amount') }},
            false
        ) as is_monthly
    from purchases_beside as beside
    inner join used_up on beside.provider = used_up.provider and beside.fiscal_period = used_up.fiscal_period

),

purchases_by_then as (

    select
        *,
        sum(case when is_used_up then amount else 0 end) over (
            partition by provider, fiscal_period
            order by is_monthly desc, amount desc, account_id nulls last, line_item nulls last
        ) as amount_by_then
    from purchases_used

),

-- purchases of what the month uses up are its fees, those by the month first, then the largest, for as long as they are
-- used up together; the others are paid ahead, and a negative one is paid back
fees as (

    select
        *,
        is_used_up
        and (is_monthly or amount_by_then <= used or {{ settles_in_full('amount_by_then', 'used', 'used') }}) as is_fee
    from purchases_by_then

),

commitments as (

    select
        used_up.provider,
        used_up.fiscal_period,
        {{ fine_money('coalesce(sum(fees.amount) filter (where not fees.is_fee), 0)') }} as ahead,
        {{ fine_money('greatest(
            used_up.amount - coalesce(sum(fees.amount) filter (where fees.is_fee), 0), 0
        )') }} as used
    from used_up
    left join fees on used_up.provider = fees.provider and used_up.fiscal_period = fees.fiscal_period
    group by used_up.provider, used_up.fiscal_period, used_up.amount

),

commitment_levels as (

    select
        *,
        sum(ahead - used) over (partition by provider order by fiscal_period) as level
    from commitments

),

commitment_balances as (

    select
        *,
        level - least(min(level) over (partition by provider order by fiscal_period), 0) as balance
    from commitment_levels

),

commitments_drawn as (

    select
        provider,
        fiscal_period,
        {{ fine_money(
            'greatest(ahead + coalesce(lag(balance) over (partition by provider order by fiscal_period), 0) - balance, 0)'
        ) }} as amount
    from commitment_balances

),

metered as (

    select * from {{ ref('int_metered_costs_summed_by_month') }}
    where has_unbilled_usage

),

combined as (

    select
        coalesce(billed.provider, metered.provider) as provider,
        coalesce(billed.fiscal_period, metered.fiscal_period) as fiscal_period,
        coalesce(billed.billed_cost, 0) as billed_cost,
        coalesce(billed.effective_cost, 0) as effective_cost,
        coalesce(metered.unbilled_contracted_cost, 0) as unbilled_cost,
        coalesce(billed.prepaid_used, 0) as prepaid_used,
        case when billed.currencies = 1 then billed.settlement_currency end as billed_currency,
        case when billed.currencies = 1 then billed.settlement_amount end as settlement_amount,
        case
            when metered.provider is not null and not coalesce(billed.is_billed, false) then 'metered'
            else 'billed'
        end as cost_basis
    from billed
    full outer join metered
        on billed.provider = metered.provider and billed.fiscal_period = metered.fiscal_period

)

select
    combined.provider,
    combined.fiscal_period,
    {{ fine_money('combined.billed_cost + combined.unbilled_cost') }} as period_cost,
    {{ fine_money('combined.effective_cost + combined.unbilled_cost') }} as effective_cost,
    {{ fine_money('combined.prepaid_used + coalesce(commitments_drawn.amount, 0)') }} as prepaid_used,
    {{ fine_money('coalesce(taxes.stated_tax, 0)') }} as stated_tax,
    case
        when taxes.tax_currency = combined.billed_currency then {{ fine_money('taxes.stated_tax_amount') }}
        when taxes.stated_tax <> 0 and combined.effective_cost <> 0
            then {{ portion_of('combined.settlement_amount', 'taxes.stated_tax', 'combined.effective_cost') }}
        else cast(0 as decimal(38, 12))
    end as stated_tax_amount,
    combined.billed_currency,
    case
        when combined.unbilled_cost = 0 then {{ fine_money('combined.settlement_amount') }}
        when combined.effective_cost <> 0
            then {{ fine_money('combined.settlement_amount') }} + {{ portion_of(
                'combined.settlement_amount', 'combined.unbilled_cost', 'combined.effective_cost'
            ) }}
    end as effective_amount,
    combined.cost_basis
from combined
left join taxes on combined.provider = taxes.provider and combined.fiscal_period = taxes.fiscal_period
left join commitments_drawn
    on combined.provider = commitments_drawn.provider and combined.fiscal_period = commitments_drawn.fiscal_period
