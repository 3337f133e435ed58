with

source as (

    select * from {{ source('landing', 'registry__initiatives') }}

),

renamed as (

    select
        initiative_id,
        name,
        kind,
        stage,
        department_id,
        product_id,
        customer_id,
        owner,
        complexity,
        started_on,
        allocation_amount,
        allocation_daily_cap,
        allocation_currency,
        allocation_starts_on,
        allocation_expires_on,
        target_gross_margin_ratio,
        milestone_metric_id,
        milestone_target,
        milestone_by,
        milestone_margin_floor_ratio,
        unit_of_work,
        labor_hours_per_unit,
        labor_rate_id,
        legacy_software_per_month,
        replaces_currency,
        guardrail_adapter,
        guardrail_entity,
        guardrail_daily_cap,
        guardrail_currency,
        guardrail_actions,
        valid_from,
        valid_to
    from source

)

select * from renamed
