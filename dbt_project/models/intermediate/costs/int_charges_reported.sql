with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

billed as (

    select
        cost_date, 'openai' as source, 'openai' as provider, account_id, project_id, api_key_id, model_id, line_item,
        case when billed_amount < 0 then 'credit' else 'usage' end as charge_category,
        billed_amount, billed_amount as effective_amount, cast(null as decimal(38, 9)) as list_amount, billed_currency
    from {{ ref('stg_openai__costs') }}
    union all
    select
        cost_date, 'anthropic' as source, 'anthropic' as provider, account_id, project_id, api_key_id, model_id,
        line_item,
        case when billed_amount < 0 then 'credit' else 'usage' end as charge_category,
        billed_amount, billed_amount as effective_amount, list_amount, billed_currency
    from {{ ref('stg_anthropic__costs') }}
    union all
    select
        cost_date, 'openrouter' as source, 'openrouter' as provider, cast(null as string) as account_id, project_id,
        api_key_id, model_id, model_id as line_item,
        case when billed_amount < 0 then 'credit' else 'usage' end as charge_category,
        billed_amount, billed_amount as effective_amount, cast(null as decimal(38, 9)) as list_amount, billed_currency
    from {{ ref('stg_openrouter__activity') }}
    union all
    select
        cost_date, 'focus_files' as source, provider, account_id, project_id, cast(null as string) as api_key_id,
        coalesce(model_id, case when token_class is not null then line_item end) as model_id, line_item,
        charge_category,
        billed_amount, effective_amount, list_amount, billed_currency
    from {{ ref('int_cloud_charges_spread_by_day') }}

)

select
    md5(concat_ws(
        chr(31), cast(billed.cost_date as string), billed.source, billed.provider,
        coalesce(billed.account_id, chr(30)),
        coalesce(billed.project_id, chr(30)), coalesce(billed.api_key_id, chr(30)), coalesce(billed.model_id, chr(30)),
        coalesce(billed.line_item, chr(30)), billed.charge_category, billed.billed_currency
    )) as billed_cost_key,
    billed.cost_date,
    billed.source,
    billed.provider,
    billed.account_id,
    billed.project_id,
    billed.api_key_id,
    billed.model_id,
    billed.line_item,
    billed.charge_category,
    billed.billed_currency,
    {{ money('sum(billed.billed_amount)') }} as billed_amount,
    {{ money("sum(case when billed.charge_category = 'tax' then 0 else billed.effective_amount end)") }}
        as effective_amount,
    case
        when count(billed.list_amount) > 0 then {{ money('sum(coalesce(billed.list_amount, billed.billed_amount))') }}
    end as stated_list_amount,
    {{ money('sum(' ~ reporting_amount('billed.billed_amount', 'billed.billed_currency') ~ ')') }} as billed_cost,
    {{ money(
        "sum(case when billed.charge_category = 'tax' then 0 else "
        ~ reporting_amount('billed.effective_amount', 'billed.billed_currency')
        ~ ' end)'
    ) }} as effective_cost,
    case
        when count(billed.list_amount) > 0
            then {{ money(
                'sum(' ~ reporting_amount(
                    'coalesce(billed.list_amount, billed.billed_amount)', 'billed.billed_currency'
                ) ~ ')'
            ) }}
    end as stated_list_cost
from billed
cross join run_parameters
left join exchange_rates
    on billed.billed_currency = exchange_rates.currency and billed.cost_date = exchange_rates.rate_date
where billed.cost_date <= run_parameters.as_of_date
group by all
