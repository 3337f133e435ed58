with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted

),

summed_by_owner as (

    select
        owner_key,
        billing_date,
        sum(list_cost) as list_cost,
        sum(quantity) filter (where unit = 'tokens') as tokens,
        sum(quantity) filter (where unit = 'requests') as requests
    from usage
    group by all

),

dimensions as (

    select distinct
        owner_key,
        {{ owner_columns() | join(',
        ') }}
    from {{ ref('int_usage_keys_numbered') }}

),

summed as (

    select
        summed_by_owner.billing_date,
        dimensions.owner_key,
        dimensions.source,
        dimensions.provider,
        dimensions.account_id,
        dimensions.project_id,
        dimensions.api_key_id,
        dimensions.actor_id,
        dimensions.team_id,
        dimensions.model_id,
        dimensions.request_tags,
        {{ fine_money('coalesce(summed_by_owner.list_cost, 0)') }} as list_cost,
        {{ as_whole('coalesce(summed_by_owner.tokens, 0)') }} as tokens,
        {{ as_whole('coalesce(summed_by_owner.requests, 0)') }} as requests
    from summed_by_owner
    inner join dimensions on summed_by_owner.owner_key = dimensions.owner_key

)

select
    billing_date,
    owner_key,
    source,
    provider,
    account_id,
    project_id,
    api_key_id,
    actor_id,
    team_id,
    model_id,
    request_tags,
    md5(concat_ws(
        chr(31), coalesce(project_id, chr(30)), coalesce(api_key_id, chr(30)), coalesce(actor_id, chr(30)),
        coalesce(team_id, chr(30)), coalesce(model_id, chr(30)), coalesce(request_tags, chr(30)), account_id
    )) as part_key,
    list_cost,
    tokens,
    requests
from summed
