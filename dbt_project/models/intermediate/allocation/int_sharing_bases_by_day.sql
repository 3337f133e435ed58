with

rules as (

    select * from {{ ref('int_sharing_rules_combined') }}
    where share_method = 'proportional'

),

targets as (

    select * from {{ ref('int_sharing_targets') }}

),

reported as (

    select
        'direct_cost' as share_basis,
        cost_date as basis_date,
        initiative_id,
        cast(null as string) as product_id,
        department_id,
        sum(amount) as basis_value
    from {{ ref('int_costs_owned') }}
    where rule_id is not null and share_method is null
    group by all
    -- less is what rounding leaves where credits, of nine decimals, pay metered cost whole
    having abs(sum(amount)) >= cast(0.000001 as decimal(7, 6))
    union all
    select
        'headcount', cast(date_trunc('month', month_end) as date), cast(null as string), cast(null as string),
        department_id, {{ fine_money('sum(headcount)') }}
    from {{ ref('stg_ledgers__headcount') }}
    group by all
    union all
    select
        'revenue', revenue_date, initiative_id, product_id, cast(null as string), {{ fine_money('sum(revenue)') }}
    from {{ ref('int_revenue_recognised_by_day') }}
    group by all
    union all
    select
        'metric:' || metric_id, metric_date, initiative_id, product_id, department_id, {{ fine_money('sum(value)') }}
    from {{ ref('stg_ledgers__business_metrics') }}
    group by all

),

matched as (

    select
        targets.rule_id,
        targets.effective_from,
        targets.effective_to,
        targets.target_key,
        targets.initiative_id,
        targets.department_id,
        reported.basis_date,
        reported.basis_value,
        reported.share_basis,
        case
            when reported.initiative_id = targets.initiative_id then 1
            when reported.product_id = targets.product_id then 2
            else 3
        end as owner_rank,
        concat_ws(
            chr(31), coalesce(reported.initiative_id, chr(30)), coalesce(reported.product_id, chr(30)),
            coalesce(reported.department_id, chr(30))
        ) as reported_key
    from rules
    inner join targets
        on rules.rule_id = targets.rule_id
        and targets.effective_from >= rules.effective_from
        and targets.effective_from < rules.effective_to
    inner join reported
        on rules.share_basis = reported.share_basis
        and reported.basis_date < targets.effective_to
        and (
            reported.initiative_id = targets.initiative_id
            or (reported.initiative_id is null and reported.product_id = targets.product_id)
            or (
                reported.department_id = targets.department_id
                and case
                    when reported.share_basis = 'direct_cost' then targets.initiative_id is null
                    else reported.initiative_id is null
                end
            )
        )

),

finest as (

    select *
    from matched
    qualify case
        when share_basis = 'revenue' then true
        when share_basis = 'direct_cost'
            then owner_rank = min(owner_rank) over (partition by rule_id, effective_from, reported_key, basis_date)
        else owner_rank = min(owner_rank) over (partition by rule_id, effective_from, target_key, basis_date)
    end

),

handed_out as (

    select
        *,
        count(*) over (partition by rule_id, effective_from, reported_key, basis_date) as targets_in_common
    from finest

)

select
    rule_id,
    effective_from,
    effective_to,
    target_key,
    basis_date,
    {{ fine_money('sum(' ~ cost_per('basis_value', 'targets_in_common') ~ ')') }}
        as basis_value
from handed_out
group by all
