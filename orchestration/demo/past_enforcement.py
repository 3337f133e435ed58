"""What the simulated company's home remembers of the night of the runaway loop: what the minute path decided and what was done.

Lines of the two journals that ``tokenomics enforce`` keeps, with the moments of the simulation. Everything that was written to
the gateway then was given back in the morning, so that nothing of it is in force. Each reason says that it is simulated.
"""

import json
from datetime import datetime, timedelta

from orchestration.demo.catalog import RUNAWAY_DAY, moment, token_hash

ENTITY = f"key:{token_hash('dev-tomasz')}"
FOUND_AT = moment(RUNAWAY_DAY, 1) + timedelta(minutes=6)
BLOCKED_AT = moment(RUNAWAY_DAY, 1) + timedelta(minutes=51)
RELEASED_AT = moment(RUNAWAY_DAY, 8) + timedelta(minutes=30)


def past_receipts() -> str:
    """``HOME/enforcement/receipts/receipts.jsonl``: the key was blocked by hand of ``enforce --apply``, and given back."""
    lines: list[dict[str, object]] = []
    for number, (at, is_blocked, why) in enumerate(
        (
            (BLOCKED_AT, True, "simulated: growing context loop, blocked by the engineer on call"),
            (RELEASED_AT, False, "simulated: the agent is stopped, what stood before is given back"),
        ),
        1,
    ):
        action_id = f"simulated{number:07d}"
        before, after = {"is_blocked": not is_blocked}, {"is_blocked": is_blocked}
        lines.append(
            {
                "action_id": action_id,
                "event": "planned",
                "at": at.isoformat(),
                "run_id": f"simulated{number:03d}",
                "adapter": "litellm",
                "entity": ENTITY,
                "action": "block" if is_blocked else "revert",
                "before": before,
                "after": after,
                "owned_before": before if is_blocked else {},
                "owned_after": after if is_blocked else {},
                "policy": "loop",
                "policy_version": "simulated",
                "reason": why,
                "evidence_id": "simulated",
                "seen_within_seconds": 0,
            }
        )
        for event, seconds in (("applied", 1), ("verified", 2)):
            lines.append({"action_id": action_id, "event": event, "at": _after(at, seconds), "note": "", "landed": []})
    return _text(lines)


def past_decisions() -> dict[str, str]:
    """By file name below ``HOME/enforcement/decisions``: the loop was found, and was over."""
    changes = (
        (FOUND_AT, "none", "growing_context", "simulated: each call of the key carries a longer context than the last"),
        (RELEASED_AT, "growing_context", "over", "simulated: no call for more than ten minutes"),
    )
    lines: list[dict[str, object]] = [
        {
            "decision_id": f"simulated-{number}",
            "decided_at": at.isoformat(),
            "policy": "loop",
            "entity": ENTITY,
            "from_state": before,
            "to_state": after,
            "reason": why,
            "evidence_id": "simulated",
            "policy_version": "simulated",
        }
        for number, (at, before, after, why) in enumerate(changes, 1)
    ]
    return {f"{RUNAWAY_DAY}.jsonl": _text(lines)}


def _after(at: datetime, seconds: int) -> str:
    return (at + timedelta(seconds=seconds)).isoformat()


def _text(lines: list[dict[str, object]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)
