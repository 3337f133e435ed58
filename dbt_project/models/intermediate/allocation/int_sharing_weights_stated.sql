with

rules as (

    select * from {{ ref('int_sharing_rules_combined') }}

),

targets as (

    select * from {{ ref('int_sharing_targets') }}

),

bases as (

    select * from {{ ref('int_sharing_bases_by_day') }}

),

owned_days as (

    select rule_id, usage_date as owner_date from {{ ref('int_usage_valued') }}
    where rule_id is not null
    union
    select rule_id, cost_date as owner_date from {{ ref('int_costs_owned') }}
    where rule_id is not null

),

shared_days as (

    select
        rules.rule_id,
        days.owner_date as shared_date
    from rules
    inner join owned_days as days
        on (rules.rule_id = days.rule_id or {{ text_begins('rules.rule_id', "'pool:'") }})
        and days.owner_date >= rules.effective_from
        and days.owner_date < rules.effective_to
    group by all

),

usable_bases as (

    select
        rule_id,
        effective_from,
        effective_to,
        basis_date
    from bases
    group by rule_id, effective_from, effective_to, basis_date
    having sum(basis_value) > 0

),

basis_in_force as (

    select
        shared_days.rule_id,
        shared_days.shared_date,
        max(usable_bases.basis_date) as basis_date
    from shared_days
    inner join usable_bases
        on shared_days.rule_id = usable_bases.rule_id
        and shared_days.shared_date >= usable_bases.effective_from
        and shared_days.shared_date < usable_bases.effective_to
        and shared_days.shared_date >= usable_bases.basis_date
    group by all

),

weights as (

    select
        basis_in_force.rule_id,
        basis_in_force.shared_date,
        bases.target_key,
        {{ to_pico('bases.basis_value') }} as weight
    from basis_in_force
    inner join bases
        on basis_in_force.rule_id = bases.rule_id
        and basis_in_force.basis_date = bases.basis_date
        and basis_in_force.shared_date >= bases.effective_from
        and basis_in_force.shared_date < bases.effective_to
    where bases.basis_value > 0
    union all
    select
        shared_days.rule_id,
        shared_days.shared_date,
        targets.target_key,
        case
            when rules.share_method = 'fixed' then {{ to_pico('targets.weight') }}
            else {{ as_whole('1') }}
        end as weight
    from shared_days
    inner join rules
        on shared_days.rule_id = rules.rule_id
        and shared_days.shared_date >= rules.effective_from
        and shared_days.shared_date < rules.effective_to
    inner join targets
        on shared_days.rule_id = targets.rule_id
        and shared_days.shared_date >= targets.effective_from
        and shared_days.shared_date < targets.effective_to
    where rules.share_method in ('fixed', 'even')

)

select
    weights.rule_id,
    weights.shared_date,
    weights.target_key,
    targets.initiative_id,
    targets.department_id,
    targets.product_id,
    targets.customer_id,
    targets.pool_id,
    weights.weight,
    cast(weights.weight as double)
    / cast(sum(weights.weight) over (partition by weights.rule_id, weights.shared_date) as double) as share_ratio
from weights
inner join targets
    on weights.rule_id = targets.rule_id
    and weights.target_key = targets.target_key
    and weights.shared_date >= targets.effective_from
    and weights.shared_date < targets.effective_to
where weights.weight > 0
