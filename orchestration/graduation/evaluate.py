"""Computes run-rates, stability, gates and readiness for every as-of day, and lands them for dbt.

Lands ``statistics/run_rates``, ``statistics/gates`` and ``statistics/readiness``, partition ``current``, whole each
time. Every past as-of day is judged by what was known then, so that readiness keeps the date on which it was first
reached.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from orchestration.graduation.daily_events import events_of
from orchestration.graduation.gate_facts import GateFacts, policy_of
from orchestration.graduation.gates.audit import decide_model_audit
from orchestration.graduation.gates.guardrail import decide_guardrail
from orchestration.graduation.gates.readiness import (
    NEVER_READY,
    GraduationFacts,
    Readiness,
    decide_graduation,
    decide_readiness,
    decide_stability,
)
from orchestration.graduation.gates.result import GateResult
from orchestration.graduation.gates.returns import decide_product_return, decide_replacement_return
from orchestration.graduation.gates.unconverted import UnconvertedAmount, decide_unconverted
from orchestration.graduation.inputs import read_inputs
from orchestration.graduation.records import InitiativeTerms, Inputs
from orchestration.graduation.verdicts import Evaluation, GateRow, ReadinessRow, RunRateRow
from orchestration.landing.store import Landing
from orchestration.registry.company import Company
from orchestration.registry.policy import EffectivePolicy
from orchestration.run_rate.history import DayState, evaluate_history
from orchestration.run_rate.series import DailySeries
from orchestration.statistics.looks import StabilityLimits

PARTITION = "current"


def evaluate(connection: duckdb.DuckDBPyConnection, landing: Landing, company: Company, as_of: date) -> None:
    """Compute and land the statistics up to ``as_of``.

    ``connection`` is open on the warehouse that dbt built; ``company`` gives the effective policy. Raises
    ``BrokenInput`` where an intermediate table does not hold what it promises.
    """
    found = evaluated(connection, company.policy, as_of)
    for stream, rows in (("run_rates", found.run_rates), ("gates", found.gates), ("readiness", found.readiness)):
        with landing.batch("statistics", stream) as batch:
            batch.add_rows(PARTITION, [vars(row) for row in rows])


def evaluated(connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, as_of: date) -> Evaluation:
    """Run-rates, gates and readiness of every day up to ``as_of``, as rows of their streams; lands nothing."""
    inputs = read_inputs(connection, as_of)
    series = inputs.series + list(_without_cost(inputs, as_of))
    events = [events_of(one, inputs) for one in series]
    history = evaluate_history(series, events, limits_of(policy))
    run_rates = [_run_rate_row(one, state) for one, states in zip(series, history, strict=True) for state in states]
    gates, readiness = _DailyGates(inputs, policy, series, history).rows(as_of)
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


def _without_cost(inputs: Inputs, as_of: date) -> Iterator[DailySeries]:
    """Experiments, present or past, that have started but have no series of their own: nothing is known of them."""
    known = {one.entity_id for one in inputs.series if one.entity_type == "initiative"}
    for initiative_id, terms in inputs.terms.items():
        started_on = next(iter(terms.values())).started_on
        is_experiment = any(declared.is_experiment for declared in terms.values())
        if is_experiment and initiative_id not in known and started_on <= as_of:
            yield DailySeries.without_cost(initiative_id, started_on, as_of)


class _DailyGates:
    """The gates of all experiments, day after day; remembers the readiness of the day before."""

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
        self.readiness: dict[str, Readiness] = {}

    def rows(self, as_of: date) -> tuple[list[GateRow], list[ReadinessRow]]:
        """Gate rows and readiness rows, from each experiment's start to ``as_of`` or its graduation."""
        gates: list[GateRow] = []
        readiness: list[ReadinessRow] = []
        starts = [next(iter(terms.values())).started_on for terms in self.inputs.terms.values()]
        day = min(starts, default=as_of + timedelta(days=1))
        while day <= as_of:
            ready: dict[str, list[tuple[str, Decimal]]] = {}
            for terms in self._experiments(day):
                self._evaluate(terms, ready, gates, readiness)
            day += timedelta(days=1)
        return gates, readiness

    def _experiments(self, day: date) -> list[InitiativeTerms]:
        """What is declared of the experiments that run on ``day``, those that were ready first before the others.

        Who is no experiment today begins anew when it becomes one again.
        """
        declared = [terms[day] for terms in self.inputs.terms.values() if day in terms]
        for one in declared:
            if not one.is_experiment or one.is_graduated_before(day):
                self.readiness.pop(one.initiative_id, None)
        found = [
            one
            for one in declared
            if one.is_experiment
            and one.initiative_id in self.series
            and one.started_on <= day
            and not one.is_graduated_before(day)
        ]
        return sorted(found, key=lambda one: (self._before(one).first_ready or date.max, one.initiative_id))

    def _before(self, terms: InitiativeTerms) -> Readiness:
        return self.readiness.get(terms.initiative_id, NEVER_READY)

    def _evaluate(
        self,
        terms: InitiativeTerms,
        ready: dict[str, list[tuple[str, Decimal]]],
        gates: list[GateRow],
        readiness: list[ReadinessRow],
    ) -> None:
        day, series = terms.day, self.series[terms.initiative_id]
        position = series.position(day)
        if position < 0:
            return
        state = self.states[terms.initiative_id][position]
        results = self._results(terms, series, state, tuple(ready.get(terms.product_id or "", [])))
        verdict = decide_readiness(results, self.policy.required_gates, self._before(terms), day)
        self.readiness[terms.initiative_id] = verdict
        if verdict.is_ready and terms.product_id is not None and state.run_rate.high is not None:
            ready.setdefault(terms.product_id, []).append((terms.initiative_id, state.run_rate.high))
        results.append(decide_graduation(GraduationFacts(day, verdict.blocking_gates, terms.graduation_date)))
        gates += [GateRow.of(terms.initiative_id, day, result, self.policy.version) for result in results]
        rate = state.run_rate
        readiness.append(
            ReadinessRow(
                initiative_id=terms.initiative_id,
                as_of_date=day,
                is_ready=verdict.is_ready,
                first_ready_date=verdict.first_ready,
                blocking_gates=verdict.blocking_text,
                verified_run_rate=rate.monthly if verdict.is_ready else None,
                verified_run_rate_low=rate.low if verdict.is_ready else None,
                verified_run_rate_high=rate.high if verdict.is_ready else None,
                verified_unit_cost=(
                    self.facts.verified_unit_cost(terms.initiative_id, series, state) if verdict.is_ready else None
                ),
            )
        )

    def _results(
        self, terms: InitiativeTerms, series: DailySeries, state: DayState, ready: tuple[tuple[str, Decimal], ...]
    ) -> list[GateResult]:
        """Every gate but approval, of one initiative on one day."""
        return [
            self._return(terms, series, state, ready),
            decide_model_audit(self.facts.model_audit(terms, series, state)),
            self._guardrail(terms, state),
            decide_stability(self.facts.stability(series, state)),
        ]

    def _return(
        self, terms: InitiativeTerms, series: DailySeries, state: DayState, ready: tuple[tuple[str, Decimal], ...]
    ) -> GateResult:
        if terms.kind == "customer_facing":
            return decide_product_return(self.facts.product_return(terms, series, state, ready))
        currency = terms.legacy_software_without_rate
        if currency is not None:
            return decide_unconverted(
                UnconvertedAmount(1, terms.day, "replaced legacy software", currency, "money_per_month")
            )
        return decide_replacement_return(self.facts.replacement_return(terms, series, state))

    def _guardrail(self, terms: InitiativeTerms, state: DayState) -> GateResult:
        currency = terms.daily_cap_without_rate
        if currency is not None:
            return decide_unconverted(UnconvertedAmount(3, terms.day, "declared daily cap", currency, "money_per_day"))
        return decide_guardrail(self.facts.guardrail(terms, state))


def _run_rate_row(series: DailySeries, state: DayState) -> RunRateRow:
    rate, window, estimate = state.run_rate, state.window, state.cost_estimate
    return RunRateRow(
        entity_type=series.entity_type,
        entity_id=series.entity_id,
        as_of_date=state.as_of,
        run_rate_monthly=rate.monthly,
        run_rate_low=rate.low,
        run_rate_high=rate.high,
        run_rate_annual=rate.annual,
        days_observed=len(rate.positions),
        variation_ratio=_or_none(estimate.variation if estimate else None),
        growth_30d_ratio=_or_none(estimate.growth if estimate else None),
        growth_30d_low_ratio=_or_none(estimate.low if estimate else None),
        growth_30d_high_ratio=_or_none(estimate.high if estimate else None),
        stability_status=state.verdict.status,
        stability_reasons=",".join(state.verdict.reasons),
        observation_start_date=None if window.first is None else series.day(window.first),
        observation_end_date=None if window.last is None else series.day(window.last),
        window_days=window.days,
    )


def _or_none(value: float | None) -> float | None:
    return None if value is None or value != value else value
