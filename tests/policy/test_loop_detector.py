"""The loop detector on minutes worked out by hand, and its promises under random ones."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestration.policy.loop_detector import (
    FOUND,
    GROWING_CONTEXT,
    LIMITS,
    NO_BASELINE,
    OVER,
    SLOW_DRIP,
    STEADY_HAMMER,
    VELOCITY,
    DripWatch,
    HourBaseline,
    LoopDecision,
    LoopState,
    MinuteTotals,
    as_json,
    from_json,
    least_window_cost,
    observe_hour,
    observe_minute,
)

D = Decimal
START = datetime(2026, 7, 1, 9, tzinfo=UTC)
USUAL = HourBaseline(usual=D("6"), spread=D("0.6"), busy=D("9"), days_known=28, basis="hour_of_week")
"""0.50 in five minutes. By velocity: four times that is 2.00, four spreads above is 0.70, three busy hours are 2.25. With a
second sign: twice the usual is 1.00.
"""


def minute(number: int, cost: str, calls: int | None = 20, **given: Any) -> MinuteTotals:
    prompts = None if calls is None else calls * given.pop("prompt", 1000)
    return MinuteTotals(START + timedelta(minutes=number), D(cost), calls, prompts, **given)


def run(
    minutes: list[MinuteTotals], baseline: HourBaseline = USUAL, state: LoopState | None = None
) -> tuple[LoopState, list[LoopDecision]]:
    state, found = state or LoopState("k"), list[LoopDecision]()
    for one in minutes:
        state, decisions = observe_minute(state, one, baseline, one.minute + timedelta(minutes=1))
        found += decisions
    return state, found


def test_velocity_needs_two_breaches_two_minutes_apart():
    """0.80 a minute: 1.00 of 0.80 after the dearest is left out at two minutes, 2.00 at three, 3.00 at four (limit 2.25)."""
    _, found = run([minute(n, "0.80") for n in range(5)])
    assert found == []
    _, found = run([minute(n, "0.80") for n in range(7)])
    assert [(one.phase, one.kind, one.started_at) for one in found] == [(FOUND, VELOCITY, START)]
    assert found[0].detected_at == START + timedelta(minutes=6)
    assert found[0].cost == D("4.80") - D("0.60")
    assert found[0].cost_per_hour == 12 * D("4.00") - 6
    assert found[0].reason == (
        "velocity: 4.00 in 5 minutes, 0.50 usual, limit 2.25; the limit for hour of week; 42.00 an hour more if it goes on"
    )


def test_below_the_limit_nothing_is_found():
    """0.44 a minute are 2.20 in five."""
    assert run([minute(n, "0.44") for n in range(60)])[1] == []


def test_a_breach_that_pauses_is_not_confirmed():
    minutes = [minute(n, "0.80" if n < 4 else "0") for n in range(20)]
    assert run(minutes)[1] == []


def test_one_dear_call_is_no_loop():
    minutes = [minute(n, "50" if n == 5 else "0.10") for n in range(20)]
    assert run(minutes)[1] == []


def test_a_few_dear_calls_are_no_loop_where_calls_are_known():
    assert run([minute(n, "5", calls=1) for n in range(20)])[1] == []
    assert [one.kind for one in run([minute(n, "5", calls=None) for n in range(20)])[1]] == [VELOCITY]


def test_a_repeated_signature_is_found_at_twice_the_usual():
    """0.24 a minute are 1.20 in five, below the 2.25 of velocity; three of four calls must be the same."""
    same = [minute(n, "0.24", signature="m 1000", repeated_calls=15) for n in range(10)]
    assert [one.kind for one in run(same)[1]] == [STEADY_HAMMER]
    fewer = [replace(one, repeated_calls=14) for one in same]
    assert run(fewer)[1] == []
    changing = [replace(one, signature=f"m {number}") for number, one in enumerate(same)]
    assert run(changing)[1] == []


def test_a_context_that_grows_is_found_at_twice_the_usual():
    growing = [minute(n, "0.24", prompt=1000 + 50 * n) for n in range(10)]
    (found,) = run(growing)[1]
    assert found.kind == GROWING_CONTEXT
    assert "context grows from 1100 to 1300 tokens a call" in found.reason
    slow = [minute(n, "0.24", prompt=1000 + 10 * n) for n in range(10)]
    assert run(slow)[1] == []


def test_calls_that_all_succeed_are_no_defence():
    """Nothing says whether calls succeeded: there is nowhere to say it."""
    assert not {"status", "failed_calls"} & set(MinuteTotals.__dataclass_fields__)


def test_an_unattended_hour_is_not_measured_by_busy_hours():
    """Nothing usual, busy hours of 60: velocity from 15.00 in five minutes, but 0.25 at night."""
    day = HourBaseline(busy=D(60), days_known=28, basis="hour_of_week")
    minutes = [minute(n, "0.10") for n in range(10)]
    assert run(minutes, day)[1] == []
    (found,) = run(minutes, replace(day, is_unattended=True))[1]
    assert "an hour in which it is never used" in found.reason


def test_a_young_key_has_no_usual_velocity():
    assert run([minute(n, "9") for n in range(10)], NO_BASELINE)[1] == []
    same = [minute(n, "0.05", signature="m 1000", repeated_calls=20) for n in range(10)]
    assert [one.kind for one in run(same, NO_BASELINE)[1]] == [STEADY_HAMMER]


def test_an_incident_ends_after_thirty_quiet_minutes_and_books_none_of_them():
    """Ten minutes of 0.80 and forty of 0.10: 8.00 less 10 x 0.10 usual. In the four minutes after the last one the window
    still breaches (at 1.00 and more), and these are booked: 0.10 each, as is usual.
    """
    state, found = run([minute(n, "0.80" if n < 10 else "0.10") for n in range(60)])
    assert [one.phase for one in found] == [FOUND, OVER]
    assert found[1].cost == D("7.00")
    assert state.incident is None
    assert found[1].ended_at is not None
    assert START + timedelta(minutes=10) <= found[1].ended_at <= START + timedelta(minutes=14)
    assert found[1].evidence_id == found[0].evidence_id


def test_a_second_one_that_is_not_dearer_is_a_repeat():
    loop = ["0.80"] * 10 + ["0"] * 40
    costs = [*loop, *loop, *(["1.60"] * 10)]
    _, found = run([minute(n, cost) for n, cost in enumerate(costs)])
    assert [one.is_repeat for one in found if one.phase == FOUND] == [False, True, False]


def test_stale_data_holds_the_state():
    state, _ = run([minute(n, "0.80") for n in range(4)])
    assert state.breached_at is not None
    assert observe_minute(state, None, USUAL, START + timedelta(hours=5)) == (state, ())
    assert observe_minute(state, minute(3, "99"), USUAL, START + timedelta(hours=5)) == (state, ())
    with pytest.raises(ValueError, match="no time zone"):
        observe_minute(state, replace(minute(9, "1"), minute=datetime(2026, 7, 1)), USUAL, START)


def test_quiet_minutes_that_nobody_saw_end_nothing():
    state, _ = run([minute(n, "0.80") for n in range(10)])
    state, found = run([minute(300, "0")], state=state)
    assert state.incident is not None
    assert found == []


HOUR = HourBaseline(usual=D("0.40"), spread=D("0.10"), days_known=10, basis="hour_of_day")


def drip(costs: list[str], baseline: HourBaseline = HOUR) -> tuple[DripWatch, list[LoopDecision]]:
    watch, found = DripWatch(), list[LoopDecision]()
    for number, cost in enumerate(costs):
        hour = START + timedelta(hours=number)
        watch, decisions = observe_hour("k", watch, hour, D(cost), baseline, hour + timedelta(hours=1))
        found += decisions
    return watch, found


def test_a_slow_drip_is_found_within_a_day_with_its_dollars():
    """0.20 more than usual is two spreads, 1.1 units an hour after the allowance of 0.9: 17 units after 16 hours."""
    _, found = drip(["0.60"] * 24)
    (one,) = found
    assert (one.kind, one.started_at, one.detected_at) == (SLOW_DRIP, START, START + timedelta(hours=16))
    assert (one.cost, one.cost_per_hour) == (D("3.20"), D("0.20"))
    assert one.reason == ("slow_drip: 9.60 in 16 hours, 6.40 usual; 3.20 more, 0.20 an hour, 4.80 a day if it goes on")


def test_a_burst_is_no_drip_and_a_drip_ends():
    assert drip(["40.00"] * 3 + ["0.40"] * 40)[1] == []
    watch, found = drip(["0.60"] * 24 + ["0.40"] * 40)
    assert [one.phase for one in found] == [FOUND, OVER]
    assert watch.incident is None


def test_work_that_begins_by_day_alone_is_no_drip():
    """Thirteen hours of 1.00 in 24, by a key that was used for nothing before: 1.1 units up and 0.9 down."""
    day = ["1.00"] * 13 + ["0"] * 11
    assert drip(day * 20, replace(HOUR, usual=D(0)))[1] == []
    assert len(drip(["1.00"] * 20 + ["0"] * 4, replace(HOUR, usual=D(0)))[1]) == 1


def test_a_key_known_for_less_than_a_week_does_not_drip():
    assert drip(["0.60"] * 48, replace(HOUR, days_known=6))[1] == []


def test_minutes_feed_the_drip_watch_by_whole_undisturbed_hours():
    state, found = LoopState("k"), list[LoopDecision]()
    for number in range(60 * 17 + 1):
        state, decisions = observe_minute(state, minute(number, "0.01"), HOUR, START + timedelta(minutes=number + 1))
        found += decisions
    assert [one.kind for one in found] == [SLOW_DRIP]
    assert found[0].cost == 16 * D("0.20")


def test_the_state_survives_json_exactly():
    rng = random.Random(4)
    state = LoopState("k")
    for number in range(400):
        cost = "0.90" if number % 120 < 20 else f"{rng.random() / 10:.4f}"
        state, _ = observe_minute(state, minute(number, cost), USUAL, START + timedelta(minutes=number + 1))
        assert from_json(json.loads(json.dumps(as_json(state)))) == state


@pytest.mark.parametrize("seed", range(20))
def test_random_minutes_found_and_over_alternate_and_silence_ends_what_is_open(seed: int):
    """Whatever comes, an incident is found once and over once; held feeds change nothing; less than the least window cost
    never opens one; an hour of quiet closes all.
    """
    rng = random.Random(seed)
    baseline = replace(USUAL, usual=D(rng.choice(["0", "0.6", "6"])), is_unattended=rng.random() < 0.3)
    state, phases, level = LoopState("k"), list[tuple[str, datetime]](), D(0)
    for number in range(600):
        if rng.random() < 0.05:
            level = D(rng.choice(["0", "0.01", "0.1", "1", "10"]))
        one = minute(
            number,
            str(level * D(f"{rng.random():.3f}")),
            calls=rng.choice([None, 0, 3, 40]),
            signature=rng.choice([None, "a", "b"]),
            repeated_calls=rng.randrange(40),
        )
        if rng.random() < 0.2:
            assert observe_minute(state, None, baseline, one.minute) == (state, ())
            continue
        before = state
        state, decisions = observe_minute(state, one, baseline, one.minute + timedelta(minutes=1))
        phases += [(item.phase, item.started_at) for item in decisions if item.kind != SLOW_DRIP]
        if before.incident is None and state.incident is not None:
            window = sum(item.cost for item in state.minutes if one.minute - item.minute < timedelta(minutes=5))
            assert window * 5 / 4 >= least_window_cost(baseline)
            assert state.incident.excess >= 0
    for number in range(600, 600 + LIMITS.quiet_minutes + LIMITS.window_minutes):
        state, decisions = observe_minute(state, minute(number, "0", calls=0), baseline, START)
        phases += [(item.phase, item.started_at) for item in decisions if item.kind != SLOW_DRIP]
    assert state.incident is None
    assert [phase for phase, _ in phases] == [FOUND, OVER] * (len(phases) // 2)
    assert [at for phase, at in phases if phase == FOUND] == [at for phase, at in phases if phase == OVER]
