with

keys as (

    select * from {{ ref('int_usage_keys_numbered') }}

),

days as (

    select distinct keys.provider, keys.account_id, keys.source, keys.source_rank, usage.billing_date
    from {{ ref('int_usage_summed_by_day') }} as usage
    inner join keys on usage.usage_key_id = keys.usage_key_id

),

billed_days as (

    select * from {{ ref('int_billed_days') }}

),

billed_accounts as (

    select distinct provider, account_id from billed_days
    where account_id is not null

),

first_ranks as (

    select
        provider,
        min(source_rank) as first_rank,
        coalesce(min(source_rank) filter (where source <> 'focus_files'), min(source_rank)) as first_meter_rank
    from keys
    group by provider

)

select
    days.provider,
    days.account_id,
    days.source,
    days.billing_date,
    days.source_rank = case
        when provider_days.provider is not null then first_ranks.first_rank else first_ranks.first_meter_rank
    end as is_counted,
    case when account_days.provider is not null then 'billed' else 'metered' end as cost_basis
from days
inner join first_ranks on days.provider = first_ranks.provider
left join billed_days as provider_days
    on days.provider = provider_days.provider
    and days.billing_date = provider_days.billing_date
    and provider_days.account_id is null
left join billed_accounts
    on days.provider = billed_accounts.provider and days.account_id = billed_accounts.account_id
left join billed_days as account_days
    on days.provider = account_days.provider
    and days.billing_date = account_days.billing_date
    and account_days.account_id is not distinct from billed_accounts.account_id
