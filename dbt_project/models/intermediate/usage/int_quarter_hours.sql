with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

loads as (

    select * from {{ ref('stg_run__loads') }}

),

bounds as (

    select
        date_trunc('day', coalesce(min(least(first_event_at, window_start)), cast(max(as_of_date) as timestamptz)))
        - interval 2 day as first_at,
        date_trunc('day', greatest(
            coalesce(max(greatest(last_event_at, window_end)), cast(max(as_of_date) as timestamptz)),
            cast(max(as_of_date) as timestamptz)
        )) + interval 3 day as end_at
    from run_parameters
    left join loads on loads.source in (
        'openai', 'anthropic', 'openrouter', 'merge_gateway', 'litellm', 'focus_files'
    )

),

quarters as (

    select unnest(generate_series(first_at, end_at, interval 15 minute)) as quarter_at
    from bounds

)

select
    cast(epoch(quarter_at) as bigint) // 900 as quarter_hour,
    date_trunc('hour', quarter_at at time zone 'UTC') as usage_start_at,
    cast(quarter_at at time zone 'UTC' as date) as billing_date,
    cast(timezone(run_parameters.reporting_time_zone, quarter_at) as date) as usage_date
from quarters
cross join run_parameters
