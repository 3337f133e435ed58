with

source as (

    select * from {{ source('landing', 'registry__departments') }}

),

renamed as (

    select
        department_id,
        name,
        business_unit,
        function,
        default_complexity,
        valid_from,
        valid_to
    from source

)

select * from renamed
