with

costs as (

    select * from {{ ref('int_period_costs_to_settle') }}

),

matched as (

    select * from {{ ref('int_ledger_postings_matched_to_periods') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

months as (

    select
        first_costs.provider,
        {{ dates_from(
            "cast(first_costs.first_period || '-01' as date)", 'run_parameters.as_of_date', 'month'
        ) }} as month_start
    from (select provider, min(service_period) as first_period from costs group by provider) as first_costs
    cross join run_parameters

),

period_ends as (

    select provider, last_day(month_start) as period_end
    from months

),

posted as (

    select
        costs.provider,
        period_ends.period_end,
        costs.service_period,
        costs.is_settled_abroad,
        costs.reporting_amount,
        costs.settlement_amount,
        costs.prepaid_used,
        coalesce(
            sum(case when costs.is_settled_abroad then matched.foreign_amount else matched.amount end)
                filter (where matched.settlement = 'oldest_first'),
            0
        ) as settled_amount,
        coalesce(
            sum(case when costs.is_settled_abroad then matched.foreign_amount else matched.amount end)
                filter (where matched.settlement = 'stated'),
            0
        ) as stated_amount,
        coalesce(sum(matched.amount) filter (where matched.settlement = 'prepaid'), 0) as released_amount
    from period_ends
    inner join costs
        on period_ends.provider = costs.provider
        and costs.service_period <= {{ fiscal_period('period_ends.period_end') }}
    left join matched
        on costs.provider = matched.provider
        and costs.service_period = matched.service_period
        and matched.posting_period <= {{ fiscal_period('period_ends.period_end') }}
        and matched.known_from <= {{ fiscal_period('period_ends.period_end') }}
        and coalesce(matched.known_until, '9999-12') > {{ fiscal_period('period_ends.period_end') }}
    group by all

)

select
    *,
    case
        when stated_amount <> 0 and {{ settles_in_full(
            'stated_amount', 'settlement_amount - settled_amount', 'settlement_amount'
        ) }} then 0
        when settlement_amount >= 0 then greatest(settlement_amount - settled_amount - stated_amount, 0)
        else settlement_amount - settled_amount - stated_amount
    end as unposted_amount
from posted
