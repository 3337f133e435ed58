with

loads as (

    select * from {{ ref('stg_run__loads') }}
    where
        source not in ('registry', 'statistics', 'guardrails', 'replay', 'budget')
        and (source, stream) <> ('prices', 'refused_prices')

),

set_aside as (

    select
        source,
        'spend_logs' as stream,
        file as partition,
        count(*) as rejected_rows,
        cast(sum(amount) as decimal(38, 9)) as amount
    from {{ ref('stg_litellm__rejected_rows') }}
    group by all

)

select
    source,
    stream,
    partition,
    load_id,
    case when rows = 0 then 'empty' else 'loaded' end as status,
    rows,
    watermark_at,
    loaded_at,
    case
        when set_aside.rejected_rows > 0
            then set_aside.rejected_rows || ' bad rows were set aside' || coalesce(
                ', ' || set_aside.amount || ' USD by the gateway''s own count', ''
            ) || ': see rejected_rows'
        when rows = 0 then 'a complete load without rows: a day of zero'
    end as reason
from loads
left join set_aside using (source, stream, partition)
