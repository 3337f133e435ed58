with

initiatives as (

    select * from {{ ref('stg_registry__initiatives') }}

),

movements as (

    select * from {{ ref('stg_budget__movements') }}

),

graduations as (

    select
        initiative_id,
        cast(min(effective_on) + 1 as date) as graduated_on
    from movements
    where kind = 'graduate' and initiative_id is not null
    group by initiative_id

),

filled as (

    select
        initiatives.* exclude (stage, valid_from, valid_to),
        initiatives.stage as registered_stage,
        lag(initiatives.stage) over (
            partition by initiatives.initiative_id order by initiatives.valid_from nulls first
        ) as stage_before,
        graduations.graduated_on,
        {{ effective_bounds('initiatives') }}
    from initiatives
    left join graduations on initiatives.initiative_id = graduations.initiative_id

),

changed_again as (

    select
        initiative_id,
        min(effective_from) as changed_on
    from filled
    where effective_from >= graduated_on and registered_stage <> stage_before
    group by initiative_id

),

before_graduation as (

    select
        * exclude (stage_before, effective_to),
        registered_stage as stage,
        least(effective_to, coalesce(graduated_on, effective_to)) as effective_to
    from filled
    where graduated_on is null or graduated_on > effective_from

),

after_graduation as (

    select
        filled.* exclude (stage_before, effective_from, effective_to),
        case
            when filled.effective_from >= changed_again.changed_on then filled.registered_stage
            else 'core'
        end as stage,
        greatest(filled.effective_from, filled.graduated_on) as effective_from,
        filled.effective_to
    from filled
    left join changed_again on filled.initiative_id = changed_again.initiative_id
    where filled.graduated_on is not null and filled.effective_to > filled.graduated_on

)

select * from before_graduation
union all by name
select * from after_graduation
