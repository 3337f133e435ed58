with

usage as (

    select * from {{ ref('int_usage_owned') }}
    where is_counted

)

select
    billing_date,
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
    {{ fine_money('coalesce(sum(list_cost), 0)') }} as list_cost,
    cast(coalesce(sum(quantity) filter (where unit = 'tokens'), 0) as hugeint) as tokens,
    cast(coalesce(sum(quantity) filter (where unit = 'requests'), 0) as hugeint) as requests
from usage
group by all
