with

contracts as (

    select
        contract_id,
        kind,
        provider,
        coalesce(model_pattern, '.*') as model_pattern,
        {{ effective_bounds() }},
        balance
    from {{ ref('int_contracts_converted') }}

),

charges as (

    select * from {{ ref('int_charges_reported') }}
    where charge_category = 'usage' and billed_cost > 0

),

drawing as (

    select
        contracts.contract_id,
        contracts.kind,
        contracts.balance,
        charges.billed_cost_key,
        charges.cost_date,
        charges.billed_cost,
        sum(charges.billed_cost) over (
            partition by contracts.contract_id order by charges.cost_date
        ) as used_by_day_end,
        sum(charges.billed_cost) over (partition by contracts.contract_id, charges.cost_date) as used_on_day
    from contracts
    inner join charges
        on contracts.provider = charges.provider
        and charges.cost_date >= contracts.effective_from
        and charges.cost_date < contracts.effective_to
        and regexp_full_match(coalesce(charges.model_id, ''), contracts.model_pattern)

),

shared as (

    select
        contract_id,
        kind,
        billed_cost_key,
        cost_date,
        {{ fine_money('greatest(least(balance, used_by_day_end) - least(balance, used_by_day_end - used_on_day), 0)') }}
            as amount,
        {{ to_pico('billed_cost') }} as weight
    from drawing

),

split as (

    {{ largest_remainder('shared', ['contract_id', 'cost_date'], 'billed_cost_key') }}

)

select
    contract_id,
    kind,
    billed_cost_key,
    cost_date,
    {{ money('part_amount') }} as drawn_amount
from split
where part_amount <> 0
