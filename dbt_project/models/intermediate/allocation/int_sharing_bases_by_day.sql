with

rules as (

    select * from {{ ref('int_sharing_rules_combined') }}
    where share_method = 'proportional'

),

targets as (

    select * from {{ ref('int_sharing_targets') }}

),

direct_costs as (

    select
        cost_date as basis_date,
        initiative_id,
        department_id,
        sum(amount) as basis_value
    from {{ ref('int_costs_owned') }}
    where rule_id is not null and share_method is null
    group by all

),

headcount as (

    select
        cast(date_trunc('month', month_end) as date) as basis_date,
        department_id,
        sum(headcount) as basis_value
    from {{ ref('stg_ledgers__headcount') }}
    group by all

),

revenue as (

    select
        revenue_date as basis_date,
        product_id,
        sum(revenue) as basis_value
    from {{ ref('int_revenue_recognised_by_day') }}
    group by all

),

metrics as (

    select
        metric_date as basis_date,
        metric_id,
        initiative_id,
        sum(value) as basis_value
    from {{ ref('stg_ledgers__business_metrics') }}
    where initiative_id is not null
    group by all

)

select
    rules.rule_id,
    targets.target_key,
    direct_costs.basis_date,
    {{ fine_money('sum(direct_costs.basis_value)') }} as basis_value
from rules
inner join targets on rules.rule_id = targets.rule_id and rules.effective_from = targets.effective_from
inner join direct_costs
    on targets.initiative_id = direct_costs.initiative_id
    or (targets.initiative_id is null and targets.department_id = direct_costs.department_id)
where rules.share_basis = 'direct_cost'
group by all
union all
select
    rules.rule_id,
    targets.target_key,
    headcount.basis_date,
    {{ fine_money('sum(headcount.basis_value)') }}
from rules
inner join targets on rules.rule_id = targets.rule_id and rules.effective_from = targets.effective_from
inner join headcount on targets.department_id = headcount.department_id
where rules.share_basis = 'headcount'
group by all
union all
select
    rules.rule_id,
    targets.target_key,
    revenue.basis_date,
    {{ fine_money('sum(revenue.basis_value)') }}
from rules
inner join targets on rules.rule_id = targets.rule_id and rules.effective_from = targets.effective_from
inner join revenue on targets.product_id = revenue.product_id
where rules.share_basis = 'revenue'
group by all
union all
select
    rules.rule_id,
    targets.target_key,
    metrics.basis_date,
    {{ fine_money('sum(metrics.basis_value)') }}
from rules
inner join targets on rules.rule_id = targets.rule_id and rules.effective_from = targets.effective_from
inner join metrics
    on targets.initiative_id = metrics.initiative_id
    and rules.share_basis = 'metric:' || metrics.metric_id
group by all
