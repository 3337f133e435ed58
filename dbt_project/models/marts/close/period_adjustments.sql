{# Always empty in the warehouse: rows are booked when tables are published, after every closed period's rows were
   recomputed (orchestration/close). #}
select
    cast(null as string) as closed_period,
    cast(null as string) as booked_period,
    cast(null as string) as table_name,
    cast(null as string) as column_name,
    cast(null as string) as entity,
    cast(null as decimal(38, 12)) as amount,
    cast(null as string) as reason,
    reporting_currency
from {{ ref('stg_run__parameters') }}
where false
