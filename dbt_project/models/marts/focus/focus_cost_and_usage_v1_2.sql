{# The same charges in the shape of FOCUS 1.2: providers by their former names, and the commitment columns that its rules look up, empty. #}
with

charges as (

    select * from {{ ref('focus_cost_and_usage') }}

)

select
    * exclude ("HostProviderName", "InvoiceDetailId", "ServiceProviderName"),
    "ServiceProviderName" as "ProviderName",
    "ServiceProviderName" as "PublisherName",
    {% for column in ['Category', 'Id', 'Name', 'Status', 'Type', 'Unit'] -%}
    cast(null as varchar) as "CommitmentDiscount{{ column }}",
    {% endfor -%}
    cast(null as decimal(38, 9)) as "CommitmentDiscountQuantity"
from charges
