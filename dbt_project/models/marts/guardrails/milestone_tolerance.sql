{# A feature may run below its target margin until its adoption target or its date, whichever is first; then the
   tolerance lapses by itself. Adoption is its own metric of a day, else its product's. Margin debt is what was given
   up on the days of tolerance: the gap to the target times revenue, both of the day; a day without revenue has no
   margin. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

versions as (

    select * from {{ ref('int_initiatives_effective') }}

),

initiatives as (

    select
        effective.initiative_id,
        max_by(effective.milestone_metric_id, effective.effective_from)
            filter (where effective.milestone_metric_id is not null) as metric_id,
        max_by(effective.milestone_target, effective.effective_from)
            filter (where effective.milestone_target is not null) as target,
        max_by(effective.milestone_by, effective.effective_from)
            filter (where effective.milestone_by is not null) as by_date,
        max_by(effective.milestone_margin_floor_ratio, effective.effective_from)
            filter (where effective.milestone_margin_floor_ratio is not null) as margin_floor_ratio,
        min(effective.started_on) as started_on
    from versions as effective
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

adoption as (

    select
        initiatives.initiative_id,
        initiatives.target,
        metrics.metric_date,
        metrics.value
    from initiatives
    inner join metrics on initiatives.metric_id = metrics.metric_id
    left join versions
        on initiatives.initiative_id = versions.initiative_id
        and metrics.product_id = versions.product_id
        and metrics.metric_date >= versions.effective_from
        and metrics.metric_date < versions.effective_to
    where metrics.initiative_id = initiatives.initiative_id or versions.initiative_id is not null
    qualify row_number() over (
        partition by initiatives.initiative_id, metrics.metric_date order by metrics.initiative_id nulls last
    ) = 1

),

progress as (

    select
        initiatives.initiative_id,
        max_by(adoption.value, adoption.metric_date) filter (where adoption.value is not null) as metric_value,
        min(adoption.metric_date) filter (where adoption.value >= adoption.target) as met_on
    from initiatives
    left join adoption on initiatives.initiative_id = adoption.initiative_id
    group by initiatives.initiative_id

),

tolerated_days as (

    select
        initiatives.initiative_id,
        margins.margin_date,
        greatest(
            margins.revenue
            * cast(coalesce(versions.target_gross_margin_ratio, margins.target_gross_margin_ratio) as decimal(10, 9))
            - margins.gross_profit,
            0
        ) as margin_debt
    from initiatives
    inner join progress on initiatives.initiative_id = progress.initiative_id
    inner join versions on initiatives.initiative_id = versions.initiative_id
    inner join margins
        on versions.product_id = margins.product_id
        and margins.margin_date >= versions.effective_from
        and margins.margin_date < versions.effective_to
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
