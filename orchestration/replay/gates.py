"""Replays the graduation gates: what a run of each past day says of each experiment, from rows dated up to that day.

A trip is the day an experiment is first ready, when the flag goes up. A trip was false if a required gate failed
outright within the 30 days after it; that is hindsight, for scoring only, and not known until those days are over.
A gate stops no money, so that no amount is saved.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb

from orchestration.graduation.evaluate import evaluated
from orchestration.graduation.gates.result import DEFERRED, FAIL, INSUFFICIENT, PASS
from orchestration.graduation.verdicts import GateRow, ReadinessRow
from orchestration.registry.policy import EffectivePolicy

READY, GRADUATED = "ready", "graduated"
JUDGED_DAYS = 30


@dataclass(frozen=True)
class GateReplay:
    """Row of stream ``replay/gates``: what the gates of ``replay_date`` said of one experiment, and whether it was a trip."""

    initiative_id: str
    replay_date: date
    status: str
    reasons: str
    is_ready: bool
    is_trip: bool
    is_false_trip: bool | None
    saved_amount: None
    blocking_gates: str
    gate_1_status: str
    gate_2_status: str
    gate_3_status: str
    gate_4_status: str
    gate_5_status: str
    policy_version: str


def replay_gates(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, first: date, last: date
) -> list[GateReplay]:
    """Rows of stream ``replay/gates``: one per experiment and day from ``first`` to ``last``."""
    found = evaluated(connection, policy, last)
    gates: dict[tuple[str, date], dict[int, GateRow]] = defaultdict(dict)
    for gate in found.gates:
        gates[gate.initiative_id, gate.as_of_date][gate.gate_number] = gate
    rows = [_verdict(one, gates[one.initiative_id, one.as_of_date], policy.version) for one in found.readiness]
    failed: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        if row.status == FAIL:
            failed[row.initiative_id].append(row.replay_date)
    return [
        replace(row, is_false_trip=_is_false(row.replay_date, failed[row.initiative_id], last)) if row.is_trip else row
        for row in rows
        if row.replay_date >= first
    ]


def _verdict(readiness: ReadinessRow, gates: dict[int, GateRow], version: str) -> GateReplay:
    blocking = [gates[int(number)] for number in readiness.blocking_gates.split(",") if number]
    shown = blocking or [gates[5]]
    return GateReplay(
        initiative_id=readiness.initiative_id,
        replay_date=readiness.as_of_date,
        status=_status(readiness.is_ready, gates[5], {gate.status for gate in blocking}),
        reasons="; ".join(f"gate {gate.gate_number} {gate.gate_name} {gate.status}: {gate.reason}" for gate in shown),
        is_ready=readiness.is_ready,
        is_trip=readiness.is_ready and readiness.first_ready_date == readiness.as_of_date,
        is_false_trip=False,
        saved_amount=None,
        blocking_gates=readiness.blocking_gates,
        gate_1_status=gates[1].status,
        gate_2_status=gates[2].status,
        gate_3_status=gates[3].status,
        gate_4_status=gates[4].status,
        gate_5_status=gates[5].status,
        policy_version=version,
    )


def _status(is_ready: bool, approval: GateRow, blocking: set[str]) -> str:
    """Graduated, ready, or the gravest status among the gates in the way."""
    if approval.status == PASS:
        return GRADUATED
    if is_ready:
        return READY
    return next((status for status in (FAIL, DEFERRED) if status in blocking), INSUFFICIENT)


def _is_false(tripped_on: date, failed: list[date], last: date) -> bool | None:
    end = tripped_on + timedelta(days=JUDGED_DAYS)
    return any(tripped_on < day <= end for day in failed) if end <= last else None
