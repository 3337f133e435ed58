with

source as (

    select * from {{ source('landing', 'registry__caps') }}

),

renamed as (

    select
        cap_id,
        subject,
        id_pattern,
        adapter,
        cap_window,
        amount,
        reset_day,
        time_zone,
        currency,
        mode,
        headroom,
        valid_from,
        valid_to
    from source

)

select * from renamed
