{# One row per billed charge in the shape of FOCUS 1.4. A charge without a measured quantity has no SkuPriceId, and
   so none of what depends on it. Columns that no row could fill (regions, resources, reservations, commitments,
   contracted prices) are left out, as the specification asks. #}
with

charges as (

    select * from {{ ref('int_charges_described') }}

)

select
    billed_amount as BilledCost,
    coalesce(account_id, provider) as BillingAccountId,
    coalesce(account_id, provider) as BillingAccountName,
    case when source = 'focus_files' then 'Account' else 'Organization' end as BillingAccountType,
    billed_currency as BillingCurrency,
    cast(date_trunc('month', cost_date) + interval 1 month as timestamp) as BillingPeriodEnd,
    cast(date_trunc('month', cost_date) as timestamp) as BillingPeriodStart,
    focus_category as ChargeCategory,
    cast(null as string) as ChargeClass,
    case
        when quantity is null or model_id is null then coalesce(line_item, {{ focus_service_name('provider') }})
        else concat({{ sku_meter('token_class', 'line_item') }}, ' for ', model_id)
    end as ChargeDescription,
    case when focus_category = 'Usage' then 'Usage-Based' else 'One-Time' end as ChargeFrequency,
    cast(cost_date + interval 1 day as timestamp) as ChargePeriodEnd,
    cast(cost_date as timestamp) as ChargePeriodStart,
    quantity as ConsumedQuantity,
    case unit when 'tokens' then 'Tokens' when 'searches' then 'Searches' end as ConsumedUnit,
    case when focus_category = 'Usage' then focus_effective_cost else billed_amount end as ContractedCost,
    focus_effective_cost as EffectiveCost,
    {{ focus_provider_name('provider') }} as HostProviderName,
    cast(null as string) as InvoiceDetailId,
    cast(null as string) as InvoiceId,
    {{ focus_provider_name('provider') }} as InvoiceIssuerName,
    focus_list_cost as ListCost,
    list_unit_price as ListUnitPrice,
    case
        when quantity is null then null
        when billed_amount = 0 and focus_effective_cost <> 0 then 'Committed'
        else 'Standard'
    end as PricingCategory,
    pricing_quantity as PricingQuantity,
    case unit when 'tokens' then '1000000 Tokens' when 'searches' then '1000000 Searches' end as PricingUnit,
    'AI and Machine Learning' as ServiceCategory,
    {{ focus_service_name('provider') }} as ServiceName,
    {{ focus_provider_name('provider') }} as ServiceProviderName,
    'Generative AI' as ServiceSubcategory,
    case when focus_category in ('Usage', 'Purchase') then sku_id end as SkuId,
    case
        when focus_category in ('Usage', 'Purchase') then {{ sku_meter('token_class', 'line_item') }}
    end as SkuMeter,
    case
        when quantity is null or model_id is null then null
        when token_class = 'output'
            then {{ json_of({'x_ModelId': 'model_id', 'x_TokenDirection': "'Output'"}) }}
        when token_class = 'web_search' then {{ json_of({'x_ModelId': 'model_id'}) }}
        else {{ json_of({
            'x_ModelId': 'model_id', 'x_TokenDirection': "'Input'", 'x_TokenCacheAction':
            "case when token_class = 'cache_read' then 'Read'"
            ~ " when token_class like 'cache_write%' then 'Write' else 'Uncached' end",
        }) }}
    end as SkuPriceDetails,
    case when quantity is not null then concat_ws('/', sku_id, price_variant) end as SkuPriceId,
    project_id as SubAccountId,
    case when project_id is not null then coalesce(sub_account_name, project_id) end as SubAccountName,
    case
        when project_id is null then null
        when provider = 'openai' then 'Project'
        when provider = 'anthropic' then 'Workspace'
        else 'Account'
    end as SubAccountType,
    case
        when initiative_id is not null and department_id is not null
            then {{ json_of({'department_id': 'department_id', 'initiative_id': 'initiative_id'}) }}
        when initiative_id is not null then {{ json_of({'initiative_id': 'initiative_id'}) }}
        when department_id is not null then {{ json_of({'department_id': 'department_id'}) }}
    end as Tags,
    billed_cost_key as x_BilledCostKey,
    api_key_id as x_CredentialId,
    department_id as x_DepartmentId,
    initiative_id as x_InitiativeId,
    list_cost_basis as x_ListCostBasis,
    model_id as x_Model,
    billed_cost as x_ReportingBilledCost,
    reporting_currency as x_ReportingCurrency,
    effective_cost as x_ReportingEffectiveCost,
    source as x_Source,
    token_class as x_TokenType
from charges
