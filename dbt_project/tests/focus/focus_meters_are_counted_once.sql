{# Per provider and UTC day no more tokens are consumed on charges than were metered: a quantity stands on one charge
   only. #}
with

consumed as (

    select
        x_Model as model_id,
        x_TokenType as token_class,
        cast(ChargePeriodStart as date) as billing_date,
        sum(ConsumedQuantity) as consumed_quantity
    from {{ ref('focus_cost_and_usage') }}
    where ConsumedQuantity is not null
    group by all

),

metered as (

    select
        model_id,
        token_class,
        billing_date,
        sum(quantity) as metered_quantity
    from {{ ref('fct_usage') }}
    where is_counted
    group by all

)

select
    consumed.*,
    metered.metered_quantity
from consumed
left join metered
    on consumed.model_id = metered.model_id
    and consumed.token_class = metered.token_class
    and consumed.billing_date = metered.billing_date
where metered.metered_quantity is null or consumed.consumed_quantity > metered.metered_quantity
