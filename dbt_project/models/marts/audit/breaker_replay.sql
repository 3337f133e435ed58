with

decisions as (

    select * from {{ ref('stg_replay__breakers') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

)

select
    decisions.replay_date,
    decisions.entity,
    decisions.product_id,
    decisions.status,
    decisions.from_state,
    decisions.reasons,
    decisions.is_trip,
    case
        when not decisions.is_trip or decisions.replay_date + 7 <= run_parameters.as_of_date
            then decisions.is_false_trip
    end
        as is_false_trip,
    decisions.is_alert,
    decisions.saved_amount,
    decisions.margin_date,
    cast(decisions.gross_margin_ratio as double) as gross_margin_ratio,
    cast(decisions.margin_floor_ratio as double) as margin_floor_ratio,
    decisions.evidence_id,
    decisions.policy_version,
    decisions.policy,
    decisions.cap_window,
    decisions.trip_at,
    cast(decisions.minutes_to_trip as double) as minutes_to_trip,
    decisions.overshoot_amount,
    decisions.revenue_touched,
    run_parameters.reporting_currency
from decisions
cross join run_parameters
where decisions.replay_date <= run_parameters.as_of_date
