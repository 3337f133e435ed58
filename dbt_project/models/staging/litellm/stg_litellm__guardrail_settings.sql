with

source as (

    select * from {{ source('landing', 'litellm__guardrail_settings') }}

),

renamed as (

    select
        read_at,
        as_of_date,
        entity,
        max_budget,
        budget_duration,
        budget_limits,
        currency,
        rpm_limit,
        tpm_limit,
        is_found,
        is_blocked,
        model_aliases,
        settings_updated_at
    from source

)

select * from renamed
