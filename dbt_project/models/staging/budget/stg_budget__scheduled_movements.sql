{{ config(tags=['after_statistics']) }}

with

source as (

    select * from {{ source('landing', 'budget__scheduled_movements') }}

),

renamed as (

    select
        movement_id,
        posting_number,
        posted_at,
        effective_on,
        kind,
        account,
        initiative_id,
        department_id,
        fiscal_period,
        amount,
        approver,
        evidence_id,
        policy_version
    from source

)

select * from renamed
