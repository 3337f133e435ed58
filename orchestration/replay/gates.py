"""Replays the graduation gates: what a run of each past day says of each experiment, from rows dated up to that day.

A trip is the day an experiment is first ready, when the flag goes up. A trip was false if the mean daily cost of the 28
days after it, whether it graduated in between or not, lies farther from the run-rate that was verified on it than the
policy lets a stable cost grow in a month (``stability_growth_margin``, 20 % by default). That is hindsight, for scoring
only, and not known until those days are over and complete. A gate stops no money, so that no amount is saved.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from orchestration.graduation.evaluate import evaluated
from orchestration.graduation.gates.result import DEFERRED, FAIL, INSUFFICIENT, PASS
from orchestration.graduation.verdicts import GateRow, ReadinessRow
from orchestration.registry.policy import EffectivePolicy
from orchestration.statistics.run_rate import per_month

READY, GRADUATED = "ready", "graduated"
JUDGED_DAYS = 28
_REALISED = """
select entity_id, cost_date, allocated_cost
from intermediate.int_cost_object_daily_costs
where entity_type = 'initiative' and is_complete and not is_missing and cost_date <= $last"""


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
    costs: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for initiative, day, amount in connection.execute(_REALISED, {"last": last}).fetchall():
        costs[initiative][day] = amount
    margin = Decimal(str(policy["stability_growth_margin"]))
    rows = [_verdict(one, gates[one.initiative_id, one.as_of_date], policy.version) for one in found.readiness]
    return [
        replace(row, is_false_trip=_is_false(readiness, costs[row.initiative_id], margin)) if row.is_trip else row
        for readiness, row in zip(found.readiness, rows, strict=True)
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


def _is_false(readiness: ReadinessRow, costs: Mapping[date, Decimal], margin: Decimal) -> bool | None:
    """None until all 28 days after the trip are complete, and where nothing was verified on it."""
    verified = readiness.verified_run_rate
    after = [readiness.as_of_date + timedelta(days=n) for n in range(1, JUDGED_DAYS + 1)]
    if verified is None or any(day not in costs for day in after):
        return None
    realised = per_month(sum((costs[day] for day in after), Decimal(0)) / JUDGED_DAYS)
    return abs(realised - verified) > margin * abs(verified)
