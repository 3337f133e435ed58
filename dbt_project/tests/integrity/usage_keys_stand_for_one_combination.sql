{# No two combinations of dimensions share a number: usage carries the number alone. #}
select
    usage_key_id,
    count(*) as combinations
from {{ ref('int_usage_keys_numbered') }}
group by usage_key_id
having count(*) > 1
