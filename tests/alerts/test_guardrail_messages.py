"""What is said of guardrails: one sentence with the amount and the remedy, plain JSON details, a condition to resolve."""

import json
import re
from dataclasses import replace
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
        is_held=True,
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
        "key 7f3a has been calling in a loop (each call longer than the last) since 2026-11-28 09:10 UTC: 412.30 USD so "
        "far, 3.2 days of runway lost, 96.00 USD an hour if it goes on; stop the job, or block it at LiteLLM"
    ),
    "breaker_changed": (
        "the margin breaker of chat went from 'slowed down' to 'refused' at a margin of 41.2% against a floor of 50.0% (3 "
        "breaches): its requests are refused; raise the margin or lower its cost per unit"
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


def test_a_title_has_no_machine_word_and_no_whole_hash() -> None:
    key = "key:310b7fe6431ab3bccef2f6424a09b31c79555333f80a93d39545ab977c7de19e"
    alerts = [
        *ALERTS.values(),
        say.enforcement_drift(
            adapter="merge_gateway", entity=key, written={"is_blocked": "yes"}, found={"is_blocked": "no"}, read_at=AT
        ),
        say.enforcement_failed(
            adapter="policy_file", entity=key, action="block", reason="no", planned_at=AT, remedy="look at it"
        ),
        say.cap_unknown(replace(CAP, entity_id=key.removeprefix("key:")), last_read_at=AT, reason="no log"),
        say.breaker_changed(
            product_id="chat",
            from_state="cool_down",
            to_state="half_open",
            changed_at=AT,
            reason="cooled_down: margin 0.4120, floor 0.5000",
            margin_ratio=None,
            floor_ratio=None,
        ),
    ]
    for alert in alerts:
        assert not re.search(r"[0-9a-f]{32}", alert.title), alert.title
        words = alert.title.replace("on_drift: reapply in guardrails.yaml", "")
        assert not re.search(r"[a-z]_[a-z]", words), alert.title
    assert [one.entity for one in alerts].count(key) == 3, "what programs read stays whole"


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


def test_a_cap_that_the_gateway_does_not_hold_is_not_said_to_refuse() -> None:
    told = {"window_starts_at": AT, "resets_at": None, "spent_amount": Decimal("41"), "is_hard": True}
    passing = say.cap_warned(CAP, **told, is_held=False)
    assert passing.title.endswith(
        "the gateway was not seen to hold it, so it refuses nothing there; carry it out with tokenomics enforce --apply"
    )
    unseen = say.cap_warned(CAP, **told, is_held=None)
    assert "not seen whether the gateway refuses" in unseen.title
    held = say.cap_warned(CAP, **told, is_held=True)
    assert held.key == unseen.key != passing.key and held.condition == passing.condition


def test_what_a_gateway_did_not_show_is_told_by_name_with_the_remedy() -> None:
    alert = say.enforcement_unread(
        adapter="litellm", entities=["key:a", "key:b", "key:c", "key:d", "key:e"], reason="it answered 500", read_at=AT
    )
    assert alert.title.startswith(
        "LiteLLM did not show what stands at key a, key b, key c and 2 more (it answered 500): "
    )
    assert alert.title.endswith("check that LiteLLM answers and that its key may read keys and teams")
    assert alert.details["entities"] == ["key:a", "key:b", "key:c", "key:d", "key:e"]
