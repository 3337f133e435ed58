with

metrics as (

    select * from {{ ref('int_business_metrics_reported') }}

),

reported as (

    select
        metric_date,
        metric_id,
        case
            when initiative_id is not null then 'initiative'
            when product_id is not null then 'product'
            else 'department'
        end as owner_type,
        coalesce(initiative_id, product_id, department_id) as owner_id,
        {{ money('sum(value)') }} as units
    from metrics
    group by all

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}
    where unit_of_work is not null

),

owners as (

    select *, 1 as owner_rank, 'initiative' as owner_type, initiative_id as owner_id from initiatives
    union all
    select *, 2, 'product', product_id from initiatives
    where product_id is not null and stage <> 'retired'
    union all
    select *, 3, 'department', department_id from initiatives
    where department_id is not null and stage <> 'retired'

),

matched as (

    select
        owners.initiative_id,
        owners.unit_of_work,
        owners.owner_rank,
        owners.owner_type,
        reported.metric_date,
        reported.units,
        count(*) over (
            partition by owners.owner_type, owners.owner_id, reported.metric_id, reported.metric_date
        ) as initiatives_with_unit
    from owners
    inner join reported
        on owners.unit_of_work = reported.metric_id
        and owners.owner_type = reported.owner_type
        and owners.owner_id = reported.owner_id
        and reported.metric_date >= owners.effective_from
        and reported.metric_date < owners.effective_to
    where owners.owner_rank = 1 or reported.metric_date >= owners.started_on

)

select
    initiative_id,
    metric_date,
    owner_type,
    case when initiatives_with_unit = 1 then units end as units,
    case when initiatives_with_unit > 1 then 'shared_' || owner_type end as units_null_reason,
    unit_of_work
from matched
qualify row_number() over (partition by initiative_id, metric_date order by owner_rank) = 1
