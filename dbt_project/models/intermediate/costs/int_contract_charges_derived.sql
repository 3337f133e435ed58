with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

contracts as (

    select
        contract_id,
        kind,
        provider,
        valid_from,
        cast(valid_to - interval 1 day as date) as last_date,
        balance
    from {{ ref('int_contracts_converted') }}
    where kind in ('prepaid', 'commitment')

),

drawn as (

    select contract_id, kind, valid_from, sum(drawn_amount) as drawn_amount
    from {{ ref('int_contract_balances_drawn') }}
    group by all

),

left_over as (

    select
        contracts.*,
        contracts.balance - coalesce(drawn.drawn_amount, 0) as unused_amount
    from contracts
    left join drawn
        on contracts.contract_id = drawn.contract_id
        and contracts.kind = drawn.kind
        and contracts.valid_from = drawn.valid_from

),

charges as (

    select
        contract_id, valid_from, provider, valid_from as cost_date, 'purchase' as charge_category,
        'prepaid balance ' || contract_id as line_item,
        balance as billed_cost, cast(0 as decimal(38, 9)) as effective_cost
    from left_over
    where kind = 'prepaid'
    union all
    select
        contract_id, valid_from, provider, last_date, 'usage', 'unused prepaid balance ' || contract_id,
        cast(0 as decimal(38, 9)), {{ money('unused_amount') }}
    from left_over
    where kind = 'prepaid' and last_date is not null and unused_amount > 0
    union all
    select
        contract_id, valid_from, provider, last_date, 'adjustment', 'unused commitment ' || contract_id,
        {{ money('unused_amount') }}, {{ money('unused_amount') }}
    from left_over
    where kind = 'commitment' and last_date is not null and unused_amount > 0

)

select
    charges.contract_id,
    charges.valid_from,
    charges.provider,
    charges.cost_date,
    charges.charge_category,
    charges.line_item,
    charges.billed_cost,
    charges.effective_cost
from charges
cross join run_parameters
where charges.cost_date <= run_parameters.as_of_date
