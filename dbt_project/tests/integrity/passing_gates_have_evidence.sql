{# No gate passes on nothing: a pass has its metric, its threshold and its evidence, and gate 4 a variation and a
   run-rate beside them. #}
with

gates as (

    select * from {{ ref('graduation_gates') }}
    where status = 'pass'

),

run_rates as (

    select * from {{ ref('run_rate_by_initiative_day') }}

)

select
    gates.initiative_id,
    gates.as_of_date,
    gates.gate_number,
    gates.metric_value,
    gates.threshold_value,
    gates.evidence_id,
    run_rates.variation_ratio,
    run_rates.run_rate_monthly
from gates
left join run_rates
    on gates.initiative_id = run_rates.initiative_id and gates.as_of_date = run_rates.as_of_date
where
    gates.metric_value is null
    or gates.threshold_value is null
    or gates.evidence_id is null
    or (gates.gate_number = 4 and (run_rates.variation_ratio is null or run_rates.run_rate_monthly is null))
