with

initiatives as (

    select distinct initiative_id, unit_of_work
    from {{ ref('int_initiatives_effective') }}
    where unit_of_work is not null

),

metrics as (

    select * from {{ ref('int_business_metrics_reported') }}

)

select
    initiatives.initiative_id,
    metrics.metric_date,
    {{ money('sum(metrics.value)') }} as units
from initiatives
inner join metrics
    on initiatives.unit_of_work = metrics.metric_id
    and (metrics.initiative_id = initiatives.initiative_id or metrics.initiative_id is null)
group by all
