with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

loads as (

    select * from {{ ref('stg_run__loads') }}

),

bounds as (

    select
        date_trunc('day', coalesce(min(least(first_event_at, window_start)), {{ moment_of(
            "'UTC'", 'cast(max(as_of_date) as timestamp)'
        ) }}))
        - interval 2 day as first_at,
        date_trunc('day', greatest(
            coalesce(max(greatest(last_event_at, window_end)), {{ moment_of(
                "'UTC'", 'cast(max(as_of_date) as timestamp)'
            ) }}),
            {{ moment_of("'UTC'", 'cast(max(as_of_date) as timestamp)') }}
        )) + interval 3 day as end_at
    from run_parameters
    left join loads on loads.source in (
        'openai', 'anthropic', 'openrouter', 'merge_gateway', 'litellm', 'focus_files'
    )

),

quarters as (

    select {{ quarters_from('first_at', 'end_at') }} as quarter_at
    from bounds

)

select
    {{ quarter_hour('quarter_at') }} as quarter_hour,
    {{ begin_of('hour', utc_time('quarter_at')) }} as usage_start_at,
    cast({{ utc_time('quarter_at') }} as date) as billing_date,
    cast({{ local_time('run_parameters.reporting_time_zone', 'quarter_at') }} as date) as usage_date
from quarters
cross join run_parameters
