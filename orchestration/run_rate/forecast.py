"""Forecasts the cost of every initiative, department and the company, and lands them for dbt.

Reads ``intermediate.int_cost_object_daily_costs`` and ``marts.fct_allocated_costs`` (and, for core initiatives, units of
work and verified unit cost), lands ``statistics/forecasts`` (the next 90 days of each initiative, and of what a
department or the company spends beside them) and ``statistics/forecast_horizons`` (sums over 30 and 90 days with an 80 %
interval, and how good such forecasts were). An incomplete day counts as the same weekday before it.

The sums add up: forecast are the initiatives, and what a department or the company spends beside them; a department is
the sum of its parts as they are composed today, and so is the company. Under seven days of cost an initiative has no
forecast of its own and counts with what its department spends beside its initiatives.
"""

from collections import defaultdict
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
    monthly_naive,
    standard_paths,
)
from orchestration.statistics.forecast_selection import (
    BASELINE,
    CONFIDENCE,
    DRIFT,
    DRIVER,
    HORIZONS,
    MONTHLY,
    daily_half_widths,
    half_widths,
    level,
    outcomes,
    show,
    skill,
    sums_ahead,
)
from orchestration.statistics.run_rate import money
from orchestration.statistics.student import t_quantile

PARTITION = "current"
MAX_HISTORY = 365
BATCH = 50
BOTTOM_UP = "bottom_up"
Row = dict[str, Any]
Entity = tuple[str, str]
COMPANY: Entity = ("company", "company")


@dataclass(frozen=True)
class CostSeries:
    """Daily cost up to the as-of day, from its first cost on: of an initiative, or of a department or the company what
    belongs to none of their parts.

    ``part_of``: the department or the company an initiative's cost belongs to today. ``driver``: None or (units by day,
    verified unit cost, first position at which that cost was known).
    """

    entity_type: str
    entity_id: str
    values: Floats
    part_of: Entity = COMPANY
    driver: tuple[Floats, float, int] | None = None

    @property
    def entity(self) -> Entity:
        return self.entity_type, self.entity_id


@dataclass(frozen=True)
class Track:
    """Daily values and what was forecast on every day: the sums over 7, 30 and 90 days, and over the horizon by seasonal
    naive. Tracks of parts add up to that of the whole, the last days one above the other.
    """

    values: Floats
    sums: dict[int, Floats]
    baseline: Floats

    def __add__(self, other: "Track") -> "Track":
        sums = {span: _added(mine, other.sums[span]) for span, mine in self.sums.items()}
        return Track(_added(self.values, other.values), sums, _added(self.baseline, other.baseline))


@dataclass(frozen=True)
class Forecast:
    """The forecast sum of one series over one horizon, rounded, by ``method``, and the track it stands on."""

    method: str
    amount: Decimal
    half_width: float
    error_ratio: float | None
    coverage_ratio: float | None
    windows: int
    track: Track


@dataclass(frozen=True)
class Forecasted:
    """One series with its forecast by horizon, and the days ahead by the method that the 30-day sum is forecast with."""

    series: CostSeries
    by_horizon: dict[int, Forecast]
    path: Floats


def evaluate_forecasts(connection: duckdb.DuckDBPyConnection, landing: Landing, company: Any, as_of: date) -> None:
    """Forecast from ``as_of`` and land both streams. Raises ``BrokenInput`` on a cost that is null or a missing day."""
    daily, horizons = forecast_rows(read_series(connection, as_of), as_of)
    for stream, rows in (("forecasts", daily), ("forecast_horizons", horizons)):
        with landing.batch("statistics", stream) as batch:
            batch.add_rows(PARTITION, rows)


def forecast_rows(series: list[CostSeries], as_of: date) -> tuple[list[Row], list[Row]]:
    """Rows of both streams: of each initiative with seven days of cost, of each department, and of the company. A day ahead of a
    department or the company is what belongs to none of its parts.
    """
    if not series:
        return [], []
    found = _forecast_each(_with_rests(series))
    initiatives = [one for one in found if one.series.entity_type == "initiative"]
    rests = {one.series.entity: one for one in found if one.series.entity_type != "initiative"}
    parts: dict[Entity, list[Forecasted]] = defaultdict(list)
    for one in initiatives:
        parts[one.series.part_of].append(one)
    departments = sorted({entity for entity in (*rests, *parts) if entity != COMPANY})
    horizons: list[Row] = []
    for horizon in HORIZONS:
        made = {entity: _whole(rests.get(entity), parts[entity], horizon) for entity in departments}
        inside = [*(one.by_horizon[horizon] for one in parts[COMPANY]), *made.values()]
        total = _total(rests[COMPANY].by_horizon[horizon] if COMPANY in rests else None, inside, horizon)
        for one in initiatives:
            own = one.by_horizon[horizon]
            horizons.append(_horizon_row(one.series.entity, one.series.part_of, own, own.amount, horizon, as_of))
        for entity, whole in made.items():
            horizons.append(_horizon_row(entity, COMPANY, whole, _own(rests, entity, horizon), horizon, as_of))
        horizons.append(_horizon_row(COMPANY, None, total, _own(rests, COMPANY, horizon), horizon, as_of))
    daily = [row for one in found for row in _daily_rows(one, as_of)]
    return daily, horizons


def _with_rests(series: list[CostSeries]) -> list[CostSeries]:
    """Initiatives of at least a week; a younger one is added to what its whole spends beside its initiatives. Such a rest
    that is younger than a week itself is preceded by days of zero.
    """
    kept = [one for one in series if one.entity_type == "initiative" and len(one.values) >= WEEK]
    rests: dict[Entity, Floats] = {}
    for one in series:
        if one.entity_type != "initiative" or len(one.values) < WEEK:
            entity = one.part_of if one.entity_type == "initiative" else one.entity
            rests[entity] = _added(rests.get(entity, np.zeros(WEEK)), one.values)
    return [*kept, *(CostSeries(*entity, values) for entity, values in sorted(rests.items()))]


def _added(first: Floats, second: Floats) -> Floats:
    """The sum of two series that end on the same day."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    total = longer.copy()
    total[len(longer) - len(shorter) :] += shorter
    return total


def _forecast_each(series: list[CostSeries]) -> list[Forecasted]:
    """Series of equal length are worked on together; in the order of entity."""
    found: list[Forecasted] = []
    ordered = sorted(series, key=lambda one: (len(one.values), one.entity))
    for _, group in groupby(ordered, key=lambda one: len(one.values)):
        members = list(group)
        for first in range(0, len(members), BATCH):
            found += _forecast_batch(members[first : first + BATCH])
    return sorted(found, key=lambda one: one.series.entity)


def _forecast_batch(batch: list[CostSeries]) -> Iterator[Forecasted]:
    values = np.stack([one.values for one in batch])
    paths = candidate_paths(values, [one.driver for one in batch])
    sums = sums_ahead(paths)
    shown = {horizon: show(values, sums, horizon) for horizon in HORIZONS}
    for at, one in enumerate(batch):
        by_horizon = {}
        for horizon, every in shown.items():
            method = every.method[at]
            track = {
                span: np.nan_to_num(np.where(np.isfinite(chosen[at]), chosen[at], sums[BASELINE][span][at]))
                for span, chosen in sums[method].items()
            }
            naive = np.nan_to_num(sums[BASELINE][horizon][at])
            half = float(every.half_width[at])
            by_horizon[horizon] = Forecast(
                method,
                money(Decimal(float(every.forecast[at]))),
                float(simple_half_width(one.values, horizon)) if np.isnan(half) else half,
                _known(every.error_ratio[at]),
                _known(every.coverage[at]),
                int(every.windows[at]),
                Track(one.values, track, naive),
            )
        yield Forecasted(one, by_horizon, paths[by_horizon[HORIZONS[0]].method][at])


def candidate_paths(values: Floats, drivers: list[tuple[Floats, float, int] | None]) -> dict[str, Floats]:
    """Paths of what may be shown, by name; NaN for series without a driver, or without a monthly cycle."""
    paths = standard_paths(values)
    monthly = monthly_naive(values)
    if np.isfinite(monthly[:, -1]).any():
        paths[MONTHLY] = monthly
    if any(driver is not None for driver in drivers):
        paths[DRIVER] = np.full_like(paths[BASELINE], np.nan)
        for row, driver in enumerate(drivers):
            if driver is not None:
                units, unit_cost, known_from = driver
                path = exponential_smoothing(units[None])[0] * unit_cost
                path[: max(known_from, 0)] = np.nan
                paths[DRIVER][row] = path
    return paths


def _whole(rest: Forecasted | None, parts: list[Forecasted], horizon: int) -> Forecast:
    return _total(rest.by_horizon[horizon] if rest else None, [one.by_horizon[horizon] for one in parts], horizon)


def _total(rest: Forecast | None, parts: list[Forecast], horizon: int) -> Forecast:
    """The sum of forecasts, exactly; interval and skill from how far such sums were off in the past. A rest without parts
    stands as it is.
    """
    if rest is not None and not parts:
        return rest
    every = [*parts, *([rest] if rest else [])]
    track = every[0].track
    for one in every[1:]:
        track = track + one.track
    width = half_widths(track.values[None], {span: part[None] for span, part in track.sums.items()}, horizon)[0]
    after = outcomes(track.values[None], horizon)[0]
    ratio, coverage, windows = skill(np.abs(track.sums[horizon] - after), np.abs(track.baseline - after), width)
    half = float(width[-1])
    return Forecast(
        BOTTOM_UP,
        sum((one.amount for one in every), Decimal(0)),
        simple_half_width(track.values, horizon) if np.isnan(half) else half,
        _known(ratio),
        _known(coverage),
        windows,
        track,
    )


def _own(rests: dict[Entity, Forecasted], entity: Entity, horizon: int) -> Decimal:
    return rests[entity].by_horizon[horizon].amount if entity in rests else Decimal(0)


def _known(ratio: float) -> float | None:
    return None if np.isnan(ratio) else float(ratio)


def _horizon_row(
    entity: Entity, part_of: Entity | None, found: Forecast, own: Decimal, horizon: int, as_of: date
) -> Row:
    return {
        "entity_type": entity[0],
        "entity_id": entity[1],
        "as_of_date": as_of,
        "horizon_days": horizon,
        **_bounded(found.track.values, found.amount, found.half_width),
        "method": found.method,
        "error_ratio": found.error_ratio,
        "coverage_ratio": found.coverage_ratio,
        "windows": found.windows,
        "own_forecast": own,
        "part_of_entity_type": part_of[0] if part_of else None,
        "part_of_entity_id": part_of[1] if part_of else None,
    }


def _daily_rows(one: Forecasted, as_of: date) -> Iterator[Row]:
    """The days ahead. Together their bounds are never narrower than those of the 30-day sum."""
    series, month = one.series, one.by_horizon[HORIZONS[0]]
    widths = daily_half_widths(series.values, one.path)
    fallback = simple_half_width(series.values, 1)
    least = month.half_width / HORIZONS[0]
    for lead in range(DAYS_AHEAD):
        half = fallback if np.isnan(widths[lead]) else float(widths[lead])
        yield {
            "entity_type": series.entity_type,
            "entity_id": series.entity_id,
            "as_of_date": as_of,
            "forecast_date": as_of + timedelta(days=lead + 1),
            **_bounded(series.values, money(Decimal(float(one.path[-1, lead]))), max(half, least)),
            "method": month.method,
        }


def simple_half_width(values: Floats, days: int) -> float:
    """Half width for the sum of the next ``days`` of a history too short to have forecast outcomes: independent days, and
    at least the drift of a level.
    """
    count = len(values)
    spread = float(values.std(ddof=1)) * np.sqrt(days + days**2 / count)
    drift = DRIFT.get(days, DRIFT[HORIZONS[0]]) * days * float(level(values[None])[0, -1])
    return max(float(t_quantile(0.5 + CONFIDENCE / 2, count - 1) * spread), drift)


def _bounded(values: Floats, forecast: Decimal, half: float) -> dict[str, Decimal]:
    width = money(Decimal(half))
    low = forecast - width
    if (values >= 0).all():
        low = max(low, Decimal(0))
    return {"forecast": forecast, "forecast_low": min(low, forecast), "forecast_high": forecast + width}


def read_series(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[CostSeries]:
    """Every initiative's series up to ``as_of`` and what departments and the company spend beside their parts, each at
    most a year long, incomplete days filled; drivers where they exist.
    """
    drivers = _drivers(connection, as_of)
    departments = dict(connection.execute(_DEPARTMENTS, {"as_of": as_of}).fetchall())
    rests: dict[Entity, dict[date, float]] = defaultdict(dict)
    for department, day, amount in connection.execute(_RESTS, {"as_of": as_of}).fetchall():
        rests[("department", department) if department is not None else COMPANY][day] = amount
    found = []
    rows = connection.execute(_COSTS, {"as_of": as_of}).fetchall()
    for (entity_type, entity_id), group in groupby(rows, key=lambda row: (row[0], row[1])):
        part = list(group)
        where = f"int_cost_object_daily_costs, {entity_type} {entity_id}"
        if (part[-1][2] - part[0][2]).days != len(part) - 1 or part[-1][2] != as_of:
            raise BrokenInput(f"{where}: the days from {part[0][2]} to {as_of} are not there once each")
        if any(row[3] is None or row[4] is None for row in part):
            raise BrokenInput(f"{where}: a cost or its completeness is null")
        amounts = [row[3] for row in part]
        if entity_type != "initiative":
            amounts = [rests[entity_type, entity_id].get(row[2], 0.0) for row in part]
        values = filled(np.array(amounts), np.array([row[4] for row in part]))
        started = np.flatnonzero(values)
        if len(started) == 0:
            continue
        first = max(int(started[0]), len(values) - MAX_HISTORY)
        driver = drivers.get(entity_id) if entity_type == "initiative" else None
        department = departments.get(entity_id) if entity_type == "initiative" else None
        found.append(
            CostSeries(
                entity_type,
                entity_id,
                values[first:],
                ("department", department) if department is not None else COMPANY,
                _placed(driver, part[0][2] + timedelta(days=first), as_of),
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
    """A driver's units on the days of a series; a day without a row is a day without work, after the last report as the same
    weekday a week before: what is not reported yet is not nothing.
    """
    if driver is None:
        return None
    unit_cost, known_from, units = driver
    days = [first + timedelta(days=at) for at in range((as_of - first).days + 1)]
    placed = filled(np.array([units.get(day, 0.0) for day in days]), np.array([day <= max(units) for day in days]))
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
# Units of the kind that the unit cost is of, where none of the last four weeks are of another.
_UNITS = """
select units.initiative_id, units.metric_date, cast(sum(units.units) as double)
from intermediate.int_initiative_daily_units as units
inner join intermediate.int_core_initiatives_verified as verified
    on units.initiative_id = verified.initiative_id and units.unit_of_work is not distinct from verified.unit_of_work
    and $as_of >= verified.effective_from and $as_of < verified.effective_to
where units.metric_date <= $as_of and not exists (
    select 1 from intermediate.int_initiative_daily_units as other
    where other.initiative_id = units.initiative_id and other.unit_of_work is distinct from verified.unit_of_work
        and other.metric_date > $as_of::date - 28 and other.metric_date <= $as_of
) group by all"""
_DEPARTMENTS = """
select initiative_id, department_id from marts.fct_allocated_costs
where initiative_id is not null and cost_date <= $as_of
qualify row_number() over (partition by initiative_id order by cost_date desc, department_id nulls last) = 1"""
_RESTS = """
select department_id, cost_date, cast(sum(allocated_cost) as double)
from marts.fct_allocated_costs where initiative_id is null and cost_date <= $as_of group by all"""
TABLES = tables_read(_COSTS, _UNIT_COSTS, _UNITS, _DEPARTMENTS, _RESTS)
