with

source as (

    select * from {{ source('landing', 'ledgers__budgets') }}

),

renamed as (

    select
        file,
        line,
        department_id,
        fiscal_period,
        budget_class,
        initiative_id,
        amount,
        currency
    from source

)

select * from renamed
