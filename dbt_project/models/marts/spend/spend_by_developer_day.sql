with

costs as (

    select
        cost_date as spend_date,
        actor_id,
        sum(allocated_cost) as allocated_cost
    from {{ ref('fct_allocated_costs') }}
    where actor_id is not null
    group by all

),

requests as (

    select
        usage_date as spend_date,
        actor_id,
        sum(requests) as requests
    from {{ ref('fct_usage') }}
    where actor_id is not null and is_counted
    group by all

),

caps as (

    select * from {{ ref('int_developer_caps_read_back') }}

),

developer_days as (

    select
        coalesce(costs.spend_date, requests.spend_date) as spend_date,
        coalesce(costs.actor_id, requests.actor_id) as actor_id,
        coalesce({{ fine_money('costs.allocated_cost') }}, cast(0 as decimal(38, 12))) as allocated_cost,
        cast(coalesce(requests.requests, 0) as bigint) as requests
    from costs
    full outer join requests
        on costs.spend_date = requests.spend_date and costs.actor_id = requests.actor_id

)

select
    developer_days.actor_id,
    developer_days.spend_date,
    developer_days.allocated_cost,
    caps.daily_cap,
    case when caps.daily_cap > 0 then cast(developer_days.allocated_cost as double) / cast(caps.daily_cap as double) end
        as cap_used_ratio,
    developer_days.requests,
    {{ reporting_currency() }} as reporting_currency
from developer_days
left join caps
    on developer_days.actor_id = caps.actor_id and developer_days.spend_date = caps.spend_date
