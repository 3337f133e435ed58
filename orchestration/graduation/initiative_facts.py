"""What bears on an initiative's stability day by day: caps, read-backs, models, allocation."""

from decimal import Decimal
from itertools import pairwise

import numpy as np

from orchestration.graduation.records import DailySeries, InitiativeRecord, Inputs, record_on
from orchestration.statistics.run_rate import scaled
from orchestration.statistics.stability import DailyFacts, Flags

NEW_MODEL_SHARE = 0.10
WEEK = 7


def facts_without_events(series: DailySeries) -> DailyFacts:
    """Facts of a department or the company: only completeness and the first cost count."""
    never = np.zeros(len(series.cost), dtype=bool)
    starts = () if series.first_cost is None else (series.first_cost,)
    return DailyFacts(series.is_complete, never, never, never, never, starts)


def initiative_daily_facts(series: DailySeries, inputs: Inputs) -> DailyFacts:
    """Facts of one initiative, from the registry, the gateway's log and read-backs, and what it cost by model."""
    records = inputs.initiatives.get(series.entity_id)
    if not records:
        return facts_without_events(series)
    per_day = [record_on(records, series.day(at)) for at in range(len(series.cost))]
    return DailyFacts(
        is_complete=series.is_complete,
        is_cap_bound=_cap_bound(series, per_day, inputs),
        is_cap_not_in_force=_cap_not_in_force(series, per_day, inputs),
        is_new_model=_new_models(series, inputs),
        is_over_allocation=_over_allocation(series, per_day, inputs),
        starts=_starts(series, records, inputs),
    )


def _starts(series: DailySeries, records: list[InitiativeRecord], inputs: Inputs) -> tuple[int, ...]:
    """Latest of start and first cost, then every later change of declared caps, allocation or complexity."""
    if series.first_cost is None:
        return ()
    base = max(series.position(records[0].started_on), series.first_cost)
    changed = [
        later.valid_from
        for earlier, later in pairwise(records)
        if later.valid_from is not None and later.configuration != earlier.configuration
    ]
    changed += [change.effective_on for change in inputs.allocation_changes.get(series.entity_id, [])]
    return base, *sorted({series.position(day) for day in changed if series.position(day) > base})


def _cap_bound(series: DailySeries, per_day: list[InitiativeRecord | None], inputs: Inputs) -> Flags:
    """Days on which metered cost reached the lower declared cap, or the gateway refused a request."""
    flags = np.zeros(len(series.cost), dtype=bool)
    for day, guarded in inputs.guarded_days.get(series.entity_id, {}).items():
        at = series.position(day)
        if 0 <= at < len(flags):
            record = per_day[at]
            cap = record.lower_cap if record else None
            flags[at] = guarded.refused_requests > 0 or (cap is not None and guarded.metered_cost >= cap)
    return flags


def _cap_not_in_force(series: DailySeries, per_day: list[InitiativeRecord | None], inputs: Inputs) -> Flags:
    """Days whose recorded read-back of the guarded entity showed no cap."""
    flags = np.zeros(len(series.cost), dtype=bool)
    entities = {record.guardrail_entity for record in per_day if record and record.guardrail_entity}
    for reading in (one for entity in entities for one in inputs.readings.get(entity, [])):
        at = series.position(reading.as_of_date)
        record = per_day[at] if 0 <= at < len(flags) else None
        if record is not None and record.guardrail_entity == reading.entity:
            flags[at] = flags[at] or reading.shows_no_cap
    return flags


def _new_models(series: DailySeries, inputs: Inputs) -> Flags:
    """Days on which a model first seen after the first week first passed 10 % of a week's cost."""
    flags = np.zeros(len(series.cost), dtype=bool)
    costs: dict[str, np.ndarray] = {}
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


def _trailing_week(values: np.ndarray) -> np.ndarray:
    total = np.concatenate([np.zeros(WEEK), np.cumsum(values)])
    return total[WEEK:] - total[:-WEEK]


def _over_allocation(series: DailySeries, per_day: list[InitiativeRecord | None], inputs: Inputs) -> Flags:
    """Days at whose end the cost since the allocation began was above it, booked adjustments and returns included."""
    flags = np.zeros(len(series.cost), dtype=bool)
    changes = inputs.allocation_changes.get(series.entity_id, [])
    spent = 0
    for at, record in enumerate(per_day):
        if record is None or record.allocation_amount is None:
            continue
        if series.day(at) < (record.allocation_starts_on or record.started_on):
            continue
        spent += series.cost[at]
        booked = sum((change.amount for change in changes if change.effective_on <= series.day(at)), Decimal(0))
        flags[at] = spent > scaled(record.allocation_amount + booked)
    return flags
