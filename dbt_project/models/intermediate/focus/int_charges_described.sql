with

billed as (

    select * from {{ ref('int_billed_costs_unioned') }}
    where charge_category <> 'draw'

),

quantities as (

    select * from {{ ref('int_charges_matched_to_quantities') }}

),

owned as (

    select * from {{ ref('int_charges_owned') }}

),

sub_accounts as (

    select * from {{ ref('int_sub_accounts_named') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

joined as (

    select
        billed.*,
        run_parameters.reporting_currency,
        sub_accounts.name as sub_account_name,
        owned.initiative_id,
        owned.department_id,
        {{ charge_token_class('billed.line_item') }} as token_class,
        case
            when billed.source = 'openai' then {{ charge_price_variant('billed.line_item') }}
            else 'standard'
        end as price_variant,
        quantities.quantity,
        quantities.unit,
        case
            when billed.billed_currency = run_parameters.reporting_currency then quantities.list_unit_price
        end as list_unit_price,
        case
            when billed.billed_currency = run_parameters.reporting_currency then quantities.metered_list_cost
        end as metered_list_cost
    from billed
    cross join run_parameters
    left join quantities on billed.billed_cost_key = quantities.billed_cost_key
    left join owned on billed.billed_cost_key = owned.billed_cost_key
    left join sub_accounts
        on billed.provider = sub_accounts.provider and billed.project_id = sub_accounts.project_id

)

select
    *,
    case charge_category
        when 'usage' then 'Usage'
        when 'credit' then 'Credit'
        when 'tax' then 'Tax'
        when 'purchase' then 'Purchase'
        when 'adjustment' then 'Adjustment'
    end as focus_category,
    case when charge_category in ('tax', 'credit') then billed_amount else effective_amount end as focus_effective_cost,
    cast(cast(quantity as decimal(19, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(38, 6)) as pricing_quantity,
    case
        when list_unit_price is not null
            then {{ metered_cost('quantity', 'list_unit_price') }}
        when metered_list_cost is not null then metered_list_cost
        else {{ fine_money('coalesce(stated_list_amount, charged_amount, billed_amount)') }}
    end as focus_list_cost,
    case
        when list_unit_price is not null then 'list_price'
        when metered_list_cost is not null then 'metered'
        when stated_list_amount is not null then 'stated'
        else 'billed'
    end as list_cost_basis,
    concat_ws(
        '/', provider, coalesce(model_id, 'any'), coalesce(token_class, line_item, {{ unnamed_charge() }})
    ) as sku_id
from joined
