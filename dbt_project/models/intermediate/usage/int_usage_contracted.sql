{# One row per usage row with its contracted cost: the negotiated price or discount of contracts.yaml where the provider has one, otherwise list. #}
{{ config(materialized='view') }}

with

usage as (

    select * from {{ ref('int_usage_priced') }}

),

contracts as (

    select * from {{ ref('stg_registry__contracts') }}
    where kind in ('discount', 'price')

),

combinations as (

    select distinct provider, model_id, token_class, billing_date
    from usage
    where token_class <> 'request' and provider in (select provider from contracts)

),

terms_in_force as (

    select
        combinations.*,
        max(contracts.discount_ratio) filter (where contracts.kind = 'discount') as discount_ratio,
        min(contracts.price_per_million) filter (
            where contracts.kind = 'price' and contracts.token_class = combinations.token_class
        ) as price_per_million
    from combinations
    inner join contracts
        on combinations.provider = contracts.provider
        and regexp_full_match(coalesce(combinations.model_id, ''), coalesce(contracts.model_pattern, '.*'))
        and combinations.billing_date >= coalesce(contracts.valid_from, date '0001-01-01')
        and combinations.billing_date < coalesce(contracts.valid_to, date '9999-12-31')
    group by all

)

select
    usage.*,
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
left join terms_in_force
    on usage.provider = terms_in_force.provider
    and usage.model_id is not distinct from terms_in_force.model_id
    and usage.token_class = terms_in_force.token_class
    and usage.billing_date = terms_in_force.billing_date
