select
    source,
    file,
    line,
    column_name,
    value,
    reason
from {{ ref('stg_ledgers__rejected_rows') }}
