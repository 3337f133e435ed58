with

source as (

    select * from {{ source('landing', 'statistics__variance_components') }}

),

renamed as (

    select
        initiative_id,
        fiscal_period,
        comparison,
        component,
        amount
    from source

)

select * from renamed
