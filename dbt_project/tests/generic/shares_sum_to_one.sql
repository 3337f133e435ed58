{# The shares of each key sum to one. #}
{% test shares_sum_to_one(model, key, share) %}
select
    {{ key }},
    sum({{ share }}) as total_share
from {{ model }}
group by {{ key }}
having abs(sum({{ share }}) - 1) > 0.000001
{% endtest %}
