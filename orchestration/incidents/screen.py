"""Which hours of a key's history are read by minute, and which keys may drip: from sums by hour that exist already.

An incident of record made at least one of its clock hours cost twice the usual hour, two spreads above it and
``min_spend``; only such hours, one before and one after each, are read. What a minute breaks and its hour does not show
is told when it happens and is not kept as an incident.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from orchestration.policy.loop_signs import HourBaseline, LoopLimits, MinuteTotals
from orchestration.statistics.hourly_baseline import HourlyBaselines, hourly_baselines

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_RATIO, HOUR_SPREADS = 2.0, 2.0
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class KeyHours:
    """One key: its hours with traffic in order, as hours since 1970 by UTC (``utc``) and by the local clock (``local``), their
    cost and calls; ``by_day``: cost by local day (from the first) and hour; ``end``: end of the last day in UTC.
    """

    key: str
    utc: Whole
    local: Whole
    cost: NDArray[np.float64]
    calls: Whole
    by_day: NDArray[np.float64]
    end: datetime
    baselines: HourlyBaselines
    known: dict[tuple[int, int], HourBaseline] = field(default_factory=dict)

    @property
    def first_hour(self) -> datetime:
        return EPOCH + int(self.utc[0]) * HOUR

    def baseline(self, utc_hour: datetime) -> HourBaseline:
        """That of an hour with or without traffic."""
        place = self.place(utc_hour)
        if place not in self.known:
            self.known[place] = HourBaseline(**self.baselines.at(*place))
        return self.known[place]

    def cost_of(self, utc_hour: datetime) -> float:
        """Of one UTC hour; 0 without traffic."""
        number = (utc_hour - EPOCH) // HOUR
        near = int(np.searchsorted(self.utc, number))
        return float(self.cost[near]) if near < len(self.utc) and self.utc[near] == number else 0.0

    def place(self, utc_hour: datetime) -> tuple[int, int]:
        """Day (from the first) and hour of the local clock, whose offset is that of the next hour with traffic."""
        number = (utc_hour - EPOCH) // HOUR
        near = min(int(np.searchsorted(self.utc, number)), len(self.utc) - 1)
        local = number + int(self.local[near] - self.utc[near]) - int(self.local[0]) // 24 * 24
        local = max(0, min(local, self.by_day.size - 1))
        return local // 24, local % 24


def key_hours(
    key: str, utc: Whole, local: Whole, cost: NDArray[np.float64], calls: Whole, last_day: date, end: datetime
) -> KeyHours:
    """The hours of one key with traffic, in order, up to ``last_day`` at least; ``end``: that of the last day."""
    first = int(local[0]) // 24
    last = max((last_day - EPOCH.date()).days, int(local[-1]) // 24)
    by_day = np.zeros((last - first + 1, 24))
    np.add.at(by_day, (local // 24 - first, local % 24), cost)
    return KeyHours(key, utc, local, cost, calls, by_day, end, hourly_baselines(by_day))


def is_quiet(cost: NDArray[np.float64], limits: LoopLimits) -> bool:
    """No hour of the key is dear enough for a loop, and all together are not for a drip."""
    return bool(cost.max() < float(limits.min_spend) and cost.sum() < float(limits.min_drip))


def dear_hours(hours: KeyHours, limits: LoopLimits) -> list[datetime]:
    """UTC hours that may hold an incident of record: dear ones, with calls enough for a loop in them and the next to them."""
    days = len(hours.by_day)
    usual, spread = hours.baselines.usual[:days], hours.baselines.spread[:days]
    limit = np.maximum(HOUR_RATIO * usual, usual + HOUR_SPREADS * spread)
    is_dear = hours.by_day >= np.maximum(float(limits.min_spend), limit)
    around = np.zeros(len(hours.utc), dtype=np.int64)
    for step in (-1, 0, 1):
        near = np.minimum(np.searchsorted(hours.utc, hours.utc + step), len(hours.utc) - 1)
        around += np.where(hours.utc[near] == hours.utc + step, hours.calls[near], 0)
    place = hours.local // 24 - hours.local[0] // 24, hours.local % 24
    found = hours.utc[is_dear[place] & (around >= limits.min_calls)]
    return [EPOCH + int(number) * HOUR for number in found]


def may_drip(hours: KeyHours, limits: LoopLimits) -> bool:
    """The sum of capped excesses comes near the limit somewhere; exact to a millionth of a unit, on the side of yes."""
    days = len(hours.by_day)
    usual, spread = hours.baselines.usual[:days], hours.baselines.spread[:days]
    unit = np.maximum(np.maximum(float(limits.drip_unit), spread), usual / 4)
    cap = float(limits.drip_cap)
    units = np.clip((hours.by_day - usual) / unit, -cap, cap) - float(limits.drip_allowance)
    units[hours.baselines.days_known[:days] < limits.min_drip_days_known] = 0.0
    sums = np.concatenate([[0.0], np.cumsum(units.ravel())])
    return bool((sums - np.minimum.accumulate(sums)).max() >= float(limits.drip_units) - 1e-6)


def near_breaches(minutes: list[MinuteTotals], limits: LoopLimits) -> list[MinuteTotals]:
    """Of a key's minutes those that matter to the detector: windows that cost enough and hold calls enough for any breach,
    what came before them, as far as a loop's beginning is looked for, and what follows.
    """
    window, least = deque[MinuteTotals](), limits.min_loop_spend * (limits.window_minutes - 1) / limits.window_minutes
    cost, calls, breaches = Decimal(0), 0, list[datetime]()
    for one in minutes:
        window.append(one)
        cost, calls = cost + one.cost, calls + (one.calls or 0)
        while one.minute - window[0].minute >= limits.window_minutes * MINUTE:
            old = window.popleft()
            cost, calls = cost - old.cost, calls - (old.calls or 0)
        if cost >= least and calls >= limits.min_calls:
            breaches.append(one.minute)
    kept, place = list[MinuteTotals](), 0
    for one in minutes:
        while place < len(breaches) and breaches[place] + limits.window_minutes * MINUTE < one.minute:
            place += 1
        if place < len(breaches) and breaches[place] - limits.kept_minutes * MINUTE <= one.minute:
            kept.append(one)
    return kept
