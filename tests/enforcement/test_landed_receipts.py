"""Receipts as landed rows: what stood at the end of the as-of day, the same on every run."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from orchestration.enforcement.landed import receipt_rows
from orchestration.enforcement.port import Limit
from orchestration.enforcement.receipts import Action, Owned, Receipts
from orchestration.landing.store import Landing

KEY = "key:" + "a" * 64
PLANNED_AT = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)


def planned(receipts):
    limits = (Limit("daily", Decimal("5.00")),)
    return receipts.plan(
        Action(
            action_id="a1",
            run_id="run-1",
            adapter="litellm",
            entity=KEY,
            action="cap",
            before={"limits": ()},
            after={"limits": limits},
            owned=Owned({"limits": ()}, {"limits": limits}),
            policy="caps",
            policy_version="v1",
            reason="cap of 5 USD a day",
            evidence_id="e1",
            seen_within_seconds=60,
            planned_at=PLANNED_AT,
        )
    )


def test_an_action_is_one_row_as_it_stood_when_the_day_ended_in_the_companys_zone(tmp_path):
    """Planned at 23:30 UTC, pending at once, verified at 00:30 UTC; in Berlin all of it is the 28th."""
    receipts = Receipts(tmp_path)
    action = receipts.follow(planned(receipts), "pending", PLANNED_AT + timedelta(seconds=1), "traffic may not see it")
    receipts.follow(action, "verified", PLANNED_AT + timedelta(hours=1))
    (row,) = receipt_rows(receipts, date(2026, 11, 27), "UTC")
    assert (row["outcome"], row["applied_at"], row["verified_at"]) == (
        "pending",
        PLANNED_AT + timedelta(seconds=1),
        None,
    )
    assert (json.loads(row["before"]), json.loads(row["after"])) == (
        {"limits": []},
        {"limits": [{"window": "daily", "amount": "5.00"}]},
    )
    (row,) = receipt_rows(receipts, date(2026, 11, 28), "Europe/Berlin")
    assert (row["outcome"], row["verified_at"]) == ("verified", PLANNED_AT + timedelta(hours=1))
    assert receipt_rows(receipts, date(2026, 11, 27), "Europe/Berlin") == []
    assert receipt_rows(receipts, date(2026, 11, 28), "UTC") == receipt_rows(receipts, date(2026, 11, 28), "UTC")


def test_rows_fit_the_landed_stream_and_none_is_fine(tmp_path):
    receipts, landing = Receipts(tmp_path), Landing(tmp_path / "landing")
    assert receipt_rows(receipts, date(2026, 11, 28), "UTC") == []
    planned(receipts)
    with landing.batch("guardrails", "receipts") as batch:
        batch.add_rows("current", receipt_rows(receipts, date(2026, 11, 28), "UTC"))
    assert landing.manifest("guardrails", "receipts")["current"].current is not None
