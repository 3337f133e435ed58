with

source as (

    select * from {{ source('landing', 'replay__breakers') }}

),

renamed as (

    select
        product_id,
        replay_date,
        status,
        from_state,
        reasons,
        is_trip,
        is_false_trip,
        is_alert,
        saved_amount,
        margin_date,
        gross_margin_ratio,
        margin_floor_ratio,
        evidence_id,
        policy_version,
        coalesce(policy, 'margin_breaker') as policy,
        coalesce(entity, product_id) as entity,
        cap_window,
        trip_at,
        minutes_to_trip,
        overshoot_amount,
        revenue_touched
    from source

)

select * from renamed
