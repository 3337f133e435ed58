{# Request counts sit on rows of their own with no cost, so that no sum multiplies them. #}
select usage_key, token_class, list_cost, requests, quantity
from {{ ref('fct_usage') }}
where (token_class = 'request' and (list_cost <> 0 or requests <> quantity))
    or (token_class <> 'request' and requests <> 0)
