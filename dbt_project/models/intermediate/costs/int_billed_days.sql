with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

charge_days as (

    select distinct source, provider, account_id, cost_date
    from {{ ref('int_charges_reported') }}
    where source <> 'focus_files'
    union
    select distinct 'focus_files', charges.provider, charges.account_id, charges.cost_date
    from {{ ref('int_cloud_charges_spread_by_day') }} as charges
    cross join run_parameters
    where charges.proves_day and charges.cost_date <= run_parameters.as_of_date

),

billing_accounts as (

    select source, provider, account_id, min(cost_date) as first_date
    from charge_days
    group by all

),

sources as (

    select * from {{ ref('stg_registry__sources') }}

),

bill_rows as (

    select provider, account_id, max(cost_date) as last_date
    from {{ ref('int_cloud_charges_judged') }}
    where period_days = 1
    group by all

),

settled_loads as (

    select
        loads.source,
        try_cast(loads.partition as date) as billing_date
    from {{ ref('stg_run__loads') }} as loads
    left join sources on loads.source = sources.source
    where (loads.source, loads.stream) in (
        ('openai', 'costs'), ('anthropic', 'costs'), ('openrouter', 'activity')
    )
    and loads.watermark_at >= {{ moment_of("'UTC'", 'try_cast(loads.partition as timestamp) + interval 1 day') }}
        + {{ hours('coalesce(sources.settle_lag_hours, 24)') }}

),

last_covered as (

    select
        billing_accounts.provider,
        billing_accounts.account_id,
        billing_accounts.first_date,
        greatest(bill_rows.last_date - 1, sources.complete_through) as last_date
    from billing_accounts
    left join bill_rows
        on billing_accounts.provider = bill_rows.provider
        and billing_accounts.account_id is not distinct from bill_rows.account_id
    left join sources on sources.source = 'focus_files'
    where billing_accounts.source = 'focus_files'

),

covered as (

    select provider, account_id, cost_date as billing_date from charge_days
    union
    select billing_accounts.provider, billing_accounts.account_id, settled_loads.billing_date
    from billing_accounts
    inner join settled_loads
        on billing_accounts.source = settled_loads.source
        and billing_accounts.first_date <= settled_loads.billing_date
    union
    select
        last_covered.provider,
        last_covered.account_id,
        {{ dates_from(
            'last_covered.first_date', 'least(last_covered.last_date, run_parameters.as_of_date)'
        ) }} as billing_date
    from last_covered
    cross join run_parameters
    where last_covered.last_date is not null

)

select provider, account_id, billing_date from covered
where account_id is not null
union
select provider, cast(null as string) as account_id, billing_date from covered
