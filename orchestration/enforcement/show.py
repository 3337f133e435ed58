"""What a round of enforcement saw and did, for people: tables of aligned text, receipts, one line for a watch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from orchestration.enforcement.in_force import (
    LIMITED,
    LOOSER,
    NOT_FOUND,
    NOT_HELD,
    NOT_SEEN,
    REFUSES,
    TELLS_ONLY,
    at_gateway,
)
from orchestration.enforcement.plan import Change, Hold, Plan
from orchestration.enforcement.receipts import FAILED, Action
from orchestration.enforcement.tick_result import TickResult
from orchestration.enforcement.values import in_words
from orchestration.files import counted
from orchestration.glossary import in_words as code_in_words
from orchestration.glossary import reason_in_words

if TYPE_CHECKING:
    from orchestration.registry.company import Company

SHOWN_ID = 14
"""Characters of a token hash that tell keys apart."""
HOLD_MEANS = {
    "person": "kept as it is",
    "drift": "changed by somebody else, kept; on_drift: reapply in guardrails.yaml writes it again",
    "not_allowed": "not allowed; name it under entities of the adapter in guardrails.yaml",
    "over_max_changes": "at a later round; max_changes in guardrails.yaml is the limit of one",
    "unsupported": "this gateway cannot; choose another adapter or window in guardrails.yaml",
    "not_found": "unknown to the gateway; correct its name, or remove the cap",
}
AT_GATEWAY = {
    REFUSES: "refuses now",
    LIMITED: "refuses at the cap",
    LOOSER: "holds a higher limit",
    NOT_HELD: "holds no such limit",
    NOT_FOUND: "unknown there",
    NOT_SEEN: "not seen",
    TELLS_ONLY: "tells only",
}


def write_tick(result: TickResult, company: "Company", stream: TextIO) -> None:
    """The caps, the plan of every gateway, receipts, and what was not done and how to allow it."""
    if result.caps:
        print("Caps", file=stream)
        _table(_cap_rows(result), stream)
    else:
        print(
            "No cap holds: name some in guardrails.yaml (tokenomics init shows one), then tokenomics run.", file=stream
        )
    for found in result.plans:
        allows = company.guardrails.adapters[found.adapter].apply
        print(file=stream)
        if found.adapter in result.unread and not found.changes and not found.holds:
            print(f"{found.adapter}: what it showed stands as it should", file=stream)
            continue
        write_plan(found, stream, None if allows else f"set adapters.{found.adapter}.apply: true in guardrails.yaml")
    if result.actions:
        print(file=stream)
        write_actions(result.actions, stream)
    for loop in result.loops.decisions if result.loops else ():
        print(f"{short(f'key:{loop.key}')}: {reason_in_words(loop.reason)}", file=stream)
    for note in dict.fromkeys(result.notes):
        print(f"note: {note}", file=stream)
    for name, unread in result.unread.items():
        rows = ", ".join(short(entity) for entity in unread.entities)
        print(f"{name}: not shown, so that nothing of it is known or done: {rows}", file=stream)
    for fault in result.faults:
        print(f"failed: {fault}", file=stream)
    print(file=stream)
    if result.actions:
        print(f"{_done(result)}; every one has its receipt in HOME/enforcement/receipts.", file=stream)
    elif result.is_applied:
        print("Nothing had to be written, or nothing may be.", file=stream)
    else:
        print(
            "Nothing was written: this is the plan. tokenomics enforce --apply carries it out where allowed.",
            file=stream,
        )


def tick_as_json(result: TickResult, company: "Company") -> dict[str, Any]:
    """The same for a program: codes as they are, money as exact text, entities whole."""
    return {
        "at": result.at.astimezone(UTC).isoformat(),
        "is_applied": result.is_applied,
        "caps": [
            {
                "cap_id": cap.decision.cap_id,
                "entity": cap.decision.entity,
                "adapter": cap.adapter,
                "mode": cap.mode,
                "window": line.window,
                "status": line.status,
                "cost": None if line.cost is None else f"{line.cost:f}",
                "amount": None if line.amount is None else f"{line.amount:f}",
                "currency": "USD",
                "at_gateway": at_gateway(cap, line, result),
                "resets_at": line.span.end.isoformat(),
                "reason": line.reason,
            }
            for cap in result.caps
            for line in cap.decision.lines
        ],
        "plans": [
            {
                "adapter": found.adapter,
                "may_be_applied": company.guardrails.adapters[found.adapter].apply,
                "changes": [
                    {
                        "entity": one.observed.entity,
                        "action": one.action,
                        "before": _plain(one.before),
                        "after": _plain(one.after),
                        "policy": one.policy,
                        "reason": one.reason,
                        "evidence_id": one.evidence_id,
                    }
                    for one in found.changes
                ],
                "holds": [
                    {"entity": one.entity, "field": one.field, "kind": one.kind, "reason": one.reason}
                    for one in found.holds
                ],
            }
            for found in result.plans
        ],
        "actions": [
            {
                "action_id": one.action_id,
                "adapter": one.adapter,
                "entity": one.entity,
                "action": one.action,
                "outcome": one.outcome,
                "note": one.note,
            }
            for one in result.actions
        ],
        "loops": [{"key": one.key, "reason": one.reason} for one in (result.loops.decisions if result.loops else ())],
        "notes": list(dict.fromkeys(result.notes)),
        "faults": list(result.faults),
    }


def _plain(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): value if isinstance(value, bool | int | None) else in_words(value) for name, value in values.items()
    }


def write_plan(found: Plan, stream: TextIO, remedy: str | None = None) -> None:
    """One gateway's changes and what stays, why, and whether it may be done. ``remedy``: what to set so that it may."""
    if not found.changes and not found.holds:
        print(f"{found.adapter}: everything stands as it should", file=stream)
        return
    print(found.adapter, file=stream)
    rows: list[tuple[str, ...]] = [("entity", "now", "should be", "why", "allowed")]
    rows += [_change_row(one, remedy) for one in found.changes]
    rows += [_hold_row(one) for one in found.holds]
    _table(rows, stream)
    for note in dict.fromkeys(note for change in found.changes for note in change.notes):
        print(f"  note: {note}", file=stream)


def write_actions(actions: Iterable[Action], stream: TextIO) -> None:
    """The receipts of what was done."""
    rows: list[tuple[str, ...]] = [("receipt", "entity", "action", "outcome", "note")]
    rows += [
        (one.action_id, short(one.entity), code_in_words(one.action, "action"), code_in_words(one.outcome), one.note)
        for one in actions
    ]
    _table(rows, stream)


def tick_line(result: TickResult) -> str:
    """One round in one line, for a watch."""
    parts = [f"{name} {reading.new} new" for name, reading in result.readings.items()]
    reached = sum(line.status == "reached" for cap in result.caps for line in cap.decision.lines)
    unknown = sum(line.status == "unknown" for cap in result.caps for line in cap.decision.lines)
    parts.append(f"{counted(len(result.caps), 'cap')}, {reached} reached, {unknown} unknown")
    changes = sum(len(found.changes) for found in result.plans)
    parts.append(_done(result) if result.actions else f"{counted(changes, 'change')} planned")
    parts += [f"{one.policy} {short(one.entity)}: {one.from_state} -> {one.to_state}" for one in result.decisions]
    parts += [f"failed: {fault}" for fault in result.faults]
    return f"{result.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC  {'; '.join(parts)}"


def _done(result: TickResult) -> str:
    """How many changes were written, and of the others what became of them."""
    counts = Counter(one.outcome for one in result.actions if one.outcome in FAILED)
    return ", ".join(
        [
            f"{counted(len(result.written), 'change')} written",
            *(f"{counts[one]} {code_in_words(one)}" for one in FAILED if counts[one]),
        ]
    )


def short(entity: str) -> str:
    """An entity that fits a line: a token hash is told by its beginning."""
    kind, _, name = entity.partition(":")
    return entity if len(name) <= 2 * SHOWN_ID else f"{kind}:{name[:SHOWN_ID]}..."


def _cap_rows(result: TickResult) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (*("cap", "whose", "window", "spent USD", "of USD", "status", "at the gateway", "resets"),)
    ]
    for cap in result.caps:
        for line in cap.decision.lines:
            rows.append(
                (
                    cap.decision.cap_id,
                    short(cap.decision.entity),
                    line.window,
                    "unknown" if line.cost is None else _dollars(line.cost),
                    "unknown" if line.amount is None else _dollars(line.amount),
                    code_in_words(line.status),
                    AT_GATEWAY[at_gateway(cap, line, result)],
                    f"{line.span.end:%Y-%m-%d %H:%M} UTC",
                )
            )
    return rows


def _change_row(change: Change, remedy: str | None) -> tuple[str, ...]:
    return (
        short(change.observed.entity),
        _values(change.before),
        _values(change.after),
        change.reason,
        "yes" if remedy is None else f"no: {remedy}",
    )


def _hold_row(hold: Hold) -> tuple[str, ...]:
    return (short(hold.entity), "", "as it is", hold.reason, f"no: {HOLD_MEANS[hold.kind]}")


def _values(values: Mapping[Any, Any]) -> str:
    return ", ".join(f"{code_in_words(name)} {in_words(value)}" for name, value in sorted(values.items()))


def _dollars(amount: Decimal) -> str:
    return f"{amount:,.4f}" if abs(amount) < 1 else f"{amount:,.2f}"


def _table(rows: Sequence[tuple[str, ...]], stream: TextIO) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        print("  " + "  ".join([*cells, row[-1]]).rstrip(), file=stream)
