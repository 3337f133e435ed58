with

source as (

    select * from {{ source('landing', 'replay__gates') }}

),

renamed as (

    select
        initiative_id,
        replay_date,
        status,
        reasons,
        is_ready,
        is_trip,
        is_false_trip,
        saved_amount,
        blocking_gates,
        gate_1_status,
        gate_2_status,
        gate_3_status,
        gate_4_status,
        gate_5_status,
        policy_version
    from source

)

select * from renamed
