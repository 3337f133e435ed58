{# What a balance will leave unused is what is left after its remaining days at the pace of the last 28 days (fewer,
   where it is younger; none below seven). A commitment that is not used up is billed; a prepaid or a credit lapses. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

contracts as (

    select
        contracts.*,
        run_parameters.as_of_date,
        cast(contracts.valid_to - interval 1 day as date) as ends_on,
        least(
            {{ days_between(
                'contracts.valid_from',
                "least(run_parameters.as_of_date + 1, coalesce(contracts.valid_to, date '9999-12-31'))"
            ) }},
            28
        ) as pace_days
    from {{ ref('int_contracts_converted') }} as contracts
    cross join run_parameters

),

drawn as (

    select
        draws.contract_id,
        draws.kind,
        draws.valid_from,
        sum(draws.drawn_amount) as drawn_amount,
        sum(draws.drawn_amount) filter (where draws.cost_date > run_parameters.as_of_date - 28) as pace_amount,
        max(draws.cost_date) as last_drawn_on
    from {{ ref('int_contract_balances_drawn') }} as draws
    cross join run_parameters
    where draws.cost_date <= run_parameters.as_of_date
    group by all

),

balances as (

    select
        contracts.*,
        coalesce(drawn.drawn_amount, 0) as drawn_amount,
        contracts.balance - coalesce(drawn.drawn_amount, 0) as remaining_amount,
        coalesce(drawn.pace_amount, 0) as pace_amount,
        drawn.last_drawn_on,
        {{ days_between('contracts.as_of_date', 'contracts.ends_on') }} as days_left
    from contracts
    left join drawn
        on contracts.contract_id = drawn.contract_id
        and contracts.kind = drawn.kind
        and contracts.valid_from = drawn.valid_from

),

projected as (

    select
        *,
        case
            when days_left <= 0 or remaining_amount <= 0 then remaining_amount
            when days_left is not null and pace_days >= 7 then greatest(
                remaining_amount
                - {{ from_nano(wide_quotient(to_nano('pace_amount') ~ ' * days_left', 'pace_days')) }}, 0
            )
        end as unused_amount,
        case
            when remaining_amount > 0 and pace_amount > 0 and pace_days >= 7
                and cast(remaining_amount as double) * pace_days
                <= cast(pace_amount as double) * coalesce(days_left, 3650)
                then as_of_date + cast(ceil(
                    cast(remaining_amount as double) * pace_days / cast(pace_amount as double)
                ) as integer)
        end as runs_out_on
    from balances

)

select
    as_of_date,
    contract_id,
    kind,
    provider,
    model_pattern,
    valid_from as starts_on,
    ends_on,
    {{ money('balance') }} as balance_amount,
    {{ money('drawn_amount') }} as drawn_amount,
    {{ money('remaining_amount') }} as remaining_amount,
    cast(drawn_amount as double) / nullif(cast(balance as double), 0) as drawn_ratio,
    last_drawn_on,
    runs_out_on,
    {{ money('unused_amount') }} as unused_amount,
    case
        when remaining_amount <= 0 then 'used_up'
        when days_left <= 0 then 'ended_unused'
        when days_left is null then 'open_ended'
        when unused_amount is null then 'too_young'
        when unused_amount > 0 then 'will_be_left'
        else 'on_track'
    end as status,
    {{ reporting_currency() }} as reporting_currency
from projected
