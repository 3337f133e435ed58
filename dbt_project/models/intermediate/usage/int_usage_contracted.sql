{# One row per usage row with its contracted cost: the negotiated price or discount of contracts.yaml where the provider has one, otherwise list. #}
with

usage as (

    select
        *,
        row_number() over () as usage_row
    from {{ ref('int_usage_priced') }}

),

contracts as (

    select * from {{ ref('stg_registry__contracts') }}
    where kind in ('discount', 'price')

),

terms_in_force as (

    select
        usage.usage_row,
        max(contracts.discount_ratio) filter (where contracts.kind = 'discount') as discount_ratio,
        min(contracts.price_per_million) filter (
            where contracts.kind = 'price' and contracts.token_class = usage.token_class
        ) as price_per_million
    from usage
    inner join contracts
        on usage.provider = contracts.provider
        and regexp_full_match(usage.model_id, coalesce(contracts.model_pattern, '.*'))
        and usage.billing_date >= coalesce(contracts.valid_from, date '0001-01-01')
        and usage.billing_date < coalesce(contracts.valid_to, date '9999-12-31')
    where usage.token_class <> 'request'
    group by usage.usage_row

)

select
    usage.* exclude (usage_row),
    case
        when terms_in_force.price_per_million is not null
            then {{ metered_cost('usage.quantity', 'terms_in_force.price_per_million') }}
        when terms_in_force.discount_ratio is not null
            then {{ fine_money(
                'usage.list_cost * cast(1 - terms_in_force.discount_ratio as decimal(10, 9))'
            ) }}
        else usage.list_cost
    end as contracted_cost
from usage
left join terms_in_force on usage.usage_row = terms_in_force.usage_row
