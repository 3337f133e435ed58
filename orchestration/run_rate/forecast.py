"""Forecasts the cost of every initiative, department and the company, and lands them for dbt.

Reads ``intermediate.int_cost_object_daily_costs`` (and, for core initiatives, units of work and verified unit cost), lands
``statistics/forecasts`` (the next 90 days) and ``statistics/forecast_horizons`` (sums over 30 and 90 days with an 80 %
interval, and how good such forecasts were). An incomplete day counts as the same weekday before it. Under seven days of cost
there is no forecast.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb
import numpy as np

from orchestration.landing.store import Landing
from orchestration.lineage import tables_read
from orchestration.run_rate.series import BrokenInput
from orchestration.statistics.forecast_candidates import (
    DAYS_AHEAD,
    WEEK,
    Floats,
    exponential_smoothing,
    seasonal_naive,
    theta,
)
from orchestration.statistics.forecast_selection import CONFIDENCE, Rolled, daily_half_widths, roll
from orchestration.statistics.run_rate import money
from orchestration.statistics.student import t_quantile

PARTITION = "current"
HORIZONS = (30, 90)
MAX_HISTORY = 365
BATCH = 50
Row = dict[str, Any]


@dataclass(frozen=True)
class CostSeries:
    """Daily cost of an entity up to the as-of day, from its first cost on; ``driver``: its units and what one costs.

    ``driver`` is None or (units by day, verified unit cost, first position at which that cost was known).
    """

    entity_type: str
    entity_id: str
    values: Floats
    driver: tuple[Floats, float, int] | None = None


def evaluate_forecasts(connection: duckdb.DuckDBPyConnection, landing: Landing, company: Any, as_of: date) -> None:
    """Forecast from ``as_of`` and land both streams. Raises ``BrokenInput`` on a cost that is null or a missing day."""
    daily, horizons = forecast_rows(read_series(connection, as_of), as_of)
    for stream, rows in (("forecasts", daily), ("forecast_horizons", horizons)):
        with landing.batch("statistics", stream) as batch:
            batch.add_rows(PARTITION, rows)


def forecast_rows(series: list[CostSeries], as_of: date) -> tuple[list[Row], list[Row]]:
    """Rows of both streams; series of equal length are worked on together."""
    daily: list[Row] = []
    horizons: list[Row] = []
    ordered = sorted(series, key=lambda one: (len(one.values), one.entity_type, one.entity_id))
    for length, group in groupby(ordered, key=lambda one: len(one.values)):
        members = list(group) if length >= WEEK else []
        for first in range(0, len(members), BATCH):
            batch = members[first : first + BATCH]
            values = np.stack([one.values for one in batch])
            paths = candidate_paths(values, [one.driver for one in batch])
            rolled = [roll(values, paths, horizon) for horizon in HORIZONS]
            for at, one in enumerate(batch):
                horizons += _horizon_rows(one, at, rolled, list(paths), as_of)
                method = list(paths)[rolled[0].choice[at, -1]]
                daily += _daily_rows(one, paths[method][at], method, as_of)
    return daily, horizons


def candidate_paths(values: Floats, drivers: list[tuple[Floats, float, int] | None]) -> dict[str, Floats]:
    """Paths of every candidate by name; ``driver_based`` is NaN for series without a driver."""
    paths = {
        "seasonal_naive": seasonal_naive(values),
        "exponential_smoothing": exponential_smoothing(values),
        "theta": theta(values),
    }
    if any(driver is not None for driver in drivers):
        paths["driver_based"] = np.full_like(paths["theta"], np.nan)
        for row, driver in enumerate(drivers):
            if driver is not None:
                units, unit_cost, known_from = driver
                path = exponential_smoothing(units[None])[0] * unit_cost
                path[: max(known_from, 0)] = np.nan
                paths["driver_based"][row] = path
    return paths


def _horizon_rows(series: CostSeries, at: int, rolled: list[Rolled], methods: list[str], as_of: date) -> Iterator[Row]:
    last = len(series.values) - 1
    for one in rolled:
        forecast, half = float(one.forecast[at, last]), float(one.half_width[at, last])
        if np.isnan(half):
            half = float(simple_half_width(series.values, one.horizon))
        error_ratio, coverage_ratio, windows = one.measures(at, last)
        yield {
            "entity_type": series.entity_type,
            "entity_id": series.entity_id,
            "as_of_date": as_of,
            "horizon_days": one.horizon,
            **_bounded(series, forecast, half),
            "method": methods[one.choice[at, last]],
            "error_ratio": error_ratio,
            "coverage_ratio": coverage_ratio,
            "windows": windows,
        }


def _daily_rows(series: CostSeries, path: Floats, method: str, as_of: date) -> Iterator[Row]:
    """The days ahead by the method that the 30-day sum is forecast with."""
    widths = daily_half_widths(series.values, path)
    fallback = simple_half_width(series.values, 1)
    for lead in range(DAYS_AHEAD):
        half = fallback if np.isnan(widths[lead]) else float(widths[lead])
        yield {
            "entity_type": series.entity_type,
            "entity_id": series.entity_id,
            "as_of_date": as_of,
            "forecast_date": as_of + timedelta(days=lead + 1),
            **_bounded(series, float(path[-1, lead]), half),
            "method": method,
        }


def simple_half_width(values: Floats, days: int) -> float:
    """Half width for the sum of the next ``days`` of a history too short to have forecast outcomes: independent days."""
    count = len(values)
    spread = float(values.std(ddof=1)) * np.sqrt(days + days**2 / count)
    return float(t_quantile(0.5 + CONFIDENCE / 2, count - 1) * spread)


def _bounded(series: CostSeries, forecast: float, half: float) -> dict[str, Decimal]:
    low = forecast - half
    if (series.values >= 0).all():
        low = max(low, 0.0)
    low = min(low, forecast)
    names = ("forecast", "forecast_low", "forecast_high")
    return {name: money(Decimal(value)) for name, value in zip(names, (forecast, low, forecast + half), strict=True)}


def read_series(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[CostSeries]:
    """All entities' series up to ``as_of``, at most a year long, incomplete days filled; drivers where they exist."""
    drivers = _drivers(connection, as_of)
    found = []
    rows = connection.execute(_COSTS, {"as_of": as_of}).fetchall()
    for (entity_type, entity_id), group in groupby(rows, key=lambda row: (row[0], row[1])):
        part = list(group)
        where = f"int_cost_object_daily_costs, {entity_type} {entity_id}"
        if (part[-1][2] - part[0][2]).days != len(part) - 1 or part[-1][2] != as_of:
            raise BrokenInput(f"{where}: the days from {part[0][2]} to {as_of} are not there once each")
        if any(row[3] is None or row[4] is None for row in part):
            raise BrokenInput(f"{where}: a cost or its completeness is null")
        values = filled(np.array([row[3] for row in part]), np.array([row[4] for row in part]))
        started = np.flatnonzero(values)
        if len(started) == 0:
            continue
        first = max(int(started[0]), len(values) - MAX_HISTORY)
        driver = drivers.get(entity_id) if entity_type == "initiative" else None
        found.append(
            CostSeries(
                entity_type, entity_id, values[first:], _placed(driver, part[0][2] + timedelta(days=first), as_of)
            )
        )
    return found


def filled(values: Floats, is_complete: np.ndarray) -> Floats:
    """Incomplete days as the same weekday a week before; in the first week as they are."""
    result = values.astype(np.float64)
    for at in np.flatnonzero(~is_complete.astype(bool)):
        if at >= WEEK:
            result[at] = result[at - WEEK]
    return result


def _placed(
    driver: tuple[float, date, dict[date, float]] | None, first: date, as_of: date
) -> tuple[Floats, float, int] | None:
    """A driver's units on the days of a series; a day without a row is a day without work."""
    if driver is None:
        return None
    unit_cost, known_from, units = driver
    days = [first + timedelta(days=at) for at in range((as_of - first).days + 1)]
    placed = np.array([units.get(day, 0.0) for day in days])
    return (placed, unit_cost, (known_from - first).days) if placed.any() else None


def _drivers(connection: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, tuple[float, date, dict[date, float]]]:
    verified = connection.execute(_UNIT_COSTS, {"as_of": as_of}).fetchall()
    units: dict[str, dict[date, float]] = {}
    for initiative, day, done in connection.execute(_UNITS, {"as_of": as_of}).fetchall():
        units.setdefault(initiative, {})[day] = done
    return {
        initiative: (unit_cost, known_from, units[initiative])
        for initiative, unit_cost, known_from in verified
        if initiative in units
    }


_COSTS = """
select entity_type, entity_id, cost_date, cast(allocated_cost as double), is_complete and not is_missing
from intermediate.int_cost_object_daily_costs where cost_date <= $as_of order by entity_type, entity_id, cost_date"""
_UNIT_COSTS = """
select verified.initiative_id, cast(verified.verified_unit_cost as double),
    case when verified.verified_by = 'first_28_days' then min(costs.cost_date) + 27 else min(costs.cost_date) end
from intermediate.int_core_initiatives_verified as verified
inner join marts.fct_allocated_costs as costs
    on verified.initiative_id = costs.initiative_id and costs.budget_class = 'core' and costs.cost_date <= $as_of
where verified.verified_unit_cost > 0 and $as_of >= verified.effective_from and $as_of < verified.effective_to
group by verified.initiative_id, verified.verified_unit_cost, verified.verified_by"""
_UNITS = """
select initiative_id, metric_date, cast(sum(units) as double)
from intermediate.int_initiative_daily_units where metric_date <= $as_of group by all"""
TABLES = tables_read(_COSTS, _UNIT_COSTS, _UNITS)
