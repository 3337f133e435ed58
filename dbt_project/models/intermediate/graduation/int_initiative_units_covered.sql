with

units as (

    select
        *,
        lag(unit_of_work) over (partition by initiative_id order by metric_date) as unit_before
    from {{ ref('int_initiative_daily_units') }}

),

-- from one change of the unit of work to the next: units of two kinds never stand for each other
runs as (

    select
        initiative_id,
        metric_date,
        unit_of_work,
        sum(case when unit_of_work is distinct from unit_before then 1 else 0 end) over (
            partition by initiative_id order by metric_date
        ) as unit_run
    from units

),

bounds as (

    select
        initiative_id,
        unit_run,
        any_value(unit_of_work) as unit_of_work,
        min(metric_date) as first_date,
        max(metric_date) as last_date
    from runs
    group by initiative_id, unit_run

),

reported as (

    select
        bounds.*,
        count(*) as days_of_28
    from bounds
    inner join runs
        on bounds.initiative_id = runs.initiative_id
        and bounds.unit_run = runs.unit_run
        and runs.metric_date > bounds.last_date - interval 28 day
    group by all

),

judged as (

    select
        *,
        days_of_28 >= least(14, {{ days_between(
            'first_date', 'last_date'
        ) }} + 1)
            and last_date > first_date as is_by_day,
        lag(last_date) over (partition by initiative_id order by unit_run) as last_date_before,
        lead(first_date) over (partition by initiative_id order by unit_run) as first_date_after
    from reported

)

select
    initiative_id,
    greatest(
        case when is_by_day then first_date else cast(date_trunc('month', first_date) as date) end,
        last_date_before + 1
    ) as covered_from,
    least(case when is_by_day then last_date else last_day(last_date) end, first_date_after - 1) as covered_to,
    unit_of_work
from judged
