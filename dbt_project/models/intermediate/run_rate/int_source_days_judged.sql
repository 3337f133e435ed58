with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

loads as (

    select * from {{ ref('stg_run__loads') }}

),

sources as (

    select * from {{ ref('stg_registry__sources') }}
    where is_enabled

),

quarter_hours as (

    select * from {{ ref('int_quarter_hours') }}

),

usage_loads as (

    select loads.*
    from loads
    inner join sources on loads.source = sources.source
    where (loads.source, loads.stream) in (
        ('openai', 'usage_completions'), ('openai', 'usage_other'), ('openai', 'costs'), ('anthropic', 'usage'),
        ('anthropic', 'costs'), ('openrouter', 'activity'), ('merge_gateway', 'usage'),
        ('focus_files', 'cost_and_usage')
    ) or (
        loads.source = 'litellm'
        and loads.stream = case when sources.mode = 'daily_activity' then 'daily_activity' else 'spend_logs' end
    )

),

file_rows as (

    select distinct 'litellm' as source, usage_date as row_date
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    union
    select distinct 'focus_files' as source, cost_date as row_date
    from {{ ref('stg_focus_files__cost_and_usage') }}

),

day_pieces as (

    select
        usage_date as source_date,
        billing_date,
        timezone('UTC', max(usage_start_at) + interval 1 hour) as piece_end_at
    from quarter_hours
    group by usage_date, billing_date

),

api_days as (

    select
        sources.source,
        day_pieces.source_date,
        count(distinct usage_loads.stream || usage_loads.partition) > 0
        and bool_and(
            usage_loads.load_id is not null
            and usage_loads.watermark_at >= day_pieces.piece_end_at
                + to_hours(cast(sources.settle_lag_hours as integer))
        ) as is_complete,
        false as is_missing
    from sources
    cross join day_pieces
    cross join run_parameters
    inner join (select distinct source, stream from usage_loads) as streams on sources.source = streams.source
    left join usage_loads
        on sources.source = usage_loads.source
        and streams.stream = usage_loads.stream
        and usage_loads.partition = strftime(day_pieces.billing_date, '%Y-%m-%d')
    where not sources.is_file_source
        and day_pieces.source_date between sources.start_date and run_parameters.as_of_date
    group by sources.source, day_pieces.source_date

),

file_bounds as (

    select
        sources.source,
        sources.empty_days,
        sources.complete_through,
        min(file_rows.row_date) as first_date,
        max(file_rows.row_date) as last_date,
        max(usage_loads.last_event_at) as last_event_at
    from sources
    inner join file_rows on sources.source = file_rows.source
    left join usage_loads on sources.source = usage_loads.source
    where sources.is_file_source
    group by all

),

file_days as (

    select
        file_bounds.source,
        cast(unnest(generate_series(file_bounds.first_date, run_parameters.as_of_date, interval 1 day)) as date)
            as source_date,
        file_bounds.* exclude (source)
    from file_bounds
    cross join run_parameters

),

judged_file_days as (

    select
        file_days.source,
        file_days.source_date,
        (file_rows.row_date is not null or file_days.empty_days = 'zero' or file_days.source_date > file_days.last_date)
        and (
            file_days.source_date < file_days.last_date
            or file_days.source_date <= file_days.complete_through
            or (
                file_days.source_date = file_days.last_date
                and extract(hour from timezone(run_parameters.reporting_time_zone, file_days.last_event_at)) = 23
            )
        ) is true as is_complete,
        file_rows.row_date is null
        and (file_days.empty_days is distinct from 'zero')
        and file_days.source_date < file_days.last_date as is_missing
    from file_days
    cross join run_parameters
    left join file_rows
        on file_days.source = file_rows.source and file_days.source_date = file_rows.row_date

)

select source, source_date, coalesce(is_complete, false) as is_complete, is_missing from api_days
union all
select source, source_date, coalesce(is_complete, false) as is_complete, is_missing from judged_file_days
