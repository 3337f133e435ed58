with

overrides as (

    select * from {{ ref('stg_registry__cap_overrides') }}

),

caps as (

    select
        {{ all_but(['valid_from', 'valid_to']) }},
        {{ effective_bounds() }}
    from {{ ref('stg_registry__caps') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_filled') }}

),

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

kept as (

    select
        overrides.*,
        caps.currency,
        row_number() over (
            partition by overrides.cap_id, overrides.subject_id, overrides.cap_window, overrides.starts_at
            order by caps.effective_from
        ) as version
    from overrides
    inner join caps
        on overrides.cap_id = caps.cap_id
        and overrides.cap_window = caps.cap_window
        and overrides.expires_at > {{ moment_of('caps.time_zone', 'cast(caps.effective_from as timestamp)') }}
        and overrides.starts_at < {{ moment_of('caps.time_zone', 'cast(caps.effective_to as timestamp)') }}
    cross join run_parameters
    where overrides.expires_at > {{ moment_of(
        'run_parameters.reporting_time_zone', 'cast(run_parameters.as_of_date + 1 as timestamp)'
    ) }}

)

select
    run_parameters.as_of_date,
    kept.cap_id,
    kept.subject_id,
    kept.cap_window as {{ adapter.quote('window') }},
    kept.starts_at,
    kept.expires_at,
    kept.approver,
    kept.reason,
    {{ dollar_amount('kept.amount', 'kept.currency') }} as amount_usd,
    {{ reporting_amount('kept.amount', 'kept.currency') }} as amount,
    run_parameters.reporting_currency
from kept
cross join run_parameters
left join exchange_rates
    on kept.currency = exchange_rates.currency and run_parameters.as_of_date = exchange_rates.rate_date
left join exchange_rates as dollar_rates
    on dollar_rates.currency = 'USD' and run_parameters.as_of_date = dollar_rates.rate_date
where kept.version = 1
