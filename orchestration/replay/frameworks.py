"""Four ways to budget for AI, replayed day by day on a company's own demand, each knowing only the past.

Demand of a day is what the initiative really cost; the assumption is that demand does not change when it is capped and
that what was refused is not made up for later.

* ``no_policy`` grants everything; it reproduces the actual cost exactly and has no budget.
* ``variable_output`` has one pot a month for the company: a ratio times the revenue of the last complete month. The
  ratio is the policy's, or fitted on the first 28 days; until a month is complete the framework is not in force. On
  the day the pot runs short its demand shares what is left pro rata.
* ``open_pool`` is the sum of the allocations, each spread evenly over its days, and stops nobody.
* ``core_and_experimentation`` limits an experiment by its allocation, its daily cap and its dates, and lets core grow
  with its units: at the unit cost (without units: the run-rate) that was verified when it became ready, or, of what
  began in core, at that of its first 28 days. An experiment enters core on the day after it became ready: approval is
  assumed to come at once. Without an allocation nothing was granted; a renewed one begins undrawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_DOWN, Decimal

from orchestration.policy.evidence import rounded
from orchestration.replay.budget_past import (
    DIGITS,
    FITTED_DAYS,
    ZERO,
    Allocation,
    CompanyDay,
    Demand,
    Past,
    days_left,
    first_of_month,
    remembered,
    turned,
)

NO_POLICY, VARIABLE_OUTPUT, OPEN_POOL = "no_policy", "variable_output", "open_pool"
CORE_AND_EXPERIMENTATION = "core_and_experimentation"
FRAMEWORKS = (VARIABLE_OUTPUT, OPEN_POOL, CORE_AND_EXPERIMENTATION, NO_POLICY)
_UNIT = Decimal(1).scaleb(-DIGITS)


@dataclass(frozen=True)
class Grant:
    """``allowance`` is what the framework budgets for this initiative's day; None where it sets no such budget."""

    demand: Demand
    granted: Decimal
    allowance: Decimal | None

    @property
    def is_starved(self) -> bool:
        return self.granted < self.demand.amount


@dataclass(frozen=True)
class DayOutcome:
    """What a framework did on one day, and what a day of this month was expected to cost (None: no expectation)."""

    day: date
    grants: tuple[Grant, ...]
    expected: Decimal | None


@dataclass(frozen=True)
class Purse:
    """What a framework has left: the month's pot, and what has been drawn of each allocation (initiative, first day) so far."""

    month: date | None = None
    pot: Decimal | None = None
    expected: Decimal | None = None
    drawn: Mapping[tuple[str, date | None], Decimal] = field(default_factory=dict)


def replay_framework(framework: str, days: Sequence[CompanyDay], ratio: Decimal | None = None) -> list[DayOutcome]:
    """Outcomes of consecutive ``days``, in order. ``ratio``: the policy's for variable_output, None to fit it.

    A day's outcome follows from that day and the days before it, never from a later one. Raises ValueError for an
    unknown framework.
    """
    if framework not in FRAMEWORKS:
        raise ValueError(f"unknown framework {framework!r}; known are {', '.join(FRAMEWORKS)}")
    past, purse, outcomes = Past(), Purse(), []
    for day in days:
        past = turned(past, day.day)
        if purse.month != first_of_month(day.day):
            purse = _planned(framework, past, purse, day, ratio)
        grants, purse = _granted(framework, past, purse, day)
        outcomes.append(DayOutcome(day.day, grants, purse.expected))
        past = remembered(past, day)
    return outcomes


def _planned(framework: str, past: Past, purse: Purse, day: CompanyDay, ratio: Decimal | None) -> Purse:
    """The purse on the first day of a month: its pot, and the cost expected per day of the month."""
    pot, expected = None, None
    if framework == VARIABLE_OUTPUT:
        expected = _variable_budget(past, ratio)
        pot = None if expected is None else expected * days_left(day.day)
    elif framework == NO_POLICY:
        expected = past.mean_cost()
    else:
        parts = [_expected(framework, past, purse, one, day.day) for one in day.demands]
        known = [part for part in parts if part is not None]
        expected = sum(known, ZERO) if known else None
    return Purse(first_of_month(day.day), pot, expected, purse.drawn)


def _variable_budget(past: Past, ratio: Decimal | None) -> Decimal | None:
    """The pot per day: ratio x revenue per day of the last complete month; None while either is not known."""
    if past.days < FITTED_DAYS or past.last_daily_revenue is None:
        return None
    if ratio is None:
        if past.fitted.revenue <= 0:
            return None
        ratio = past.fitted.cost / past.fitted.revenue
    return rounded(ratio * past.last_daily_revenue, DIGITS)


def _expected(framework: str, past: Past, purse: Purse, demand: Demand, day: date) -> Decimal | None:
    """What an initiative is expected to cost a day. Core: unit cost x recent units, else what was verified, else recent cost.
    Experiments: the pool's share, or the recent cost within the cap and what is left of the allocation.
    """
    recent = past.mean_cost(demand.initiative_id)
    if _is_core(framework, demand):
        units = past.mean_units(demand.initiative_id)
        if demand.verified is not None:
            return demand.verified.allowance(units)
        baseline = past.baselines.get(demand.initiative_id)
        return baseline.allowance(units) if baseline and baseline.units and units is not None else recent
    allocation = demand.allocation
    if allocation is None or not allocation.is_in_force(day):
        return None
    if framework == OPEN_POOL:
        return allocation.daily_share
    left = _left(allocation, purse.drawn.get(_drawn_key(demand), ZERO))
    limits = [rounded(left / days_left(day), DIGITS), recent if recent is not None else allocation.daily_share]
    return min([*limits, allocation.daily_cap] if allocation.daily_cap is not None else limits)


def _granted(framework: str, past: Past, purse: Purse, day: CompanyDay) -> tuple[tuple[Grant, ...], Purse]:
    if framework == VARIABLE_OUTPUT and purse.pot is not None:
        return _from_pot(purse, purse.pot, day)
    if framework == OPEN_POOL:
        return tuple(Grant(one, one.amount, _pool_share(one, day.day)) for one in day.demands), purse
    if framework == CORE_AND_EXPERIMENTATION:
        return _by_standing(past, purse, day)
    return tuple(Grant(one, one.amount, None) for one in day.demands), purse


def _from_pot(purse: Purse, pot: Decimal, day: CompanyDay) -> tuple[tuple[Grant, ...], Purse]:
    """Everything while the pot lasts; on the day it does not, what is left pro rata, rounded down. Credits refill it."""
    pot -= sum((one.amount for one in day.demands if one.amount < 0), ZERO)
    wanted = sum((one.amount for one in day.demands if one.amount > 0), ZERO)
    if wanted <= pot:
        return tuple(Grant(one, one.amount, None) for one in day.demands), replace(purse, pot=pot - wanted)
    grants = tuple(
        Grant(one, one.amount if one.amount <= 0 else (one.amount * pot / wanted).quantize(_UNIT, ROUND_DOWN), None)
        for one in day.demands
    )
    return grants, replace(purse, pot=ZERO)


def _pool_share(demand: Demand, day: date) -> Decimal | None:
    """The pool's part for an experiment's day; core is not paid from the pool."""
    if demand.is_core:
        return None
    allocation = demand.allocation
    return allocation.daily_share if allocation is not None and allocation.is_in_force(day) else ZERO


def _by_standing(past: Past, purse: Purse, day: CompanyDay) -> tuple[tuple[Grant, ...], Purse]:
    """Core by its flexible budget, which stops nothing; experiments within cap, allocation and dates."""
    drawn, grants = dict(purse.drawn), []
    for one in day.demands:
        if _is_core(CORE_AND_EXPERIMENTATION, one):
            grants.append(Grant(one, one.amount, _core_allowance(past, one)))
            continue
        before = drawn.get(_drawn_key(one), ZERO)
        limit = _experiment_limit(one.allocation, day.day, before)
        granted = min(one.amount, limit)
        drawn[_drawn_key(one)] = before + granted
        grants.append(Grant(one, granted, limit))
    return tuple(grants), replace(purse, drawn=drawn)


def _is_core(framework: str, demand: Demand) -> bool:
    return demand.is_core or (framework == CORE_AND_EXPERIMENTATION and demand.is_ready)


def _drawn_key(demand: Demand) -> tuple[str, date | None]:
    return demand.initiative_id, demand.allocation.starts_on if demand.allocation is not None else None


def _core_allowance(past: Past, demand: Demand) -> Decimal:
    """The flexible budget; where nothing was verified, in the first 28 days, which set it, what the day costs."""
    if demand.verified is not None:
        return demand.verified.allowance(demand.units)
    baseline = past.baselines.get(demand.initiative_id)
    if baseline is None or baseline.days < FITTED_DAYS:
        return demand.amount
    return baseline.allowance(demand.units)


def _experiment_limit(allocation: Allocation | None, day: date, drawn: Decimal) -> Decimal:
    if allocation is None or not allocation.is_in_force(day):
        return ZERO
    left = _left(allocation, drawn)
    return left if allocation.daily_cap is None else min(left, allocation.daily_cap)


def _left(allocation: Allocation, drawn: Decimal) -> Decimal:
    return max(ZERO, allocation.amount - drawn)
