"""What enforcement wrote down, as rows to land: receipts (``guardrails/receipts``), one per action as it stood at the end of the
as-of day, the drills among them (``registry/drills``), and what the minute path decided until then (``guardrails/decisions``).
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.enforcement.decisions import Decisions
from orchestration.enforcement.port import FieldName
from orchestration.enforcement.receipts import Receipts
from orchestration.enforcement.values import to_plain


def receipt_rows(receipts: Receipts, as_of: date, time_zone: str) -> list[dict[str, Any]]:
    """What had happened until ``as_of`` ended in ``time_zone``. Raises ReceiptsDamaged."""
    ends_at = datetime.combine(as_of + timedelta(days=1), time(), ZoneInfo(time_zone))
    return [
        {
            "action_id": one.action_id,
            "run_id": one.run_id,
            "planned_at": one.planned_at,
            "applied_at": one.applied_at,
            "verified_at": one.verified_at,
            "adapter": one.adapter,
            "entity": one.entity,
            "action": one.action,
            "before": _text(one.before),
            "after": _text(one.after),
            "outcome": one.outcome,
            "note": one.note,
            "policy": one.policy,
            "policy_version": one.policy_version,
            "reason": one.reason,
            "evidence_id": one.evidence_id,
        }
        for one in receipts.read(before=ends_at)
    ]


def drill_rows(receipts: Receipts, as_of: date, time_zone: str) -> list[dict[str, Any]]:
    """The drills that saw a refusal until ``as_of`` ended in ``time_zone``, for stream ``registry/drills``."""
    zone = ZoneInfo(time_zone)
    ends_at = datetime.combine(as_of + timedelta(days=1), time(), zone)
    return [
        {
            "drill_id": one.action_id,
            "adapter": one.adapter,
            "entity": one.entity,
            "drill_date": one.planned_at.astimezone(zone).date(),
            "started_at": one.planned_at,
            "ended_at": one.verified_at,
        }
        for one in receipts.read(before=ends_at)
        if one.action == "drill" and one.outcome == "verified" and one.verified_at is not None
    ]


def live_decisions(decisions: Decisions, as_of: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What was decided until ``as_of`` ended in ``zone``. Raises DecisionsDamaged."""
    kept = decisions.until(as_of, zone)
    return [{name: value for name, value in vars(one).items() if name != "decision_id"} for one in kept]


def _text(values: Mapping[FieldName, Any]) -> str:
    return json.dumps(to_plain(values), sort_keys=True)
