"""The margin breaker: when it trips, what holds it, how it comes down; properties over any run of readings."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from orchestration.policy.circuit_breaker import (
    STATES,
    Breaker,
    BreakerLimits,
    ClockRanBackwards,
    MarginReading,
    decide_breaker,
)

START = datetime(2026, 10, 1, tzinfo=UTC)
LIMITS = BreakerLimits(2, Decimal("0.05"), timedelta(minutes=30), timedelta(minutes=60), timedelta(days=45))
FLOOR = Decimal("0.50")
BREACH, BETWEEN, RECOVERED = "0.49", "0.52", "0.56"
EDGES = {
    ("closed", "degraded"),
    ("degraded", "throttled"),
    ("throttled", "open"),
    ("degraded", "closed"),
    ("throttled", "closed"),
    ("open", "cool_down"),
    ("cool_down", "half_open"),
    ("half_open", "closed"),
    ("cool_down", "open"),
    ("half_open", "open"),
}


def reading(margin, minute, floor=FLOOR, gap=None):
    at = START + timedelta(minutes=minute)
    return MarginReading(at, None if margin is None else Decimal(margin), floor, gap)


def states_after(margins, minutes_apart=40, limits=LIMITS):
    """The states after each margin (None: stale), one reading every ``minutes_apart`` minutes."""
    breaker, states = Breaker("closed", START), []
    for n, margin in enumerate(margins, start=1):
        now = START + timedelta(minutes=n * minutes_apart)
        breaker = decide_breaker(breaker, reading(margin, n * minutes_apart), limits, now).after
        states.append(breaker.state)
    return states


@pytest.mark.parametrize(
    ("margins", "states"),
    [
        ([BREACH], ["closed"]),
        ([BREACH, BREACH], ["closed", "degraded"]),
        ([BREACH, BETWEEN, BREACH], ["closed"] * 3),
        (["0.50", "0.50", "0.50"], ["closed"] * 3),
        ([BREACH] * 6, ["closed", "degraded", "degraded", "throttled", "throttled", "open"]),
        ([BREACH, BREACH, "0.55"], ["closed", "degraded", "degraded"]),
        ([BREACH, BREACH, RECOVERED], ["closed", "degraded", "closed"]),
        ([BREACH, BREACH, None, None, BREACH, BREACH], ["closed"] + ["degraded"] * 4 + ["throttled"]),
        ([BREACH, None, BREACH], ["closed", "closed", "degraded"]),
    ],
)
def test_breaker_moves_as_the_policy_says(margins, states):
    assert states_after(margins) == states


def test_open_breaker_cools_down_probes_and_closes():
    margins = [BREACH] * 6 + [RECOVERED] * 4
    assert states_after(margins)[6:] == ["cool_down", "cool_down", "half_open", "closed"]


@pytest.mark.parametrize("recovered", [1, 3])
def test_one_breach_while_probing_opens_again(recovered):
    states = states_after([BREACH] * 6 + [RECOVERED] * recovered + [BREACH])
    assert states[-2] in ("cool_down", "half_open")
    assert states[-1] == "open"


def test_recovery_before_the_dwell_time_does_not_reset():
    assert states_after([BREACH, BREACH, RECOVERED, RECOVERED], 20) == ["closed", "degraded", "degraded", "closed"]


def test_stale_reading_holds_and_alerts_and_keeps_the_count():
    now = START + timedelta(hours=1)
    counted = decide_breaker(Breaker("closed", START), reading(BREACH, 5), LIMITS, now).after
    held = decide_breaker(counted, reading(BREACH, 9, gap="stale_revenue: 46 days old"), LIMITS, now)
    assert (held.after, held.is_alert, held.is_change) == (counted, True, False)
    assert "stale_revenue" in held.reason


def test_the_same_reading_never_counts_twice():
    now = START + timedelta(hours=1)
    once = decide_breaker(Breaker("closed", START), reading(BREACH, 5), LIMITS, now)
    twice = decide_breaker(once.after, reading(BREACH, 5), LIMITS, now)
    assert twice.after == once.after
    assert not twice.is_alert


def test_a_product_without_a_floor_never_moves():
    held = decide_breaker(Breaker("closed", START), reading(BREACH, 0, floor=None), LIMITS, START)
    assert held.after.state == "closed"
    assert held.is_alert


def test_clock_before_the_state_is_an_error():
    with pytest.raises(ClockRanBackwards):
        decide_breaker(Breaker("open", START), reading(BREACH, 5), LIMITS, START - timedelta(seconds=1))


def test_trips_are_counted_on_leaving_closed_and_on_opening():
    now = START + timedelta(hours=1)
    tripped = decide_breaker(Breaker("closed", START, 1), reading(BREACH, 5), LIMITS, now)
    closed = decide_breaker(Breaker("degraded", START), reading(RECOVERED, 5), LIMITS, now)
    assert tripped.is_trip
    assert closed.is_change
    assert not closed.is_trip


MARGINS = st.lists(
    st.one_of(st.none(), st.decimals("0.40", "0.65", places=2)), min_size=1, max_size=40
)  # around a floor of 0.50 with a reset level of 0.55


@given(MARGINS, st.integers(1, 90), st.integers(1, 4))
def test_any_history_follows_the_edges_and_their_conditions(margins, minutes_apart, breaches):
    limits = replace(LIMITS, breaches=breaches)
    breaker, in_a_row = Breaker("closed", START), 0
    for n, margin in enumerate(margins, start=1):
        now = START + timedelta(minutes=n * minutes_apart)
        decision = decide_breaker(breaker, reading(margin, n * minutes_apart), limits, now)
        assert decision == decide_breaker(breaker, reading(margin, n * minutes_apart), limits, now)
        before, after = decision.before.state, decision.after.state
        assert after in STATES
        age = now - breaker.since
        in_a_row = in_a_row if margin is None else in_a_row + 1 if margin < FLOOR else 0
        if before == after:
            assert decision.after.since == breaker.since
        else:
            assert (before, after) in EDGES
            assert margin is not None
            if after in ("closed", "cool_down"):
                assert margin > FLOOR + limits.reset_margin
                assert age >= limits.dwell
            elif after == "half_open":
                assert margin >= FLOOR
                assert age >= limits.cooldown
            elif before in ("cool_down", "half_open"):
                assert margin < FLOOR
            else:
                assert in_a_row >= breaches
        breaker = decision.after


@given(MARGINS, MARGINS, MARGINS)
def test_what_comes_later_changes_no_decision(past, one_future, other_future):
    assert states_after(past + one_future)[: len(past)] == states_after(past + other_future)[: len(past)]


# ------------------------------------------------------------------- elapsed time, readings of the future, old breaches

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2026, 3, 29, 1, 55, tzinfo=BERLIN)  # five minutes later it is three o'clock
AUTUMN = datetime(2026, 10, 25, 2, 50, tzinfo=BERLIN)  # ten minutes later it is two o'clock again


def local_reading(margin, at):
    return MarginReading(at, Decimal(margin), FLOOR)


def test_ten_minutes_across_the_spring_change_do_not_pass_a_dwell_of_thirty():
    ten_later = datetime(2026, 3, 29, 3, 5, tzinfo=BERLIN)
    assert ten_later.astimezone(UTC) - SPRING.astimezone(UTC) == timedelta(minutes=10)
    held = decide_breaker(Breaker("degraded", SPRING), local_reading(RECOVERED, ten_later), LIMITS, ten_later)
    assert held.after.state == "degraded"
    assert held.reason.startswith("dwelling")


def test_the_hour_that_comes_twice_in_autumn_is_no_clock_that_ran_backwards():
    half_an_hour_later = datetime(2026, 10, 25, 2, 20, fold=1, tzinfo=BERLIN)
    assert half_an_hour_later.astimezone(UTC) - AUTUMN.astimezone(UTC) == timedelta(minutes=30)
    reset = decide_breaker(
        Breaker("degraded", AUTUMN), local_reading(RECOVERED, half_an_hour_later), LIMITS, half_an_hour_later
    )
    assert reset.after.state == "closed"


def test_a_time_without_a_zone_is_an_error():
    with pytest.raises(ValueError, match="no time zone"):
        decide_breaker(Breaker("closed", START), reading(BREACH, 0), LIMITS, datetime(2026, 10, 1, 1))


def test_a_reading_of_the_future_holds_and_alerts_and_does_not_stand_in_the_way_of_the_next():
    now = START + timedelta(minutes=10)
    counted = decide_breaker(Breaker("closed", START), reading(BREACH, 5), LIMITS, now).after
    held = decide_breaker(counted, reading(BREACH, 11), LIMITS, now)
    assert (held.after, held.is_alert, held.is_change) == (counted, True, False)
    assert held.reason.startswith("future_reading")
    later = decide_breaker(held.after, reading(BREACH, 11), LIMITS, START + timedelta(minutes=11))
    assert later.after.state == "degraded"


@pytest.mark.parametrize(("days", "state"), [(45, "degraded"), (46, "closed"), (60, "closed")])
def test_breaches_farther_apart_than_revenue_may_be_old_are_not_in_a_row(days, state):
    first = decide_breaker(Breaker("closed", START), reading(BREACH, 0), LIMITS, START).after
    at = START + timedelta(days=days)
    second = decide_breaker(first, local_reading(BREACH, at), LIMITS, at).after
    assert second.state == state
    assert second.breaches == (0 if state == "degraded" else 1)
    third = decide_breaker(second, local_reading(BREACH, at + timedelta(days=1)), LIMITS, at + timedelta(days=1))
    assert third.after.breaches == (1 if state == "degraded" else 0)
    assert third.after.state == "degraded"


ZONES = st.sampled_from(
    [UTC, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), timezone(timedelta(hours=-11))]
)
CHANGES = st.sampled_from(
    [datetime.combine(day, time(), UTC) for day in (date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 24))]
)


STEPS = st.tuples(st.integers(1, 300), st.integers(-5, 20), st.one_of(st.none(), st.integers(0, 25)))


@given(CHANGES, st.lists(STEPS, max_size=40), ZONES)
def test_no_zone_and_no_change_of_clocks_changes_a_decision(start, steps, zone):
    """Readings at any minutes around a change of clocks, in UTC and as a clock on the wall of any zone tells them."""
    in_utc, in_zone, now = Breaker("closed", start), Breaker("closed", start.astimezone(zone)), start
    for minutes, lag, drawn in steps:
        now += timedelta(minutes=minutes)
        margin = None if drawn is None else Decimal("0.40") + Decimal(drawn) / 100
        at = now - timedelta(minutes=lag)
        plain = decide_breaker(in_utc, MarginReading(at, margin, FLOOR), LIMITS, now)
        local = decide_breaker(in_zone, MarginReading(at.astimezone(zone), margin, FLOOR), LIMITS, now.astimezone(zone))
        assert local == plain
        if margin is None or lag < 0:
            assert plain.after == plain.before
            assert plain.is_alert
        in_utc = plain.after
        in_zone = replace(local.after, since=local.after.since.astimezone(zone))


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), max_size=30), st.integers(1, 4))
def test_a_trip_takes_its_breaches_within_their_age_of_each_other(steps, breaches):
    limits, breaker, at, in_a_row, before = replace(LIMITS, breaches=breaches), Breaker("closed", START), START, 0, None
    for days, is_breach in steps:
        at += timedelta(days=days)
        decision = decide_breaker(breaker, local_reading(BREACH if is_breach else BETWEEN, at), limits, at)
        is_old = before is not None and at - before > limits.breach_max_age
        in_a_row = 0 if not is_breach else 1 if is_old else in_a_row + 1
        assert (decision.after.state != breaker.state) == (breaker.state != "open" and in_a_row >= breaches)
        in_a_row = 0 if decision.is_change else in_a_row
        breaker, before = decision.after, at


# ------------------------------------------------------------------------------------------------ state machine

LOOSENED = {("degraded", "closed"), ("throttled", "closed"), ("half_open", "closed"), ("open", "cool_down")}
LOOSENED |= {("cool_down", "half_open")}


class BreakerMachine(RuleBasedStateMachine):
    """Readings of every kind at any time. What a decision may do is judged by a count and a clock of the machine's own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.breaker = Breaker("closed", START)
        self.entered_at = START
        self.newest = START - timedelta(days=1)
        self.in_a_row = 0

    @rule(minutes=st.sampled_from([1, 5, 10, 29, 30, 31, 59, 60, 61, 1440, 50 * 1440]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def read(self, seen: MarginReading, *, is_usable: bool) -> None:
        decision = decide_breaker(self.breaker, seen, LIMITS, self.now)
        before, after = decision.before.state, decision.after.state
        age = self.now - self.entered_at
        if not is_usable:
            assert decision.after.state == before and decision.after.since == self.entered_at
            assert decision.after.breaches == decision.before.breaches
            return
        assert seen.observed_at is not None and seen.margin_ratio is not None
        if seen.observed_at - self.newest > LIMITS.breach_max_age:
            self.in_a_row = 0
        self.newest = seen.observed_at
        self.in_a_row = self.in_a_row + 1 if seen.margin_ratio < FLOOR else 0
        if after != before:
            assert (before, after) in EDGES
            if (before, after) in LOOSENED:
                assert seen.margin_ratio >= FLOOR
                assert age >= (LIMITS.cooldown if before == "cool_down" else LIMITS.dwell)
                assert before == "cool_down" or seen.margin_ratio > FLOOR + LIMITS.reset_margin
            elif before not in ("cool_down", "half_open"):
                assert self.in_a_row >= LIMITS.breaches
            assert before != "open" or after == "cool_down"
            assert not (after == "closed" and before in ("open", "cool_down"))
            self.entered_at, self.in_a_row = self.now, 0
        self.breaker = decision.after

    @rule(
        margin=st.sampled_from(["0.30", "0.49", "0.50", "0.52", "0.55", "0.56", "0.80"]),
        minutes=st.sampled_from([0, 1, 29, 30, 31, 60]),
    )
    def fresh_reading(self, margin: str, minutes: int) -> None:
        self.time_passes(minutes)
        self.read(MarginReading(self.now, Decimal(margin), FLOOR), is_usable=self.now > self.newest)

    @rule(count=st.integers(2, 8))
    def breaches_in_a_row(self, count: int) -> None:
        for _ in range(count):
            self.fresh_reading("0.30", 1)

    @rule(
        kind=st.sampled_from(["old", "said to be stale", "none", "no floor", "future", "counted"]),
        margin=st.sampled_from(["0.30", "0.80"]),
    )
    def unusable_reading(self, kind: str, margin: str) -> None:
        value = Decimal(margin)
        readings = {
            "old": MarginReading(self.now - timedelta(days=46), value, FLOOR),
            "said to be stale": MarginReading(self.now, value, FLOOR, "revenue_too_old"),
            "none": MarginReading(None, None, FLOOR),
            "no floor": MarginReading(self.now, value, None),
            "future": MarginReading(self.now + timedelta(minutes=1), value, FLOOR),
            "counted": MarginReading(self.breaker.last_reading_at, value, FLOOR),
        }
        self.read(readings[kind], is_usable=False)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)


def test_a_reading_older_than_revenue_may_be_holds_and_alerts():
    open_breaker = Breaker("degraded", START - timedelta(days=100))
    old = MarginReading(START - timedelta(days=45, seconds=1), Decimal("0.80"), FLOOR)
    decision = decide_breaker(open_breaker, old, LIMITS, START)
    assert (decision.after.state, decision.is_alert) == ("degraded", True)
    assert decision.reason.startswith("stale_reading")
    assert decide_breaker(open_breaker, replace(old, observed_at=START - timedelta(days=45)), LIMITS, START).is_change
