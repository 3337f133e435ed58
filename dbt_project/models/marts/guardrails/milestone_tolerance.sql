{# A feature may run below its target margin until its adoption target or its date, whichever is first; then the
   tolerance lapses by itself. Margin debt is what was given up on the days of tolerance: the gap to the target times
   revenue; a day without revenue has no margin. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

initiatives as (

    select
        effective.initiative_id,
        max_by(effective.product_id, effective.effective_from) as product_id,
        max_by(effective.milestone_metric_id, effective.effective_from) as metric_id,
        max_by(effective.milestone_target, effective.effective_from) as target,
        max_by(effective.milestone_by, effective.effective_from) as by_date,
        max_by(effective.milestone_margin_floor_ratio, effective.effective_from) as margin_floor_ratio,
        max_by(effective.target_gross_margin_ratio, effective.effective_from) as target_gross_margin_ratio,
        min(effective.started_on) as started_on
    from {{ ref('int_initiatives_effective') }} as effective
    cross join run_parameters
    where effective.milestone_metric_id is not null and effective.effective_from <= run_parameters.as_of_date
    group by effective.initiative_id

),

metrics as (

    select * from {{ ref('fct_business_metrics') }}

),

margins as (

    select * from {{ ref('gross_margin_by_product_day') }}

),

progress as (

    select
        initiatives.initiative_id,
        max_by(metrics.value, metrics.metric_date) as metric_value,
        min(metrics.metric_date) filter (where metrics.value >= initiatives.target) as met_on
    from initiatives
    left join metrics
        on initiatives.metric_id = metrics.metric_id
        and (metrics.initiative_id = initiatives.initiative_id or metrics.product_id = initiatives.product_id)
    group by initiatives.initiative_id

),

tolerated_days as (

    select
        initiatives.initiative_id,
        margins.margin_date,
        greatest(
            margins.revenue
            * cast(coalesce(initiatives.target_gross_margin_ratio, margins.target_gross_margin_ratio) as decimal(10, 9))
            - margins.gross_profit,
            0
        ) as margin_debt
    from initiatives
    inner join progress on initiatives.initiative_id = progress.initiative_id
    inner join margins
        on initiatives.product_id = margins.product_id
        and margins.margin_date >= initiatives.started_on
        and margins.margin_date <= initiatives.by_date
        and margins.margin_date < coalesce(progress.met_on, date '9999-12-31')
    where margins.revenue > 0

),

debts as (

    select
        initiative_id,
        sum(margin_debt) as margin_debt,
        min(margin_date) filter (where margin_debt > 0) as first_debt_date
    from tolerated_days
    group by initiative_id

)

select
    initiatives.initiative_id,
    run_parameters.as_of_date,
    {{ money('progress.metric_value') }} as metric_value,
    {{ money('initiatives.target') }} as target,
    initiatives.by_date,
    cast(initiatives.margin_floor_ratio as double) as margin_floor_ratio,
    case
        when progress.met_on <= least(initiatives.by_date, run_parameters.as_of_date) then 'met'
        when run_parameters.as_of_date > initiatives.by_date then 'lapsed'
        else 'active'
    end as tolerance_status,
    coalesce({{ fine_money('debts.margin_debt') }}, cast(0 as decimal(38, 12))) as margin_debt,
    case when debts.margin_debt > 0 then run_parameters.as_of_date - debts.first_debt_date end as debt_age_days,
    run_parameters.reporting_currency
from initiatives
cross join run_parameters
inner join progress on initiatives.initiative_id = progress.initiative_id
left join debts on initiatives.initiative_id = debts.initiative_id
