{# The allocation in force on each day, from its first day on. Spending counts up to the day it closed; what a
   closing did not consume went back to the pool. Exhaustion follows the forecast, beyond its horizon the run-rate. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

allocations as (

    select * from {{ ref('int_allocations_declared') }}

),

movements as (

    select * from {{ ref('fct_budget_movements') }}

),

costs as (

    select initiative_id, cost_date, sum(allocated_cost) as allocated_cost
    from {{ ref('fct_allocated_costs') }}
    where initiative_id is not null
    group by initiative_id, cost_date

),

forecasts as (

    select * from {{ ref('stg_statistics__forecasts') }}
    where entity_type = 'initiative'

),

run_rates as (

    select * from {{ ref('stg_statistics__run_rates') }}
    where entity_type = 'initiative'

),

closings as (

    select
        allocations.initiative_id,
        allocations.starts_on,
        min(movements.effective_on) as closed_on,
        min_by(movements.kind, movements.effective_on) as closed_by
    from allocations
    inner join movements
        on movements.account = 'allocation:' || allocations.initiative_id
        and (
            movements.kind = 'graduate' and movements.effective_on >= allocations.starts_on
            or movements.kind = 'expire' and movements.effective_on > allocations.starts_on
        )
        and movements.effective_on <= coalesce(allocations.superseded_on, movements.effective_on)
    group by allocations.initiative_id, allocations.starts_on

),

allotments as (

    select
        initiative_id,
        effective_on,
        sum(amount) as amount
    from movements
    where account = 'allocation:' || initiative_id and kind in ('grant', 'adjust', 'return')
    group by initiative_id, effective_on

),

days as (

    select
        allocations.*,
        {{ dates_from(
            'allocations.starts_on',
            'least(run_parameters.as_of_date, coalesce(allocations.superseded_on - 1, run_parameters.as_of_date))'
        ) }} as as_of_date
    from allocations
    cross join run_parameters

),

day_amounts as (

    select
        days.initiative_id,
        days.starts_on,
        days.expires_on,
        days.as_of_date,
        case when days.as_of_date >= closings.closed_on then closings.closed_by end as closed_by,
        coalesce(allotments.amount, cast(0 as decimal(38, 9))) as allotted_amount,
        coalesce(costs.allocated_cost, cast(0 as decimal(38, 12))) as allocated_cost,
        closings.closed_on is null
        or days.as_of_date < closings.closed_on
        or (days.as_of_date = closings.closed_on and closings.closed_by = 'graduate') as is_inside
    from days
    left join closings
        on days.initiative_id = closings.initiative_id and days.starts_on = closings.starts_on
    left join allotments
        on days.initiative_id = allotments.initiative_id and days.as_of_date = allotments.effective_on
    left join costs
        on days.initiative_id = costs.initiative_id and days.as_of_date = costs.cost_date

),

running as (

    select
        initiative_id,
        starts_on,
        expires_on,
        as_of_date,
        closed_by,
        {{ fine_money('sum(allotted_amount) over to_date') }} as allocated_amount,
        {{ fine_money('sum(case when is_inside then allocated_cost end) over to_date') }} as spent_amount,
        {{ fine_money('coalesce(sum(case when not is_inside then allocated_cost end) over to_date, 0)') }}
            as spent_after_close_amount
    from day_amounts
    window to_date as (
        partition by initiative_id, starts_on order by as_of_date
        rows between unbounded preceding and current row
    )

),

judged as (

    select
        running.*,
        case
            when closed_by is not null then cast(0 as decimal(38, 12))
            else {{ fine_money('allocated_amount - spent_amount') }}
        end as remaining_amount,
        case when allocated_amount > 0
            then cast(spent_amount as double) / cast(allocated_amount as double)
        end as burn_ratio,
        case
            when closed_by = 'graduate' then 'graduated'
            when closed_by = 'expire' or as_of_date > expires_on then 'expired'
            when spent_amount >= allocated_amount then 'exhausted'
            else {{ spent_part_status('spent_amount', 'allocated_amount') }}
        end as status,
        min(case when spent_amount >= allocated_amount then as_of_date end) over (
            partition by initiative_id, starts_on order by as_of_date
            rows between unbounded preceding and current row
        ) as first_exhausted_date
    from running

),

forecast_sums as (

    select
        entity_id as initiative_id,
        as_of_date,
        forecast_date,
        sum(forecast) over horizon as forecast,
        sum(forecast_high) over horizon as forecast_high
    from forecasts
    window horizon as (
        partition by entity_id, as_of_date order by forecast_date
        rows between unbounded preceding and current row
    )

),

forecast_exhaustion as (

    select
        judged.initiative_id,
        judged.as_of_date,
        min(case when forecast_sums.forecast > judged.remaining_amount then forecast_sums.forecast_date end)
            as likely_date,
        min(case when forecast_sums.forecast_high > judged.remaining_amount then forecast_sums.forecast_date end)
            as early_date,
        max(forecast_sums.forecast_date) as last_forecast_date
    from judged
    inner join forecast_sums
        on judged.initiative_id = forecast_sums.initiative_id and judged.as_of_date = forecast_sums.as_of_date
    group by judged.initiative_id, judged.as_of_date

),

run_rate_exhaustion as (

    select
        judged.initiative_id,
        judged.as_of_date,
        floor(cast(judged.remaining_amount as double) * 365.25 / 12 / cast(run_rates.run_rate_monthly as double)) + 1
            as likely_days,
        floor(cast(judged.remaining_amount as double) * 365.25 / 12 / cast(run_rates.run_rate_high as double)) + 1
            as early_days
    from judged
    inner join run_rates
        on judged.initiative_id = run_rates.entity_id and judged.as_of_date = run_rates.as_of_date
    where run_rates.run_rate_monthly > 0

),

projected as (

    select
        judged.*,
        coalesce(
            forecast_exhaustion.likely_date,
            case when run_rate_exhaustion.likely_days < 3650 then greatest(
                judged.as_of_date + cast(run_rate_exhaustion.likely_days as integer),
                coalesce(forecast_exhaustion.last_forecast_date + 1, judged.as_of_date)
            ) end
        ) as likely_date,
        coalesce(
            forecast_exhaustion.early_date,
            case when run_rate_exhaustion.early_days < 3650 then greatest(
                judged.as_of_date + cast(run_rate_exhaustion.early_days as integer),
                coalesce(forecast_exhaustion.last_forecast_date + 1, judged.as_of_date)
            ) end
        ) as early_date
    from judged
    left join forecast_exhaustion
        on judged.initiative_id = forecast_exhaustion.initiative_id
        and judged.as_of_date = forecast_exhaustion.as_of_date
    left join run_rate_exhaustion
        on judged.initiative_id = run_rate_exhaustion.initiative_id
        and judged.as_of_date = run_rate_exhaustion.as_of_date

)

select
    projected.as_of_date,
    projected.initiative_id,
    {{ money('projected.allocated_amount') }} as allocated_amount,
    projected.spent_amount,
    projected.remaining_amount,
    projected.spent_after_close_amount,
    projected.burn_ratio,
    case
        when projected.closed_by is not null then null
        when projected.spent_amount >= projected.allocated_amount then projected.first_exhausted_date
        else projected.likely_date
    end as projected_exhaustion_date,
    case
        when projected.closed_by is not null then null
        when projected.spent_amount >= projected.allocated_amount then projected.first_exhausted_date
        else projected.early_date
    end as projected_exhaustion_date_early,
    projected.starts_on,
    projected.expires_on,
    projected.status,
    run_parameters.reporting_currency
from projected
cross join run_parameters
