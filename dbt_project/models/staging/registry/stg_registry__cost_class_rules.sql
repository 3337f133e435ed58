with

source as (

    select * from {{ source('landing', 'registry__cost_class_rules') }}

),

renamed as (

    select
        position,
        kind,
        stage,
        department_id,
        function,
        cost_class,
        valid_from,
        valid_to
    from source

)

select * from renamed
