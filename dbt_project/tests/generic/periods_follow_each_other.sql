{# The grain of an effective-dated dimension: every period of a key ends after it begins and before or when the next
   begins. #}
{% test periods_follow_each_other(model, key, never_null=[]) %}
select {{ key }}, valid_from, valid_to, next_valid_from
from (
    select
        *,
        lead(valid_from) over (partition by {{ key }} order by valid_from, valid_to) as next_valid_from
    from {{ model }}
) as periods
where
    valid_from is null
    or valid_to is null
    or valid_to <= valid_from
    or valid_to > next_valid_from
    or {{ key }} is null
{% endtest %}
