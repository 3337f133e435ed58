with

providers as (

    select * from {{ ref('int_providers_seen') }}

)

select
    provider,
    has_billed_cost
from providers
