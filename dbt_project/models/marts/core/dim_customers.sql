with

registered as (

    select customer_id, max(name) as name
    from {{ ref('stg_registry__customers') }}
    group by customer_id

),

billed_to as (

    select distinct customer_id from {{ ref('stg_ledgers__revenue') }}
    where customer_id is not null

)

select
    coalesce(registered.customer_id, billed_to.customer_id) as customer_id,
    coalesce(registered.name, billed_to.customer_id) as name
from registered
full outer join billed_to on registered.customer_id = billed_to.customer_id
