with

source as (

    select * from {{ source('landing', 'loads') }}

),

renamed as (

    select
        source,
        stream,
        partition,
        load_id,
        rows,
        window_start,
        window_end,
        first_event_at,
        last_event_at,
        watermark_at,
        loaded_at
    from source

)

select * from renamed
