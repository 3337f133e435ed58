"""Computes run-rates, stability, gates and readiness for every as-of day, and lands them for dbt.

Lands ``statistics/run_rates``, ``statistics/gates`` and ``statistics/readiness``, partition ``current``, whole each
time. Every past as-of day is judged by what was known then, so that readiness keeps the date on which it was first
reached.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np

from orchestration.graduation.gate_facts import GateFacts, policy_of
from orchestration.graduation.gates.audit import decide_model_audit
from orchestration.graduation.gates.guardrail import decide_guardrail
from orchestration.graduation.gates.readiness import (
    GraduationFacts,
    decide_graduation,
    decide_readiness,
    decide_stability,
)
from orchestration.graduation.gates.result import GateResult
from orchestration.graduation.gates.returns import decide_product_return, decide_replacement_return
from orchestration.graduation.initiative_facts import facts_without_events, initiative_daily_facts
from orchestration.graduation.inputs import read_inputs
from orchestration.graduation.records import DailySeries, InitiativeRecord, Inputs, record_on
from orchestration.landing.store import Landing
from orchestration.registry.company import Company
from orchestration.registry.policy import EffectivePolicy
from orchestration.run_rate.history import DayState, evaluate_history
from orchestration.statistics.stability import StabilityLimits

PARTITION = "current"
Row = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """Rows of the statistics streams of the same names."""

    run_rates: list[Row]
    gates: list[Row]
    readiness: list[Row]


def evaluate(connection: duckdb.DuckDBPyConnection, landing: Landing, company: Company, as_of: date) -> None:
    """Compute and land the statistics up to ``as_of``.

    ``connection`` is open on the warehouse with schemas ``intermediate`` and ``landing``; ``company`` gives the
    effective policy. Raises ``BrokenInput`` where an intermediate table does not hold what it promises.
    """
    found = evaluated(connection, company.policy, as_of)
    own = Landing(landing.root, allow_shrink=True)
    for stream, rows in (("run_rates", found.run_rates), ("gates", found.gates), ("readiness", found.readiness)):
        with own.batch("statistics", stream) as batch:
            batch.add_rows(PARTITION, rows)


def evaluated(connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, as_of: date) -> Evaluation:
    """Run-rates, gates and readiness of every day up to ``as_of``, as rows of their streams; lands nothing."""
    inputs = read_inputs(connection, as_of)
    limits = limits_of(policy)
    series = inputs.series + _without_cost(inputs, as_of)
    facts = [
        initiative_daily_facts(one, inputs) if one.entity_type == "initiative" else facts_without_events(one)
        for one in series
    ]
    history = evaluate_history(series, facts, limits, inputs.settle_days)
    run_rates = [_run_rate_row(one, state) for one, states in zip(series, history, strict=True) for state in states]
    gates, readiness = _Board(inputs, policy, series, history).rows(as_of)
    return Evaluation(run_rates, gates, readiness)


def limits_of(policy: EffectivePolicy) -> StabilityLimits:
    """The stability keys of the effective policy, typed."""
    return StabilityLimits(
        window_days=int(policy["stability_window_days"]),
        window_max_days=int(policy["stability_window_max_days"]),
        max_variation=float(policy["stability_max_variation"]),
        growth_margin=float(policy["stability_growth_margin"]),
        max_tail_days=int(policy["stability_max_tail_days"]),
    )


def _without_cost(inputs: Inputs, as_of: date) -> list[DailySeries]:
    """Experiments, present or past, that have started but have no series of their own: nothing is known of them."""
    known = {one.entity_id for one in inputs.series if one.entity_type == "initiative"}
    found = []
    for initiative_id, records in inputs.initiatives.items():
        started_on = records[0].started_on
        is_experiment = any(record.stage == "experimentation" for record in records)
        if is_experiment and initiative_id not in known and started_on <= as_of:
            days = (as_of - started_on).days + 1
            nothing, never = np.zeros(days), np.zeros(days, dtype=bool)
            found.append(DailySeries("initiative", initiative_id, started_on, [0] * days, nothing, nothing, never))
    return found


class _Board:
    """Evaluates the gates of all experiments day by day; remembers who became ready when."""

    def __init__(
        self, inputs: Inputs, policy: EffectivePolicy, series: list[DailySeries], history: list[list[DayState]]
    ) -> None:
        self.inputs, self.policy = inputs, policy_of(policy)
        self.facts = GateFacts(inputs, self.policy)
        self.series = {one.entity_id: one for one in series if one.entity_type == "initiative"}
        self.states = {
            one.entity_id: states
            for one, states in zip(series, history, strict=True)
            if one.entity_type == "initiative"
        }
        self.first_ready: dict[str, date] = {}

    def rows(self, as_of: date) -> tuple[list[Row], list[Row]]:
        """Gate rows and readiness rows, from each experiment's start to ``as_of`` or its graduation."""
        gates: list[Row] = []
        readiness: list[Row] = []
        starts = [records[0].started_on for records in self.inputs.initiatives.values()]
        day = min(starts, default=as_of + timedelta(days=1))
        while day <= as_of:
            ready: dict[str, list[tuple[str, Decimal]]] = {}
            for record in self._experiments(day):
                self._evaluate(record, day, ready, gates, readiness)
            day += timedelta(days=1)
        return gates, readiness

    def _experiments(self, day: date) -> list[InitiativeRecord]:
        """Records in force of the experiments that run on ``day``, those that were ready first before the others."""
        found = []
        for initiative_id, records in self.inputs.initiatives.items():
            record = record_on(records, day)
            if record is None or record.stage != "experimentation" or initiative_id not in self.series:
                continue
            graduated_on = self.inputs.graduated_on.get(initiative_id)
            if record.started_on <= day and (graduated_on is None or day <= graduated_on):
                found.append(record)
        return sorted(found, key=lambda one: (self.first_ready.get(one.initiative_id, date.max), one.initiative_id))

    def _evaluate(
        self,
        record: InitiativeRecord,
        day: date,
        ready: dict[str, list[tuple[str, Decimal]]],
        gates: list[Row],
        readiness: list[Row],
    ) -> None:
        series = self.series[record.initiative_id]
        position = series.position(day)
        if position < 0:
            return
        state = self.states[record.initiative_id][position]
        results = self._results(record, series, state, tuple(ready.get(record.product_id or "", [])))
        verdict = decide_readiness(results, self.policy.required_gates)
        if verdict.is_ready:
            self.first_ready.setdefault(record.initiative_id, day)
            if record.product_id is not None and state.run_rate.high is not None:
                ready.setdefault(record.product_id, []).append((record.initiative_id, state.run_rate.high))
        graduation = GraduationFacts(day, verdict.blocking_gates, self.inputs.graduated_on.get(record.initiative_id))
        results.append(decide_graduation(graduation))
        gates += [self._gate_row(record, day, result) for result in results]
        rate = state.run_rate
        readiness.append(
            {
                "initiative_id": record.initiative_id,
                "as_of_date": day,
                "is_ready": verdict.is_ready,
                "first_ready_date": self.first_ready.get(record.initiative_id),
                "blocking_gates": verdict.blocking_text,
                "verified_run_rate": rate.monthly if verdict.is_ready else None,
                "verified_run_rate_low": rate.low if verdict.is_ready else None,
                "verified_run_rate_high": rate.high if verdict.is_ready else None,
                "verified_unit_cost": (
                    self.facts.verified_unit_cost(record, series, state) if verdict.is_ready else None
                ),
            }
        )

    def _results(
        self, record: InitiativeRecord, series: DailySeries, state: DayState, ready: tuple[tuple[str, Decimal], ...]
    ) -> list[GateResult]:
        """Gates 1 to 4 of one initiative on one day."""
        if record.kind == "customer_facing":
            first = decide_product_return(self.facts.product_return(record, series, state, ready))
        else:
            first = decide_replacement_return(self.facts.replacement_return(record, series, state))
        return [
            first,
            decide_model_audit(self.facts.model_audit(record, series, state)),
            decide_guardrail(self.facts.guardrail(record, state)),
            decide_stability(self.facts.stability(series, state)),
        ]

    def _gate_row(self, record: InitiativeRecord, day: date, result: GateResult) -> Row:
        return {
            "initiative_id": record.initiative_id,
            "as_of_date": day,
            "gate_number": result.gate_number,
            "gate_name": result.gate_name,
            "status": result.status,
            "metric_value": result.metric_value,
            "threshold_value": result.threshold_value,
            "unit": result.unit,
            "reason": result.reason,
            "evidence_id": result.evidence_id,
            "policy_version": self.policy.version,
        }


def _run_rate_row(series: DailySeries, state: DayState) -> Row:
    rate, window, estimate = state.run_rate, state.window, state.cost_estimate
    return {
        "entity_type": series.entity_type,
        "entity_id": series.entity_id,
        "as_of_date": state.as_of,
        "run_rate_monthly": rate.monthly,
        "run_rate_low": rate.low,
        "run_rate_high": rate.high,
        "run_rate_annual": rate.annual,
        "days_observed": len(rate.positions),
        "variation_ratio": _or_none(estimate.variation if estimate else None),
        "growth_30d_ratio": _or_none(estimate.growth if estimate else None),
        "growth_30d_low_ratio": _or_none(estimate.low if estimate else None),
        "growth_30d_high_ratio": _or_none(estimate.high if estimate else None),
        "stability_status": state.verdict.status,
        "stability_reasons": ",".join(state.verdict.reasons),
        "observation_start_date": None if window.first is None else series.day(window.first),
        "observation_end_date": None if window.last is None else series.day(window.last),
        "window_days": window.days,
    }


def _or_none(value: float | None) -> float | None:
    return None if value is None or value != value else value
