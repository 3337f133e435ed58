with

source as (

    select * from {{ source('landing', 'openai__costs') }}

),

exact as (

    select
        *,
        cast(amount as decimal(38, 18)) as exact_amount
    from source

),

renamed as (

    select
        ---------- ids
        organization_id as account_id,
        project_id,
        api_key_id,
        case when line_item like '%, %' then split_part(line_item, ', ', 1) end as model_id,

        ---------- strings
        line_item,
        upper(currency) as billed_currency,
        quantity_unit,

        ---------- numerics
        {{ round_half_even('exact_amount') }} as billed_amount,
        cast(quantity as decimal(38, 9)) as quantity,

        ---------- dates
        cast({{ utc_time('start_time') }} as date) as cost_date
    from exact

)

select * from renamed
