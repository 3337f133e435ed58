{# Where the open fiscal period ends: what was spent so far and the forecast of its days to come. The interval is that
   of the days to come: their own bounds added up, or the bounds of the 30-day sum where these are closer, which hold
   for fewer days all the more. Where days of the period are missing, their cost comes on top, and nobody knows an
   upper bound. A department whose initiatives all went on to others has no days to come. #}
{{ config(tags=['after_statistics']) }}

with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

forecasts as (

    select * from {{ ref('stg_statistics__forecasts') }}

),

horizons as (

    select * from {{ ref('stg_statistics__forecast_horizons') }}
    where horizon_days = 30

),

costs as (

    select * from {{ ref('fct_allocated_costs') }}

),

open_period as (

    select
        run_parameters.as_of_date,
        run_parameters.company_id,
        run_parameters.reporting_currency,
        any_value(today.fiscal_period) as fiscal_period,
        min(dates.calendar_date) as starts_on,
        max(dates.calendar_date) as ends_on,
        count(*) as period_days,
        count(*) filter (where dates.calendar_date > run_parameters.as_of_date) as days_left
    from run_parameters
    inner join dates as today
        on run_parameters.as_of_date = today.calendar_date
    inner join dates
        on today.fiscal_period = dates.fiscal_period
    group by all

),

lacking as (

    select
        lacking_days.entity_type,
        lacking_days.entity_id,
        count(*) as days_missing
    from {{ ref('int_costs_lacking_by_day') }} as lacking_days
    inner join open_period
        on lacking_days.cost_date between open_period.starts_on and open_period.as_of_date
    group by lacking_days.entity_type, lacking_days.entity_id

),

spent_rows as (

    select
        costs.initiative_id,
        costs.department_id,
        costs.allocated_cost
    from costs
    inner join open_period
        on costs.cost_date between open_period.starts_on and open_period.as_of_date

),

spent as (

    select
        'initiative' as entity_type,
        initiative_id as entity_id,
        sum(allocated_cost) as spent_amount
    from spent_rows
    where initiative_id is not null
    group by initiative_id
    union all
    select
        'department' as entity_type,
        department_id as entity_id,
        sum(allocated_cost) as spent_amount
    from spent_rows
    where department_id is not null
    group by department_id
    union all
    select
        'company' as entity_type,
        'company' as entity_id,
        sum(allocated_cost) as spent_amount
    from spent_rows

),

parts as (

    select
        forecasts.entity_type,
        forecasts.entity_id,
        horizons.part_of_entity_type,
        horizons.part_of_entity_id,
        sum(forecasts.forecast) as forecast,
        sum(forecasts.forecast - forecasts.forecast_low) as below,
        sum(forecasts.forecast_high - forecasts.forecast) as above
    from forecasts
    inner join open_period
        on forecasts.as_of_date = open_period.as_of_date
        and forecasts.forecast_date between open_period.starts_on and open_period.ends_on
    left join horizons
        on forecasts.entity_type = horizons.entity_type
        and forecasts.entity_id = horizons.entity_id
        and forecasts.as_of_date = horizons.as_of_date
    group by all

),

ahead as (

    select
        entity_type,
        entity_id,
        forecast,
        below,
        above
    from parts
    where entity_type = 'initiative'
    union all
    select
        'department' as entity_type,
        case when entity_type = 'department' then entity_id else part_of_entity_id end as entity_id,
        sum(forecast) as forecast,
        sum(below) as below,
        sum(above) as above
    from parts
    where entity_type = 'department' or part_of_entity_type = 'department'
    group by all
    union all
    select
        'company' as entity_type,
        'company' as entity_id,
        sum(forecast) as forecast,
        sum(below) as below,
        sum(above) as above
    from parts
    having count(*) > 0

),

left_behind as (

    select
        'department' as entity_type,
        spent_rows.department_id as entity_id
    from spent_rows
    left join (select distinct entity_id from parts where entity_type = 'initiative') as forecasted
        on spent_rows.initiative_id = forecasted.entity_id
    where spent_rows.department_id is not null
    group by spent_rows.department_id
    having bool_and(forecasted.entity_id is not null)

),

bounded as (

    select
        coalesce(spent.entity_type, ahead.entity_type) as entity_type,
        coalesce(spent.entity_id, ahead.entity_id) as entity_id,
        coalesce(spent.spent_amount, 0) as spent_amount,
        coalesce(ahead.forecast, left_behind.forecast) as forecast,
        coalesce(least(ahead.below, horizons.forecast - horizons.forecast_low), left_behind.forecast) as below,
        coalesce(least(ahead.above, horizons.forecast_high - horizons.forecast), left_behind.forecast) as above
    from spent
    full outer join ahead
        on spent.entity_type = ahead.entity_type
        and spent.entity_id = ahead.entity_id
    left join horizons
        on ahead.entity_type = horizons.entity_type
        and ahead.entity_id = horizons.entity_id
    left join (select *, 0 as forecast from left_behind) as left_behind
        on spent.entity_type = left_behind.entity_type
        and spent.entity_id = left_behind.entity_id
        and ahead.entity_id is null

),

amounts as (

    select
        bounded.entity_type,
        bounded.entity_id,
        bounded.spent_amount,
        coalesce(lacking.days_missing, 0) as days_missing,
        {% for part in ['forecast', 'below', 'above'] -%}
        case when open_period.days_left = 0 then 0 else bounded.{{ part }} end as {{ part }}_ahead,
        {% endfor -%}
        open_period.as_of_date,
        open_period.company_id,
        open_period.reporting_currency,
        open_period.fiscal_period,
        open_period.starts_on,
        open_period.ends_on,
        open_period.period_days,
        open_period.days_left
    from bounded
    left join lacking
        on bounded.entity_type = lacking.entity_type
        and bounded.entity_id = lacking.entity_id
    cross join open_period

)

select
    as_of_date,
    fiscal_period,
    entity_type,
    case when entity_type = 'company' then company_id else entity_id end as entity_id,
    starts_on,
    ends_on,
    cast(period_days - days_left as integer) as days_elapsed,
    cast(days_left as integer) as days_left,
    cast(spent_amount as decimal(38, 12)) as spent_amount,
    cast(forecast_ahead as decimal(38, 9)) as forecast,
    cast(spent_amount + forecast_ahead as decimal(38, 12)) as projected_amount,
    cast(spent_amount + forecast_ahead - below_ahead as decimal(38, 12)) as projected_low,
    cast(case when days_missing = 0 then spent_amount + forecast_ahead + above_ahead end as decimal(38, 12))
        as projected_high,
    reporting_currency,
    cast(days_missing as integer) as days_missing
from amounts
