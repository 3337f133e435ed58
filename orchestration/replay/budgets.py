"""Replays the four budget frameworks on the company's own cost: one row per framework and month.

Demand is the allocated cost of every initiative by day, so that ``no_policy`` spends exactly what the initiatives cost.
Revenue of a day counts where it was reported by the end of its month. Experiments that had become ready, by the gates
of that time, are core from the next day on in ``core_and_experimentation``. Winners, for scoring only: initiatives that
pass the return gate on the last day, and those that stand in core by then.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from orchestration.graduation.evaluate import evaluated
from orchestration.graduation.gates.result import PASS
from orchestration.graduation.inputs import read_inputs
from orchestration.graduation.records import Inputs
from orchestration.graduation.unit_days import UnitDays
from orchestration.graduation.verdicts import Evaluation, ReadinessRow
from orchestration.registry.policy import EffectivePolicy
from orchestration.registry.policy_keys import FITTED
from orchestration.replay.budget_past import ZERO, Allocation, CompanyDay, Demand, Verified, days_left
from orchestration.replay.budget_scores import score_months
from orchestration.replay.frameworks import FRAMEWORKS, replay_framework
from orchestration.statistics.run_rate import YEAR_DAYS

NO_UNITS = UnitDays({})


@dataclass(frozen=True)
class FrameworkMonth:
    """Row of stream ``replay/budgets``: what one framework would have made of one month."""

    framework: str
    fiscal_period: str
    demand: Decimal
    spend: Decimal
    overspend: Decimal | None
    starved_days: int
    stopped_winners: int
    forecast_error_ratio: Decimal | None
    scored_on: date
    policy_version: str


def replay_budgets(
    connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, first: date, last: date
) -> list[FrameworkMonth]:
    """Rows of stream ``replay/budgets`` for the days ``first`` to ``last``; decisions begin with the first cost."""
    history = _History(connection, policy, last)
    days, winners = history.days(), history.winners()
    stated = policy["variable_output_ratio"]
    ratio = None if stated == FITTED else Decimal(stated)
    return [
        FrameworkMonth(
            framework=framework,
            fiscal_period=score.month.strftime("%Y-%m"),
            demand=score.demand,
            spend=score.spend,
            overspend=score.overspend,
            starved_days=score.starved_days,
            stopped_winners=score.stopped_winners,
            forecast_error_ratio=score.forecast_error_ratio,
            scored_on=last,
            policy_version=policy.version,
        )
        for framework in FRAMEWORKS
        for score in score_months(framework, replay_framework(framework, days, ratio), winners, first, last)
    ]


class _History:
    """The company's days as the frameworks want them, from the warehouse up to ``last``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, policy: EffectivePolicy, last: date) -> None:
        self.last = last
        self.inputs: Inputs = read_inputs(connection, last)
        self.evaluation: Evaluation = evaluated(connection, policy, last)
        self.costs: dict[date, dict[str, Decimal]] = defaultdict(dict)
        for initiative, day, amount in connection.execute(_COSTS, {"last": last}).fetchall():
            self.costs[day][initiative] = amount
        self.verified: dict[str, list[tuple[date, Verified | None]]] = defaultdict(list)
        """By initiative, the days on which it was first ready, ascending, and what was verified on each."""
        for row in self.evaluation.readiness:
            if row.is_ready and row.first_ready_date == row.as_of_date:
                self.verified[row.initiative_id].append((row.as_of_date, _verified(row)))
        self.units = {
            initiative: UnitDays.of_kind(units, self.inputs.terms.get(initiative, {}), self._unit(initiative, last))
            for initiative, units in self.inputs.units.items()
        }

    def days(self) -> list[CompanyDay]:
        """One per day from the first cost to the last day; an initiative has a row from its first cost on."""
        if not self.costs:
            return []
        revenue, seen, found = self._revenue(), set(), []
        day = min(self.costs)
        while day <= self.last:
            seen |= set(self.costs.get(day, {}))
            demands = tuple(self._demand(initiative, day) for initiative in sorted(seen))
            found.append(CompanyDay(day, demands, revenue.get(day)))
            day += timedelta(days=1)
        return found

    def winners(self) -> set[str]:
        """Who passes the return gate on the last day or is core by then."""
        passed = {
            row.initiative_id
            for row in self.evaluation.gates
            if row.as_of_date == self.last and row.gate_number == 1 and row.status == PASS
        }
        return passed | {name for name in self.costs_of() if self._is_core(name, self.last)}

    def costs_of(self) -> set[str]:
        return {initiative for day in self.costs.values() for initiative in day}

    def _demand(self, initiative: str, day: date) -> Demand:
        units = self.units.get(initiative, NO_UNITS).known([day], self.last)
        ready = [one for one in self.verified.get(initiative, []) if one[0] < day]
        return Demand(
            initiative_id=initiative,
            amount=self.costs.get(day, {}).get(initiative, ZERO),
            units=units.get(day),
            is_core=self._is_core(initiative, day),
            is_ready=bool(ready),
            allocation=self._allocation(initiative, day),
            verified=self._verified(initiative, *ready[-1]) if ready else None,
        )

    def _verified(self, initiative: str, ready_on: date, verified: Verified | None) -> Verified | None:
        """What was verified; without a unit cost where the unit of work has changed since."""
        if verified is None or self._unit(initiative, ready_on) == self._unit(initiative, self.last):
            return verified
        return Verified(verified.daily_cost, None)

    def _unit(self, initiative: str, day: date) -> str | None:
        terms = self.inputs.terms.get(initiative, {}).get(day)
        return None if terms is None else terms.unit_of_work

    def _is_core(self, initiative: str, day: date) -> bool:
        """Whatever is no experiment that day: core, retired, unknown to the registry, or graduated the day before."""
        terms = self.inputs.terms.get(initiative, {}).get(day)
        return terms is None or not terms.is_experiment or terms.is_graduated_before(day)

    def _allocation(self, initiative: str, day: date) -> Allocation | None:
        """The allocation in force on ``day``, with the adjustments and returns booked by then."""
        terms = self.inputs.terms.get(initiative, {}).get(day)
        if terms is None or terms.allocation_amount is None:
            return None
        if terms.allocation_starts_on is None or terms.allocation_expires_on is None:
            return None
        return Allocation(
            terms.allocation_amount, terms.allocation_starts_on, terms.allocation_expires_on, terms.daily_cap
        )

    def _revenue(self) -> dict[date, Decimal]:
        """The company's revenue by day, of the days reported by the end of their month."""
        sums: dict[date, Decimal] = defaultdict(Decimal)
        for days in self.inputs.product_days.values():
            for one in days:
                if one.revenue is not None and self._was_reported(one.margin_date):
                    sums[one.margin_date] += one.revenue
        return dict(sums)

    def _was_reported(self, day: date) -> bool:
        """Revenue of this day or of a later one of the same month was reported."""
        dates = self.inputs.revenue_dates
        month_end = day + timedelta(days=days_left(day) - 1)
        return bisect_right(dates, month_end) > bisect_left(dates, day)


def _verified(row: ReadinessRow) -> Verified | None:
    if row.verified_run_rate is None:
        return None
    return Verified(row.verified_run_rate * 12 / YEAR_DAYS, row.verified_unit_cost)


_COSTS = """
select initiative_id, cost_date, sum(allocated_cost)
from marts.fct_allocated_costs
where initiative_id is not null and cost_date <= $last group by all order by all"""
