{% set columns = [
    'billed_cost_key', 'cost_date', 'source', 'provider', 'account_id', 'project_id', 'api_key_id', 'model_id',
    'line_item', 'charge_category', 'billed_currency', 'effective_amount', 'stated_list_amount', 'effective_cost',
    'stated_list_cost', 'charged_amount', 'billed_amount', 'billed_cost', 'prepaid_cost', 'metered_cost_key',
] -%}
with

charges as (

    select * from {{ ref('int_charges_reported') }}

),

drawn as (

    select * from {{ ref('int_contract_balances_drawn') }}

),

derived as (

    select * from {{ ref('int_contract_charges_derived') }}

),

metered as (

    select * from {{ ref('int_metered_costs_summed_by_day') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

prepaid as (

    select billed_cost_key, sum(drawn_amount) as drawn_amount
    from drawn
    where kind = 'prepaid'
    group by billed_cost_key

),

billed as (

    select
        {{ all_but(['billed_cost', 'billed_amount'], 'charges') }},
        cast(null as string) as metered_cost_key,
        charges.billed_amount as charged_amount,
        case when prepaid.drawn_amount is null then charges.billed_amount
            else {{ money(portion_of(
                'charges.billed_amount', '(charges.billed_cost - prepaid.drawn_amount)', 'charges.billed_cost'
            )) }}
        end as billed_amount,
        {{ money('charges.billed_cost - coalesce(prepaid.drawn_amount, 0)') }} as billed_cost,
        {{ money('coalesce(prepaid.drawn_amount, 0)') }} as prepaid_cost
    from charges
    left join prepaid on charges.billed_cost_key = prepaid.billed_cost_key

),

credits as (

    select
        charges.cost_date,
        charges.source,
        charges.provider,
        charges.account_id,
        charges.project_id,
        charges.api_key_id,
        charges.model_id,
        {{ nulls({'stated_list_amount': 'decimal(38, 9)', 'stated_list_cost': 'decimal(38, 9)'}) }},
        {{ nulls({'charged_amount': 'decimal(38, 9)', 'metered_cost_key': 'string'}) }},
        md5(concat_ws(
            chr(31), drawn.billed_cost_key, drawn.kind, drawn.contract_id, cast(drawn.valid_from as string)
        )) as billed_cost_key,
        'credit ' || drawn.contract_id as line_item,
        'credit' as charge_category,
        run_parameters.reporting_currency as billed_currency,
        -drawn.drawn_amount as billed_amount,
        -drawn.drawn_amount as effective_amount,
        -drawn.drawn_amount as billed_cost,
        -drawn.drawn_amount as effective_cost,
        cast(0 as decimal(38, 9)) as prepaid_cost
    from drawn
    inner join charges on drawn.billed_cost_key = charges.billed_cost_key
    cross join run_parameters
    where drawn.kind = 'credit'

),

metered_draws as (

    select
        md5(concat_ws(
            chr(31), drawn.billed_cost_key, drawn.kind, drawn.contract_id, cast(drawn.valid_from as string)
        )) as billed_cost_key,
        metered.cost_date,
        metered.source,
        metered.provider,
        metered.account_id,
        metered.project_id,
        metered.api_key_id,
        metered.model_id,
        {{ nulls({'stated_list_amount': 'decimal(38, 9)', 'stated_list_cost': 'decimal(38, 9)'}) }},
        {{ nulls({'charged_amount': 'decimal(38, 9)'}) }},
        drawn.kind || ' ' || drawn.contract_id as line_item,
        case when drawn.kind = 'credit' then 'credit' else 'draw' end as charge_category,
        run_parameters.reporting_currency as billed_currency,
        -drawn.drawn_amount as billed_amount,
        case when drawn.kind = 'credit' then -drawn.drawn_amount else 0 end as effective_amount,
        -drawn.drawn_amount as billed_cost,
        case when drawn.kind = 'credit' then -drawn.drawn_amount else 0 end as effective_cost,
        case when drawn.kind = 'credit' then 0 else drawn.drawn_amount end as prepaid_cost,
        metered.metered_cost_key
    from drawn
    inner join metered on drawn.billed_cost_key = metered.metered_cost_key
    cross join run_parameters
    where drawn.kind in ('credit', 'prepaid')

),

contract_charges as (

    select
        md5(concat_ws(chr(31), derived.contract_id, cast(derived.valid_from as string), derived.line_item))
            as billed_cost_key,
        derived.cost_date,
        'contracts' as source,
        derived.provider,
        {{ nulls({'account_id': 'string', 'project_id': 'string', 'api_key_id': 'string', 'model_id': 'string'}) }},
        {{ nulls({'stated_list_amount': 'decimal(38, 9)', 'stated_list_cost': 'decimal(38, 9)'}) }},
        {{ nulls({'charged_amount': 'decimal(38, 9)', 'metered_cost_key': 'string'}) }},
        derived.charge_category,
        derived.line_item,
        run_parameters.reporting_currency as billed_currency,
        derived.billed_cost as billed_amount,
        derived.effective_cost as effective_amount,
        derived.billed_cost,
        derived.effective_cost,
        cast(0 as decimal(38, 9)) as prepaid_cost
    from derived
    cross join run_parameters

)

{% for charged in ['billed', 'credits', 'metered_draws', 'contract_charges'] -%}
select
    {{ columns | join(',
    ') }}
from {{ charged }}
{% if not loop.last -%} union all {% endif %}
{%- endfor %}
