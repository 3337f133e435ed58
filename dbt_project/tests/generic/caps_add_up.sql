{# A crossing lies in its window, a refusal not before it; what passed after it is part of the cost. #}
{% test caps_add_up(model) %}
select *
from {{ model }}
where overshoot < 0
    or cost_after_crossing < 0
    or requests_after_crossing < 0
    or minutes_late < 0
    or cost_after_crossing > cost
    or crossed_at >= resets_at
    or crossed_at < {{ moment_of('time_zone', 'cast(window_start_date as timestamp)') }}
    or refused_at < crossed_at
    or (crossed_at is null and refused_at is not null)
{% endtest %}
