"""What is said of guardrails: one sentence with the amount and the remedy, plain JSON details, a condition to resolve."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orchestration.alerts import guardrail_messages as say
from orchestration.alerts.message import Alert, read_plain

AT = datetime(2026, 11, 28, 9, 10, tzinfo=UTC)
CAP = say.CappedWindow("litellm", "key", "7f3a", "interns", "daily", Decimal(50), "USD", "ann@x.example")
ALERTS: dict[str, Alert] = {
    "cap_reached": say.cap_reached(
        CAP,
        window_starts_at=AT.replace(hour=0, minute=0),
        resets_at=AT.replace(day=29, hour=0, minute=0),
        spent_amount=Decimal("51.204"),
        is_hard=True,
        is_refused=True,
    ),
    "cap_warned": say.cap_warned(
        CAP,
        window_starts_at=AT.replace(hour=0, minute=0),
        resets_at=AT.replace(day=29, hour=0, minute=0),
        spent_amount=Decimal("40.5"),
        is_hard=True,
    ),
    "cap_unknown": say.cap_unknown(CAP, last_read_at=AT, reason="the gateway does not answer"),
    "loop_found": say.loop_found(
        adapter="litellm",
        incident_id="i1",
        entity="key:7f3a",
        loop_kind="growing_context",
        started_at=AT,
        detected_at=AT + timedelta(minutes=6),
        cost_so_far=Decimal("412.3"),
        cost_per_hour=Decimal(96),
        runway_days_lost=Decimal("3.21"),
        currency="USD",
    ),
    "breaker_changed": say.breaker_changed(
        product_id="chat",
        from_state="throttled",
        to_state="open",
        changed_at=AT,
        reason="3 breaches",
        margin_ratio=Decimal("0.412"),
        floor_ratio=Decimal("0.5"),
    ),
    "enforcement_drift": say.enforcement_drift(
        adapter="litellm",
        entity="key:7f3a",
        written={"limits": "daily 50.00 USD"},
        found={"limits": "daily 80.00 USD"},
        read_at=AT,
    ),
    "enforcement_failed": say.enforcement_failed(
        adapter="litellm",
        entity="key:7f3a",
        action="set a daily limit of 50.00 USD",
        reason="it answered 503",
        planned_at=AT,
        remedy="it is tried again at the next tick",
        amount=Decimal(50),
        currency="USD",
    ),
    "feed_stale": say.feed_stale(source="litellm", last_seen_at=AT, expected_within=timedelta(minutes=15)),
}
TITLES = {
    "cap_reached": (
        "key 7f3a has spent 51.20 USD of its daily cap of 50.00 USD: further requests are refused until 2026-11-29 00:00 "
        "UTC; to let them through, add an override to guardrails.yaml"
    ),
    "cap_warned": (
        "key 7f3a has spent 40.50 USD of its daily cap of 50.00 USD until 2026-11-29 00:00 UTC: requests are refused from there "
        "on; lower the use, or add an override to guardrails.yaml"
    ),
    "loop_found": (
        "key:7f3a has been calling in a loop (growing context) since 2026-11-28 09:10 UTC: 412.30 USD so far, 3.2 days of "
        "runway lost, 96.00 USD an hour if it goes on; stop the job, or block it at litellm"
    ),
    "breaker_changed": (
        "the margin breaker of chat went from throttled to open at a margin of 41.2% against a floor of 50.0% (3 breaches): "
        "its requests are refused; raise the margin or lower its cost per unit"
    ),
}


@pytest.mark.parametrize("kind", ALERTS)
def test_every_message_is_plain_and_comes_back_as_it_was(kind: str) -> None:
    alert = ALERTS[kind]
    assert alert.kind == kind
    assert alert.key.startswith(kind)
    assert read_plain(json.loads(json.dumps(alert.plain()))) == alert
    assert "None" not in alert.title
    assert ";" in alert.title, "the remedy comes last"


@pytest.mark.parametrize("kind", TITLES)
def test_the_title_names_the_amount_and_the_remedy(kind: str) -> None:
    assert ALERTS[kind].title == TITLES[kind]


def test_what_lasts_has_a_condition_and_what_is_over_has_none() -> None:
    lasting = {kind for kind, alert in ALERTS.items() if alert.condition is not None}
    assert lasting == set(ALERTS)
    closed = say.breaker_changed(
        product_id="chat",
        from_state="half_open",
        to_state="closed",
        changed_at=AT,
        reason="recovered",
        margin_ratio=None,
        floor_ratio=None,
    )
    assert closed.condition is None


def test_a_cap_that_refuses_nothing_is_critical() -> None:
    told = {"window_starts_at": AT, "resets_at": None, "spent_amount": Decimal("51"), "is_refused": False}
    alert = say.cap_reached(CAP, **told, is_hard=False)
    assert alert.severity == "critical"
    assert "nothing stops further requests" in alert.title
    assert "tokenomics enforce --apply" in say.cap_reached(CAP, **told, is_hard=True).title
