with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted
        and cost_basis = 'metered'
        and contracted_cost is null
        and token_class <> 'request'
        and quantity <> 0

),

owners as (

    select * from {{ ref('int_usage_owners_matched') }}

),

weights as (

    select * from {{ ref('int_sharing_weights_by_day') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

owned as (

    select distinct
        usage.cost_date,
        coalesce(weights.initiative_id, owners.initiative_id) as initiative_id,
        coalesce(weights.product_id, owners.product_id) as product_id
    from usage
    inner join owners
        on usage.owner_key = owners.owner_key
        and usage.cost_date >= owners.effective_from
        and usage.cost_date < owners.effective_to
    left join weights
        on owners.share_method is not null
        and owners.rule_id = weights.rule_id
        and usage.cost_date = weights.shared_date

)

select distinct
    coalesce(owned.product_id, initiatives.product_id) as product_id,
    owned.cost_date as unpriced_date
from owned
left join initiatives
    on owned.initiative_id = initiatives.initiative_id
    and owned.cost_date >= initiatives.effective_from
    and owned.cost_date < initiatives.effective_to
where coalesce(owned.product_id, initiatives.product_id) is not null
    and coalesce(initiatives.stage, 'core') <> 'experimentation'
