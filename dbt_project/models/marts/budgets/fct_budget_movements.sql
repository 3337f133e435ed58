{% set columns = [
    'movement_id', 'posting_number', 'posted_at', 'effective_on', 'kind', 'account', 'initiative_id', 'department_id',
    'fiscal_period', 'amount', 'approver', 'evidence_id', 'policy_version',
] -%}
with

commanded as (

    select * from {{ ref('stg_budget__movements') }}

),

scheduled as (

    select * from {{ ref('stg_budget__scheduled_movements') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

movements as (

    select {{ columns | join(', ') }}
    from commanded
    union all
    select {{ columns | join(', ') }}
    from scheduled

)

select
    movements.movement_id,
    cast(movements.posting_number as integer) as posting_number,
    movements.posted_at,
    movements.effective_on,
    movements.kind,
    movements.account,
    movements.initiative_id,
    movements.department_id,
    movements.fiscal_period,
    {{ money('movements.amount') }} as amount,
    movements.approver,
    movements.evidence_id,
    movements.policy_version,
    run_parameters.reporting_currency
from movements
cross join run_parameters
where movements.effective_on <= run_parameters.as_of_date
