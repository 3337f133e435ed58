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

untouched as (

    select
        lanes.provider,
        lanes.is_commitment,
        cast(0 as bigint) as draw_order,
        cast(null as string) as contract_id,
        cast(null as date) as valid_from,
        cast(null as string) as kind,
        charges.billed_cost_key,
        charges.cost_date,
        charges.model_id,
        charges.charge_units as open_units,
        {{ as_whole('0') }} as drawn_units
    from charges
    inner join (select distinct provider, is_commitment from balances) as lanes on charges.provider = lanes.provider

),

drawn as (

    select * from untouched
    union all
    select * from {{ contract_draws('untouched', 'drawn') }}

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
