{# What hangs on a price identifier is null with it and only with it; names and units are null exactly with what they
   name; no text stands for a null. #}
select *
from {{ ref('focus_cost_and_usage') }}
where (SkuPriceId is null) <> (PricingQuantity is null)
    or (SkuPriceId is null) <> (PricingCategory is null)
    or (PricingQuantity is null) <> (PricingUnit is null)
    or (ConsumedQuantity is null) <> (ConsumedUnit is null)
    or (SkuPriceId is null and (ListUnitPrice is not null or SkuPriceDetails is not null))
    or (SkuPriceId is not null and (SkuId is null or ChargeCategory not in ('Usage', 'Purchase')))
    or (ConsumedQuantity is not null and ChargeCategory <> 'Usage')
    or (SkuId is null) <> (SkuMeter is null)
    or (SubAccountId is null) <> (SubAccountName is null)
    or (SubAccountId is null) <> (SubAccountType is null)
    or (ChargeCategory = 'Purchase' and ChargeFrequency = 'Usage-Based')
    or ConsumedUnit not in ('Tokens', 'Searches')
    or PricingUnit not in ('1000000 Tokens', '1000000 Searches')
    or not {{ text_is('BillingCurrency', "'[A-Z]{3}'") }}
    or ServiceName is null
    or ServiceProviderName is null
    or HostProviderName is null
    or InvoiceIssuerName is null
    or '' in (SubAccountId, SkuId, x_Model, x_CredentialId, ChargeDescription)
    or 'NULL' in (SubAccountId, SkuId, x_Model, x_CredentialId, ChargeDescription)
