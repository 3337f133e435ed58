with

unspent as (

    select * from {{ ref('int_unspent_requests_by_day') }}

),

unseen as (

    select * from {{ ref('int_billed_costs_unseen') }}

),

covered as (

    select * from {{ ref('int_usage_covered_by_caps') }}

),

findings as (

    select usage_date, kind, initiative_id, department_id, actor_id, api_key_id, requests, tokens, amount
    from unspent
    union all
    select
        cost_date, 'billed_but_unseen', initiative_id, department_id, cast(null as string), api_key_id,
        cast(null as bigint), cast(null as bigint), amount
    from unseen
    union all
    select
        usage_date, 'key_without_cap', initiative_id, department_id, actor_id, api_key_id, requests, tokens,
        case when not is_partly_unpriced then cost end
    from covered
    where not is_covered and api_key_id is not null

)

select
    usage_date,
    kind,
    initiative_id,
    department_id,
    actor_id,
    count(distinct api_key_id) as keys,
    cast(sum(requests) as bigint) as requests,
    cast(sum(tokens) as bigint) as tokens,
    case when count(*) = count(amount) then {{ fine_money('sum(amount)') }} end as amount,
    {{ reporting_currency() }} as reporting_currency
from findings
group by all
