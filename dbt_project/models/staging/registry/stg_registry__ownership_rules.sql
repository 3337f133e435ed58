with

source as (

    select * from {{ source('landing', 'registry__ownership_rules') }}

),

renamed as (

    select
        rule_id,
        priority,
        source_pattern,
        provider_pattern,
        account_id_pattern,
        project_id_pattern,
        api_key_id_pattern,
        actor_id_pattern,
        team_id_pattern,
        model_pattern,
        tag_patterns,
        initiative_id,
        department_id,
        product_id,
        customer_id,
        share_method,
        share_basis,
        valid_from,
        valid_to
    from source

)

select * from renamed
