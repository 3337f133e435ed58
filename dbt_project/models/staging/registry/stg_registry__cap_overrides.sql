with

source as (

    select * from {{ source('landing', 'registry__cap_overrides') }}

),

renamed as (

    select
        cap_id,
        subject_id,
        cap_window,
        amount,
        starts_at,
        expires_at,
        approver,
        reason
    from source

)

select * from renamed
