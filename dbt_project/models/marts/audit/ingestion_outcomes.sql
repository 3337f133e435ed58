with

loads as (

    select * from {{ ref('stg_run__loads') }}
    where
        source not in ('registry', 'statistics', 'guardrails', 'replay', 'budget')
        and (source, stream) <> ('prices', 'refused_prices')

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
    case when rows = 0 then 'a complete load without rows: a day of zero' end as reason
from loads
