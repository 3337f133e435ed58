"""What happened to an initiative day by day that bears on its stability: caps, read-backs, models, allocation."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from orchestration.graduation.records import InitiativeTerms, Inputs
from orchestration.run_rate.series import DailySeries
from orchestration.statistics.growth import Floats
from orchestration.statistics.looks import Flags
from orchestration.statistics.run_rate import scaled
from orchestration.statistics.stability import DailyEvents

NEW_MODEL_SHARE = 0.10
WEEK = 7


def events_of(series: DailySeries, inputs: Inputs) -> DailyEvents:
    """Events of one entity; of a department, the company and an unknown initiative only completeness and first cost."""
    terms = inputs.terms.get(series.entity_id) if series.entity_type == "initiative" else None
    if not terms:
        never = np.zeros(len(series.cost), dtype=bool)
        starts = () if series.first_cost is None else (series.first_cost,)
        return DailyEvents(series.is_complete, never, never, never, never, starts)
    per_day = [terms.get(series.day(at)) for at in range(len(series.cost))]
    return DailyEvents(
        is_complete=series.is_complete,
        is_cap_bound=_cap_bound(series, per_day, inputs),
        is_cap_not_in_force=_cap_not_in_force(series, per_day, inputs),
        is_new_model=_new_models(series, inputs),
        is_over_allocation=_over_allocation(series, per_day),
        starts=_starts(series, terms),
    )


def _starts(series: DailySeries, terms: Mapping[date, InitiativeTerms]) -> tuple[int, ...]:
    """Latest of start and first cost, then every later change of declared caps, allocation or complexity."""
    if series.first_cost is None:
        return ()
    first = next(iter(terms.values()))
    base = max(series.position(first.started_on), series.first_cost)
    changed = [series.position(day) for day, declared in terms.items() if declared.is_reconfigured]
    return base, *(at for at in changed if at > base)


def _cap_bound(series: DailySeries, per_day: list[InitiativeTerms | None], inputs: Inputs) -> Flags:
    """Days on which metered cost reached the lower declared cap, or the gateway refused a request."""
    flags = np.zeros(len(series.cost), dtype=bool)
    for day, guarded in inputs.guarded_days.get(series.entity_id, {}).items():
        at = series.position(day)
        if 0 <= at < len(flags):
            declared = per_day[at]
            cap = declared.daily_cap if declared else None
            flags[at] = guarded.refused_requests > 0 or (cap is not None and guarded.metered_cost >= cap)
    return flags


def _cap_not_in_force(series: DailySeries, per_day: list[InitiativeTerms | None], inputs: Inputs) -> Flags:
    """Days whose own read-back of the guarded entity showed no cap."""
    flags = np.zeros(len(series.cost), dtype=bool)
    for at, declared in enumerate(per_day):
        if declared is not None and declared.guardrail_entity is not None:
            cap = inputs.caps.get(declared.guardrail_entity, {}).get(series.day(at))
            flags[at] = cap is not None and cap.reading_date == cap.day and cap.is_without_cap
    return flags


def _new_models(series: DailySeries, inputs: Inputs) -> Flags:
    """Days on which a model first seen after the first week first passed 10 % of a week's cost."""
    flags = np.zeros(len(series.cost), dtype=bool)
    costs: dict[str, Floats] = {}
    for day, model, amount in inputs.model_costs.get(series.entity_id, []):
        at = series.position(day)
        if 0 <= at < len(flags):
            costs.setdefault(model, np.zeros(len(flags)))[at] += amount
    if not costs:
        return flags
    weekly_total = _trailing_week(sum(costs.values(), np.zeros(len(flags))))
    seen = [np.flatnonzero(cost)[0] for cost in costs.values() if cost.any()]
    for cost in costs.values():
        if cost.any() and np.flatnonzero(cost)[0] >= min(seen) + WEEK:
            above = np.flatnonzero(_trailing_week(cost) > NEW_MODEL_SHARE * weekly_total)
            flags[above[:1]] = True
    return flags


def _trailing_week(values: Floats) -> Floats:
    total = np.concatenate([np.zeros(WEEK), np.cumsum(values)])
    return np.asarray(total[WEEK:] - total[:-WEEK])


def _over_allocation(series: DailySeries, per_day: list[InitiativeTerms | None]) -> Flags:
    """Days at whose end the cost since the allocation began was above it, booked adjustments and returns included. A
    renewed allocation, one with another first day, begins unspent.
    """
    flags = np.zeros(len(series.cost), dtype=bool)
    begun, spent = None, 0
    for at, declared in enumerate(per_day):
        if declared is None or declared.allocation_amount is None:
            continue
        if series.day(at) < declared.allocation_first_day:
            continue
        if declared.allocation_first_day != begun:
            begun, spent = declared.allocation_first_day, 0
        spent += series.cost[at]
        flags[at] = spent > scaled(declared.allocation_amount)
    return flags
