with

source as (

    select * from {{ source('landing', 'openai__usage_other') }}

),

renamed as (

    select
        ---------- ids
        project_id,
        user_id,
        api_key_id,
        model as model_id,

        ---------- strings
        usage_kind,
        token_class,
        unit,

        ---------- numerics
        quantity,
        num_model_requests as requests,

        ---------- dates
        cast({{ utc_time('start_time') }} as date) as billing_date
    from source

)

select * from renamed
