select
    * exclude (valid_from, valid_to),
    coalesce(valid_from, date '0001-01-01') as effective_from,
    coalesce(valid_to, date '9999-12-31') as effective_to
from {{ ref('stg_registry__departments') }}
