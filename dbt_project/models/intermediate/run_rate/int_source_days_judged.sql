with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

loads as (

    select * from {{ ref('stg_run__loads') }}

),

sources as (

    select
        loaded.source,
        sources.mode,
        sources.empty_days,
        sources.start_date,
        sources.complete_through,
        coalesce(sources.is_enabled, false) as is_enabled,
        coalesce(sources.is_file_source, loaded.is_without_window) as is_file_source,
        coalesce(sources.settle_lag_hours, case when loaded.is_without_window then 0 else 24 end) as settle_lag_hours
    from (
        select source, bool_and(window_start is null) as is_without_window
        from loads
        group by source
    ) as loaded
    left join {{ ref('stg_registry__sources') }} as sources on loaded.source = sources.source

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
        and loads.stream = case sources.mode
            when 'daily_activity' then 'daily_activity' when 'query' then 'rolled_up_usage' else 'spend_logs'
        end
    )

),

bill_rows as (

    select provider, account_id, cost_date, usage_start_at as charged_at
    from {{ ref('int_cloud_charges_spread_by_day') }}
    where proves_day
    union all
    select charges.provider, charges.account_id, charges.cost_date, charges.charge_period_start_at as charged_at
    from {{ ref('int_cloud_charges_judged') }} as charges
    semi join {{ ref('int_cloud_charges_spread_by_day') }} as counted
        on charges.provider = counted.provider and charges.account_id is not distinct from counted.account_id
    where not charges.is_ai and charges.period_days = 1

),

file_rows as (

    select distinct
        'litellm' as source,
        cast(null as string) as provider,
        cast(null as string) as account_id,
        usage_date as row_date
    from {{ ref('int_gateway_usage_summed_by_hour') }}
    union
    select distinct 'focus_files' as source, provider, account_id, cost_date as row_date
    from bill_rows

),

last_events as (

    select 'litellm' as source, cast(null as string) as provider, cast(null as string) as account_id,
        max(last_event_at) as last_event_at
    from usage_loads
    where source = 'litellm'
    union all
    select 'focus_files' as source, provider, account_id, {{ moment_of("'UTC'", 'max(charged_at)') }} as last_event_at
    from bill_rows
    group by provider, account_id

),

day_pieces as (

    select
        usage_date as source_date,
        billing_date,
        {{ moment_of("'UTC'", 'max(usage_start_at) + interval 1 hour') }} as piece_end_at
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
                + {{ hours('sources.settle_lag_hours') }}
        ) as is_complete,
        false as is_missing,
        sources.settle_lag_hours
    from sources
    cross join day_pieces
    cross join run_parameters
    inner join (select distinct source, stream from usage_loads) as streams on sources.source = streams.source
    left join usage_loads
        on sources.source = usage_loads.source
        and streams.stream = usage_loads.stream
        and usage_loads.partition = cast(day_pieces.billing_date as string)
    where not sources.is_file_source and day_pieces.source_date <= run_parameters.as_of_date
    group by
        sources.source, sources.is_enabled, sources.start_date, sources.settle_lag_hours, day_pieces.source_date
    having count(usage_loads.load_id) > 0 or (sources.is_enabled and day_pieces.source_date >= sources.start_date)

),

file_bounds as (

    select
        sources.source,
        file_rows.provider,
        file_rows.account_id,
        sources.is_enabled,
        sources.empty_days,
        sources.complete_through,
        sources.settle_lag_hours,
        min(file_rows.row_date) as first_date,
        max(file_rows.row_date) as last_date,
        max(last_events.last_event_at) as last_event_at
    from sources
    inner join file_rows on sources.source = file_rows.source
    left join last_events
        on file_rows.source = last_events.source
        and file_rows.provider is not distinct from last_events.provider
        and file_rows.account_id is not distinct from last_events.account_id
    where sources.is_file_source
    group by all

),

file_days as (

    select
        file_bounds.source,
        {{ dates_from(
            'file_bounds.first_date',
            'least(run_parameters.as_of_date, case when file_bounds.is_enabled then'
            ~ ' greatest(file_bounds.last_date + 60, file_bounds.complete_through) else file_bounds.last_date end)'
        ) }} as source_date,
        {{ all_but(['source'], 'file_bounds') }}
    from file_bounds
    cross join run_parameters

),

logged_days as (

    select distinct billing_date from {{ ref('int_gateway_usage_summed_by_hour') }}

),

-- where most files hold one UTC day each, a UTC day without rows is a file that is not there, and no local day that it
-- touches is whole, whatever the files beside it hold of these
log_files as (

    select
        2 * sum(
            case
                when cast({{ utc_time('first_event_at') }} as date) = cast({{ utc_time('last_event_at') }} as date)
                    then 1
                else 0
            end
        ) > count(*) as are_by_day
    from usage_loads
    where source = 'litellm'

),

days_without_file as (

    select distinct
        'litellm' as source,
        day_pieces.source_date
    from day_pieces
    inner join (select min(billing_date) as first_date, max(billing_date) as last_date from logged_days) as bounds
        on day_pieces.billing_date > bounds.first_date and day_pieces.billing_date < bounds.last_date
    inner join log_files on log_files.are_by_day
    left join logged_days on day_pieces.billing_date = logged_days.billing_date
    where logged_days.billing_date is null

),

judged_file_days as (

    select
        file_days.source,
        file_days.provider,
        file_days.source_date,
        (
            file_rows.row_date is not null and days_without_file.source_date is null
            or file_days.empty_days = 'zero'
            or file_days.source_date > file_days.last_date
        ) and (
            file_days.source_date < file_days.last_date
            or file_days.source_date <= file_days.complete_through
            or not file_days.is_enabled
            or (
                file_days.source_date = file_days.last_date
                and extract(hour from {{ local_time(
                    'run_parameters.reporting_time_zone', 'file_days.last_event_at'
                ) }}) = 23
            )
        ) is true as is_complete,
        (file_rows.row_date is null or days_without_file.source_date is not null)
        and (file_days.empty_days is distinct from 'zero')
        and file_days.source_date < file_days.last_date as is_missing,
        file_days.settle_lag_hours
    from file_days
    cross join run_parameters
    left join file_rows
        on file_days.source = file_rows.source
        and file_days.provider is not distinct from file_rows.provider
        and file_days.account_id is not distinct from file_rows.account_id
        and file_days.source_date = file_rows.row_date
    left join days_without_file
        on file_days.source = days_without_file.source and file_days.source_date = days_without_file.source_date

)

select
    source,
    cast(null as string) as provider,
    source_date,
    coalesce(is_complete, false) as is_complete,
    is_missing,
    cast(ceil(settle_lag_hours / 24.0) as integer) as settle_days
from api_days
union all
select
    source,
    provider,
    source_date,
    bool_and(coalesce(is_complete, false)) as is_complete,
    bool_or(is_missing) as is_missing,
    max(cast(ceil(settle_lag_hours / 24.0) as integer)) as settle_days
from judged_file_days
group by source, provider, source_date
