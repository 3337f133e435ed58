with

units as (

    select * from {{ ref('int_initiative_daily_units') }}

),

bounds as (

    select
        initiative_id,
        min(metric_date) as first_date,
        max(metric_date) as last_date
    from units
    group by initiative_id

),

reported as (

    select
        bounds.initiative_id,
        bounds.first_date,
        bounds.last_date,
        count(*) as days_of_28
    from bounds
    inner join units
        on bounds.initiative_id = units.initiative_id
        and units.metric_date > bounds.last_date - interval 28 day
    group by bounds.initiative_id, bounds.first_date, bounds.last_date

),

judged as (

    select
        *,
        days_of_28 >= least(14, datediff('day', first_date, last_date) + 1) and last_date > first_date as is_by_day
    from reported

)

select
    initiative_id,
    case when is_by_day then first_date else cast(date_trunc('month', first_date) as date) end as covered_from,
    case when is_by_day then last_date else last_day(last_date) end as covered_to
from judged
