with recursive

contracts as (

    select
        contract_id,
        valid_from,
        kind,
        provider,
        coalesce(model_pattern, '.*') as model_pattern,
        {{ effective_bounds() }},
        {{ to_nano('balance') }} as balance_units,
        kind = 'commitment' as is_commitment
    from {{ ref('int_contracts_converted') }}

),

balances as (

    select
        *,
        row_number() over (
            partition by provider, is_commitment
            order by kind = 'prepaid', effective_to, effective_from, contract_id, model_pattern
        ) as draw_order
    from contracts

),

charges as (

    select billed_cost_key, provider, cost_date, model_id, {{ to_nano('billed_cost') }} as charge_units
    from {{ ref('int_charges_reported') }}
    where charge_category = 'usage' and billed_cost > 0
    union all
    select metered_cost_key, provider, cost_date, model_id, {{ to_nano('metered_cost') }}
    from {{ ref('int_metered_costs_summed_by_day') }}
    where metered_cost > 0

),

drawn as (

    select
        lanes.provider,
        lanes.is_commitment,
        cast(0 as bigint) as draw_order,
        cast(null as varchar) as contract_id,
        cast(null as date) as valid_from,
        cast(null as varchar) as kind,
        charges.billed_cost_key,
        charges.cost_date,
        charges.model_id,
        charges.charge_units as open_units,
        cast(0 as hugeint) as drawn_units
    from charges
    inner join (select distinct provider, is_commitment from balances) as lanes on charges.provider = lanes.provider
    union all
    select
        provider,
        is_commitment,
        draw_order,
        contract_id,
        valid_from,
        kind,
        billed_cost_key,
        cost_date,
        model_id,
        cast(open_units - {{ to_nano('coalesce(part_amount, 0)') }} as hugeint),
        {{ to_nano('coalesce(part_amount, 0)') }}
    from (
        with

        offered as (

            select
                drawn.* exclude (draw_order, contract_id, valid_from, kind, drawn_units),
                balances.draw_order,
                balances.contract_id,
                balances.valid_from,
                balances.kind,
                balances.balance_units,
                case
                    when drawn.cost_date >= balances.effective_from
                        and drawn.cost_date < balances.effective_to
                        and {{ names_model("coalesce(drawn.model_id, '')", 'balances.model_pattern') }}
                        then drawn.open_units
                    else 0
                end as weight
            from drawn
            inner join balances
                on drawn.provider = balances.provider
                and drawn.is_commitment = balances.is_commitment
                and drawn.draw_order + 1 = balances.draw_order

        ),

        summed as (

            select
                *,
                sum(weight) over (partition by provider, is_commitment order by cost_date) as used_by_day_end,
                sum(weight) over (partition by provider, is_commitment, cost_date) as used_on_day
            from offered

        ),

        shared as (

            select
                *,
                {{ fine_money(from_nano(
                    'greatest(least(balance_units, used_by_day_end)'
                    ~ ' - least(balance_units, used_by_day_end - used_on_day), 0)'
                )) }} as amount
            from summed

        )

        {{ largest_remainder('shared', ['provider', 'is_commitment', 'cost_date'], 'billed_cost_key') }}
    ) as split

)

select
    contract_id,
    valid_from,
    kind,
    billed_cost_key,
    cost_date,
    {{ from_nano('drawn_units') }} as drawn_amount
from drawn
where drawn_units > 0
