"""Whether AI cost follows headcount: the elasticity of monthly AI cost to headcount, and quarter against quarter.

Elasticity is the least-squares slope of the monthly change of log cost on the change of log headcount, with a 95 %
Student interval. Below six months it is refused; where headcount never changes, or always by the same ratio, it is
undefined. Reads
``int_cost_object_daily_costs`` and ``int_headcount_summed_by_month``, lands ``statistics/decoupling``.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np

from orchestration.landing.store import Landing
from orchestration.lineage import tables_read
from orchestration.statistics.student import t_quantile

PARTITION = "current"
MIN_PERIODS = 6
CONFIDENCE = 0.95
MIN_COMPLETE_SHARE = 0.5
Month = tuple[int, int]


@dataclass(frozen=True)
class Elasticity:
    """``status``: estimated, refused_below_six_periods, no_headcount_change or constant_headcount_growth; without an estimate
    all three are None.
    """

    status: str
    periods: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


def elasticity(costs: Mapping[Month, float], headcounts: Mapping[Month, float]) -> Elasticity:
    """Elasticity over the months (year, month) that have a positive cost and a positive headcount."""
    months = sorted(month for month in costs if costs[month] > 0 and headcounts.get(month, -1.0) > 0)
    if len(months) < MIN_PERIODS:
        return Elasticity("refused_below_six_periods", len(months))
    steps = [(earlier, later) for earlier, later in pairwise(months) if _next(earlier) == later]
    cost = np.array([np.log(costs[later] / costs[earlier]) for earlier, later in steps])
    people = np.array([np.log(headcounts[later] / headcounts[earlier]) for earlier, later in steps])
    if len(steps) < MIN_PERIODS - 1:
        return Elasticity("refused_below_six_periods", len(months))
    deviation = people - people.mean()
    spread = float(deviation @ deviation)
    if not people.any():
        return Elasticity("no_headcount_change", len(months))
    if spread < 1e-18:
        return Elasticity("constant_headcount_growth", len(months))
    slope = float(deviation @ cost) / spread
    residual = cost - cost.mean() - slope * deviation
    freedom = len(steps) - 2
    error = float(np.sqrt(residual @ residual / freedom / spread))
    half = float(t_quantile(0.5 + CONFIDENCE / 2, freedom)) * error
    return Elasticity("estimated", len(months), slope, slope - half, slope + half)


def evaluate_decoupling(connection: duckdb.DuckDBPyConnection, landing: Landing, company: Any, as_of: date) -> None:
    """Compute and land one row per fiscal quarter up to ``as_of``."""
    with landing.batch("statistics", "decoupling") as batch:
        batch.add_rows(PARTITION, decoupling_rows(connection, as_of))


def decoupling_rows(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[dict[str, Any]]:
    """One row per fiscal quarter with a whole month of cost; each elasticity knows the months up to its quarter only."""
    start_month = connection.execute(_FISCAL_YEAR).fetchall()[0][0]
    costs = monthly_costs(connection.execute(_DAILY_COSTS, {"as_of": as_of}).fetchall(), as_of)
    headcounts = {
        (day.year, day.month): float(count)
        for day, count in connection.execute(_HEADCOUNTS, {"as_of": as_of}).fetchall()
    }
    rows = []
    for quarter in sorted({_quarter_start(month, start_month) for month in costs}):
        months = _quarter_months(quarter)
        known = {month: cost for month, cost in costs.items() if month <= months[-1]}
        result = elasticity(known, headcounts)
        before = _quarter_months(_shift(quarter, -3))
        rows.append(
            {
                "quarter_start_date": date(*quarter, 1),
                "periods": result.periods,
                "ai_cost_change_ratio": _change(_total(costs, before), _total(costs, months)),
                "headcount_change_ratio": _change(headcounts.get(before[-1]), headcounts.get(months[-1])),
                "elasticity": result.value,
                "elasticity_low": result.low,
                "elasticity_high": result.high,
                "status": result.status,
            }
        )
    return rows


def monthly_costs(days: list[tuple[date, Any, bool]], as_of: date) -> dict[Month, float]:
    """Cost of each whole month by its complete days (date, cost, is complete), carried over the month's length.

    A month that begins before the first day, has not ended, or has under half its days complete is left out.
    """
    found: dict[Month, list[float]] = {}
    if not days:
        return {}
    first = min(day for day, _, _ in days)
    for day, cost, is_complete in days:
        ends = day.replace(day=monthrange(day.year, day.month)[1])
        if is_complete and day.replace(day=1) >= first and ends <= as_of:
            found.setdefault((day.year, day.month), []).append(float(cost))
    return {
        month: float(np.mean(costs)) * monthrange(*month)[1]
        for month, costs in found.items()
        if len(costs) >= MIN_COMPLETE_SHARE * monthrange(*month)[1]
    }


def _total(costs: Mapping[Month, float], months: list[Month]) -> float | None:
    return sum(costs[month] for month in months) if all(month in costs for month in months) else None


def _change(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None or before <= 0 else after / before - 1


def _shift(month: Month, by: int) -> Month:
    year, index = divmod(month[0] * 12 + month[1] - 1 + by, 12)
    return year, index + 1


def _next(month: Month) -> Month:
    return _shift(month, 1)


def _quarter_start(month: Month, fiscal_year_start_month: int) -> Month:
    return _shift(month, -((month[1] - fiscal_year_start_month) % 3))


def _quarter_months(quarter: Month) -> list[Month]:
    return [_shift(quarter, by) for by in range(3)]


_DAILY_COSTS = """
select cost_date, allocated_cost, is_complete and not is_missing
from intermediate.int_cost_object_daily_costs
where entity_type = 'company' and cost_date <= $as_of
    and cost_date >= (
        select min(cost_date) from intermediate.int_cost_object_daily_costs
        where entity_type = 'company' and allocated_cost <> 0
    )
order by cost_date"""
_FISCAL_YEAR = "select fiscal_year_start_month from intermediate.int_evaluation_calendar"
_HEADCOUNTS = """
select month_end, headcount
from intermediate.int_headcount_summed_by_month where month_end <= $as_of order by month_end"""
TABLES = tables_read(_DAILY_COSTS, _FISCAL_YEAR, _HEADCOUNTS)
