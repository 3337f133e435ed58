"""Gate 3: normalising what a gateway reports to a day, and both sides of every limit."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.graduation.gates.guardrail import (
    CapReading,
    GuardrailFacts,
    UnreadableDuration,
    daily_cap_in_force,
    decide_guardrail,
    duration_days,
)

TODAY = date(2026, 10, 31)
READING = CapReading(
    as_of_date=TODAY,
    age_hours=Decimal(0),
    is_found=True,
    is_blocked=False,
    max_budget=Decimal(5),
    budget_duration="1d",
    rpm_limit=None,
)
FACTS = GuardrailFacts(
    as_of=TODAY,
    entity="key:abc",
    declared_daily_cap=Decimal(5),
    reading=READING,
    worst_request_cost=None,
    last_drill_date=TODAY,
    max_age_hours=24,
    drill_max_age_days=90,
)


def with_reading(**values):
    return decide_guardrail(replace(FACTS, reading=replace(READING, **values)))


@pytest.mark.parametrize(
    ("budget", "duration", "cap"),
    [
        ("5", "1d", "5"),
        ("150", "30d", "5"),
        ("5", "1h", "120"),
        ("5", "30m", "240"),
        ("1", "30s", "2880"),
        ("35", "1w", "5"),
        ("304.375", "1mo", "10"),
        ("5", None, "5"),
    ],
)
def test_a_budget_is_normalised_to_a_day(budget, duration, cap):
    reading = replace(READING, max_budget=Decimal(budget), budget_duration=duration)
    assert daily_cap_in_force(reading, None) == Decimal(cap)


@pytest.mark.parametrize("duration", ["", "d", "0d", "1x", "-1d", "1.5d"])
def test_a_duration_that_says_nothing_is_refused(duration):
    with pytest.raises(UnreadableDuration):
        duration_days(duration)


@given(st.integers(1, 400), st.sampled_from(["s", "m", "h", "d", "w", "mo"]))
def test_a_longer_duration_is_never_a_higher_cap(count, unit):
    reading = replace(READING, max_budget=Decimal(100))
    shorter = daily_cap_in_force(replace(reading, budget_duration=f"{count}{unit}"), None)
    longer = daily_cap_in_force(replace(reading, budget_duration=f"{count + 1}{unit}"), None)
    assert longer <= shorter


def test_cap_at_the_declared_one_passes_and_above_fails():
    assert with_reading(max_budget=Decimal(5)).status == "pass"
    above = with_reading(max_budget=Decimal("5.01"))
    assert (above.status, above.metric_value) == ("fail", Decimal("5.01"))
    assert above.reason.startswith("cap_above_declared")


def test_a_declaration_alone_fails():
    result = decide_guardrail(replace(FACTS, reading=None))
    assert result.status == "fail"
    assert result.reason.startswith("not_read_back")


def test_no_cap_and_no_drill_are_both_named():
    result = decide_guardrail(replace(FACTS, reading=replace(READING, max_budget=None), last_drill_date=None))
    assert result.status == "fail"
    assert "cap_not_in_force" in result.reason and "no_drill" in result.reason


def test_read_back_may_be_a_day_old_and_no_older():
    assert with_reading(age_hours=Decimal(24)).status == "pass"
    assert with_reading(age_hours=Decimal("24.001")).reason.startswith("stale_read_back")


def test_drill_may_be_ninety_days_old_and_no_older():
    assert decide_guardrail(replace(FACTS, last_drill_date=TODAY - timedelta(days=90))).status == "pass"
    old = decide_guardrail(replace(FACTS, last_drill_date=TODAY - timedelta(days=91)))
    assert old.status == "fail"
    assert old.reason.startswith("old_drill")


def test_a_request_limit_counts_at_the_dearest_request():
    limited = replace(FACTS, reading=replace(READING, max_budget=None, rpm_limit=1))
    assert decide_guardrail(limited).status == "insufficient"
    cheap = decide_guardrail(replace(limited, worst_request_cost=Decimal("0.003")))
    dear = decide_guardrail(replace(limited, worst_request_cost=Decimal("0.004")))
    assert (cheap.status, cheap.metric_value) == ("pass", Decimal("4.32"))
    assert (dear.status, dear.metric_value) == ("fail", Decimal("5.76"))


def test_a_blocked_key_is_a_cap_of_nothing():
    assert with_reading(is_blocked=True, max_budget=None).metric_value == 0


@pytest.mark.parametrize(
    ("values", "status", "word"),
    [
        ({"is_found": False}, "fail", "not_found"),
        ({"is_currency_known": False}, "insufficient", "no_exchange_rate"),
        ({"budget_duration": "fortnight"}, "insufficient", "unreadable_duration"),
    ],
)
def test_other_unusable_readings(values, status, word):
    result = with_reading(**values)
    assert result.status == status
    assert result.reason.startswith(word)


def test_nothing_declared_fails():
    assert decide_guardrail(replace(FACTS, entity=None)).reason.startswith("no_guardrail")
    assert decide_guardrail(replace(FACTS, declared_daily_cap=None)).reason.startswith("no_guardrail")
