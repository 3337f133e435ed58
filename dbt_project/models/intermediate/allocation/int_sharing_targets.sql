with

stated_targets as (

    select
        rule_id, initiative_id, department_id, pool_id, weight,
        {{ effective_bounds() }}
    from {{ ref('stg_registry__ownership_targets') }}

),

initiatives as (

    select * from {{ ref('int_initiatives_effective') }}

),

pools_without_share as (

    select rule_id, effective_from, effective_to
    from {{ ref('int_sharing_rules_combined') }}
    where rule_id in (select 'pool:' || pool_id from {{ ref('stg_registry__pools') }} where share_method is null)

),

targets as (

    select * from stated_targets
    union all
    select
        pools_without_share.rule_id,
        known.initiative_id,
        cast(null as string) as department_id,
        cast(null as string) as pool_id,
        cast(null as decimal(38, 9)) as weight,
        pools_without_share.effective_from,
        pools_without_share.effective_to
    from pools_without_share
    cross join (select distinct initiative_id from initiatives) as known

),

keyed as (

    select
        *,
        case
            when initiative_id is not null then 'initiative:' || initiative_id
            when department_id is not null then 'department:' || department_id
            else 'pool:' || pool_id
        end as target_key
    from targets

),

changes as (

    select rule_id, effective_from as version_from, effective_from as changed_on
    from targets
    union
    select
        targets.rule_id,
        targets.effective_from,
        {{ each_of(['initiatives.effective_from', 'initiatives.effective_to']) }}
    from targets
    inner join initiatives on targets.initiative_id = initiatives.initiative_id

),

periods as (

    select
        keyed.*,
        changes.changed_on as period_from,
        lead(changes.changed_on, 1, keyed.effective_to) over (
            partition by keyed.rule_id, keyed.effective_from, keyed.target_key order by changes.changed_on
        ) as period_to
    from keyed
    inner join changes
        on keyed.rule_id = changes.rule_id
        and keyed.effective_from = changes.version_from
        and changes.changed_on >= keyed.effective_from
        and changes.changed_on < keyed.effective_to

)

select
    periods.rule_id,
    periods.target_key,
    periods.initiative_id,
    coalesce(periods.department_id, initiatives.department_id) as department_id,
    initiatives.product_id,
    initiatives.customer_id,
    periods.pool_id,
    periods.weight,
    periods.period_from as effective_from,
    periods.period_to as effective_to
from periods
left join initiatives
    on periods.initiative_id = initiatives.initiative_id
    and periods.period_from >= initiatives.effective_from
    and periods.period_from < initiatives.effective_to
