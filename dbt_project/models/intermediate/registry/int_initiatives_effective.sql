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
        graduations.graduated_on,
        {{ effective_bounds('initiatives') }}
    from initiatives
    left join graduations on initiatives.initiative_id = graduations.initiative_id

),

before_graduation as (

    select
        * exclude (effective_to),
        registered_stage as stage,
        least(effective_to, coalesce(graduated_on, effective_to)) as effective_to
    from filled
    where graduated_on is null or graduated_on > effective_from

),

after_graduation as (

    select
        * exclude (effective_from, effective_to),
        'core' as stage,
        greatest(effective_from, graduated_on) as effective_from,
        effective_to
    from filled
    where graduated_on is not null and effective_to > graduated_on

)

select * from before_graduation
union all by name
select * from after_graduation
