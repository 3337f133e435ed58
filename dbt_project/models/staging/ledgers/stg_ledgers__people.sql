with

source as (

    select * from {{ source('landing', 'ledgers__people') }}

),

renamed as (

    select
        file,
        line,
        actor_id,
        department_id,
        function,
        email,
        valid_from,
        valid_to
    from source

)

select * from renamed
