select
    department_id,
    name,
    business_unit,
    function,
    default_complexity
from {{ ref('stg_registry__departments') }}
