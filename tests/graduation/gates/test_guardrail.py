"""Gate 3: both sides of every limit. What a gateway's settings come to in a day: tests/dbt_project/test_caps_in_force.py."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from orchestration.graduation.gates.guardrail import CapReading, GuardrailFacts, decide_guardrail

TODAY = date(2026, 10, 31)
READING = CapReading(
    as_of_date=TODAY,
    age_hours=Decimal(0),
    is_found=True,
    is_blocked=False,
    daily_cap=Decimal(5),
)
FACTS = GuardrailFacts(
    as_of=TODAY,
    entity="key:abc",
    declared_daily_cap=Decimal(5),
    reading=READING,
    last_drill_date=TODAY,
    max_age_hours=24,
    drill_max_age_days=90,
)


def with_reading(**values):
    return decide_guardrail(replace(FACTS, reading=replace(READING, **values)))


def test_cap_at_the_declared_one_passes_and_above_fails():
    assert with_reading(daily_cap=Decimal(5)).status == "pass"
    above = with_reading(daily_cap=Decimal("5.01"))
    assert (above.status, above.metric_value) == ("fail", Decimal("5.01"))
    assert above.reason.startswith("cap_above_declared")


def test_a_declaration_alone_fails():
    result = decide_guardrail(replace(FACTS, reading=None))
    assert result.status == "fail"
    assert result.reason.startswith("not_read_back")


def test_no_cap_and_no_drill_are_both_named():
    result = decide_guardrail(replace(FACTS, reading=replace(READING, daily_cap=None), last_drill_date=None))
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


def test_a_blocked_key_is_a_cap_of_nothing():
    blocked = with_reading(is_blocked=True, daily_cap=Decimal(0))
    assert (blocked.status, blocked.metric_value) == ("pass", 0)


@pytest.mark.parametrize(
    ("values", "status", "word"),
    [
        ({"is_found": False}, "fail", "not_found"),
        ({"daily_cap": None, "gap": "no_exchange_rate: from JPY"}, "insufficient", "no_exchange_rate"),
        ({"daily_cap": None, "gap": "unreadable_duration: 'x'"}, "insufficient", "unreadable_duration"),
        ({"daily_cap": None, "gap": "no_request_seen: nothing"}, "insufficient", "no_request_seen"),
    ],
)
def test_other_unusable_readings(values, status, word):
    result = with_reading(**values)
    assert result.status == status
    assert result.reason.startswith(word)


def test_nothing_declared_fails():
    assert decide_guardrail(replace(FACTS, entity=None)).reason.startswith("no_guardrail")
    assert decide_guardrail(replace(FACTS, declared_daily_cap=None)).reason.startswith("no_guardrail")
