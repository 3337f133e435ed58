with

initiatives as (

    select * from {{ ref('stg_registry__initiatives') }}

),

movements as (

    select * from {{ ref('stg_budget__movements') }}

),

graduations as (

    select distinct
        initiative_id,
        cast(effective_on + 1 as date) as graduated_on
    from movements
    where kind = 'graduate' and initiative_id is not null

),

versions as (

    select
        {{ all_but(['stage', 'valid_from', 'valid_to'], 'initiatives') }},
        initiatives.stage as registered_stage,
        {{ effective_bounds('initiatives') }},
        lag(initiatives.stage) over (
            partition by initiatives.initiative_id order by initiatives.valid_from nulls first
        ) as stage_before
    from initiatives

),

changed as (

    select
        {{ all_but(['stage_before']) }},
        max(case when registered_stage <> stage_before then effective_from end) over (
            partition by initiative_id order by effective_from
        ) as changed_on
    from versions

),

segment_starts as (

    select initiative_id, effective_from as version_from, effective_from as segment_from
    from changed
    union
    select changed.initiative_id, changed.effective_from, graduations.graduated_on
    from changed
    inner join graduations
        on changed.initiative_id = graduations.initiative_id
        and graduations.graduated_on > changed.effective_from
        and graduations.graduated_on < changed.effective_to

),

segments as (

    select
        {{ all_but(['effective_from', 'effective_to'], 'changed') }},
        segment_starts.segment_from as effective_from,
        lead(segment_starts.segment_from, 1, changed.effective_to) over (
            partition by changed.initiative_id, changed.effective_from order by segment_starts.segment_from
        ) as effective_to
    from changed
    inner join segment_starts
        on changed.initiative_id = segment_starts.initiative_id
        and changed.effective_from = segment_starts.version_from

),

placed as (

    select
        segments.initiative_id,
        segments.effective_from,
        max(graduations.graduated_on) filter (where graduations.graduated_on <= segments.effective_from)
            as last_graduated_on,
        min(graduations.graduated_on) filter (where graduations.graduated_on > segments.effective_from)
            as next_graduated_on
    from segments
    inner join graduations on segments.initiative_id = graduations.initiative_id
    group by segments.initiative_id, segments.effective_from

),

judged as (

    select
        segments.*,
        placed.last_graduated_on,
        placed.next_graduated_on,
        coalesce(placed.last_graduated_on > coalesce(segments.changed_on, date '0001-01-01'), false) as is_graduated
    from segments
    left join placed
        on segments.initiative_id = placed.initiative_id and segments.effective_from = placed.effective_from

)

select
    {{ all_but(['changed_on', 'last_graduated_on', 'next_graduated_on', 'is_graduated']) }},
    case when is_graduated then 'core' else registered_stage end as stage,
    case when is_graduated then last_graduated_on else next_graduated_on end as graduated_on
from judged
