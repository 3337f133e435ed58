with

source as (

    select * from {{ source('landing', 'focus_files__cost_and_usage') }}

),

exact as (

    select
        *,
        cast(billed_cost as decimal(38, 18)) as exact_billed_cost,
        cast(coalesce(effective_cost, billed_cost) as decimal(38, 18)) as exact_effective_cost,
        cast(list_cost as decimal(38, 18)) as exact_list_cost,
        cast(list_unit_price as decimal(38, 12)) as exact_list_unit_price,
        cast(consumed_quantity as decimal(38, 9)) as exact_quantity,
        exact_billed_cost = 0 and exact_effective_cost = 0 as is_free,
        coalesce(usage_type, sku_meter, charge_description) as meter
    from source

),

renamed as (

    select
        ---------- ids
        {{ seller('provider_name') }} as provider,
        provider_name,
        publisher_name,
        billing_account_id as account_id,
        sub_account_id as project_id,
        {{ focus_model('meter') }} as model_id,
        {{ focus_token_class('meter') }} as token_class,

        ---------- strings
        service_name,
        service_category,
        coalesce(charge_description, meter, service_name) as line_item,
        lower(charge_category) as charge_category,
        upper(billing_currency) as billed_currency,
        consumed_unit,
        tags,
        partition,
        line,

        ---------- numerics
        {{ round_half_even('exact_billed_cost') }} as billed_amount,
        {{ round_half_even('exact_effective_cost') }} as effective_amount,
        case when exact_list_cost <> 0 or is_free then {{ round_half_even('exact_list_cost') }} end as list_amount,
        case when exact_list_unit_price <> 0 or is_free then exact_list_unit_price end as list_unit_price,
        exact_quantity as consumed_quantity,
        {{ focus_unit_tokens('consumed_unit') }} as tokens_per_unit,

        ---------- dates and timestamps
        cast({{ utc_time('charge_period_start') }} as date) as cost_date,
        {{ utc_time('charge_period_start') }} as charge_period_start_at,
        {{ utc_time('charge_period_end') }} as charge_period_end_at
    from exact

)

select * from renamed
