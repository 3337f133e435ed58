{# The same charges in the shape of FOCUS 1.2: providers by their former names, and the columns that its rules look
   up although nothing calls for them: pricing currency (that of billing) and commitments (empty). #}
with

charges as (

    select * from {{ ref('focus_cost_and_usage') }}

)

select
    {{ all_but(['HostProviderName', 'InvoiceDetailId', 'ServiceProviderName']) }},
    ServiceProviderName as ProviderName,
    ServiceProviderName as PublisherName,
    BillingCurrency as PricingCurrency,
    cast(null as decimal(18, 6)) as PricingCurrencyContractedUnitPrice,
    EffectiveCost as PricingCurrencyEffectiveCost,
    ListUnitPrice as PricingCurrencyListUnitPrice,
    {% for column in ['Category', 'Id', 'Name', 'Status', 'Type', 'Unit'] -%}
    cast(null as string) as CommitmentDiscount{{ column }},
    {% endfor -%}
    cast(null as decimal(38, 9)) as CommitmentDiscountQuantity
from charges
