with

verdicts as (

    select * from {{ ref('stg_replay__gates') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    verdicts.replay_date,
    verdicts.initiative_id as entity,
    verdicts.initiative_id,
    verdicts.status,
    verdicts.reasons,
    verdicts.is_ready,
    verdicts.is_trip,
    case
        when not verdicts.is_trip or verdicts.replay_date + 28 <= run_parameters.as_of_date then verdicts.is_false_trip
    end
        as is_false_trip,
    verdicts.saved_amount,
    verdicts.blocking_gates,
    verdicts.gate_1_status,
    verdicts.gate_2_status,
    verdicts.gate_3_status,
    verdicts.gate_4_status,
    verdicts.gate_5_status,
    verdicts.policy_version,
    run_parameters.reporting_currency
from verdicts
cross join run_parameters
where verdicts.replay_date <= run_parameters.as_of_date
