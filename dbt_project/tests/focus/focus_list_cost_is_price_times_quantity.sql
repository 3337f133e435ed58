{# Where both factors are known their product is the list cost, exactly. The official validator's rule matches no row
   without a charge class. #}
select *
from {{ ref('focus_cost_and_usage') }}
where (x_ListCostBasis = 'list_price') <> (ListUnitPrice is not null)
    or (
        ListUnitPrice is not null
        and (
            ListUnitPrice < 0
            or ListCost <> cast(ListUnitPrice * cast(PricingQuantity as decimal(38, 6)) as decimal(38, 12))
        )
    )
    or cast(PricingQuantity * cast(1000000 as decimal(7, 0)) as decimal(38, 6)) <> ConsumedQuantity
