with

unposted as (

    select * from {{ ref('int_period_costs_unposted') }}

),

carried as (

    select
        provider,
        known_from,
        service_period,
        {{ fine_money('sum(foreign_amount)') }} as carried_amount
    from {{ ref('int_ledger_postings_carried') }}
    group by all

),

judged as (

    select
        unposted.*,
        case
            when carried.carried_amount is null then unposted.unposted_amount
            when {{ settles_in_full(
                'carried.carried_amount', 'unposted.unposted_amount', 'unposted.settlement_amount'
            ) }} then 0
            else unposted.unposted_amount - carried.carried_amount
        end as open_amount
    from unposted
    left join carried
        on unposted.provider = carried.provider
        and unposted.service_period = carried.service_period
        and {{ fiscal_period('unposted.period_end') }} = carried.known_from

)

select
    provider,
    period_end,
    service_period,
    {{ portion_of('reporting_amount', 'open_amount', 'settlement_amount') }} as open_amount,
    {{ fine_money('case when is_settled_abroad then prepaid_used
        else greatest(
            prepaid_used - released_amount - greatest(stated_amount + settled_amount - settlement_amount, 0), 0
        ) end') }} as prepaid_open_amount
from judged
