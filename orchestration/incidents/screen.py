"""Which hours of a key's history are read by minute, and which keys may drip: from sums by hour that exist already.

An incident of record made at least one of its clock hours cost twice the usual hour, two spreads above it and
``min_spend``; only such hours, one before and one after each, are read. What a minute breaks and its hour does not show
is told when it happens and is not kept as an incident.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from orchestration.policy.loop_signs import HourBaseline, LoopLimits, MinuteTotals
from orchestration.statistics.hourly_baseline import HourlyBaselines, hourly_baselines

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOUR_RATIO, HOUR_SPREADS = 2.0, 2.0


HourRow = tuple[datetime, datetime, float, int]
"""UTC hour, local hour, cost and calls of an hour with traffic."""


@dataclass(frozen=True)
class KeyHours:
    """One key: cost by local day (from its first) and hour, the UTC hours they stand for, with their own cost and calls, and the
    end of the last day in UTC.
    """

    key: str
    first_day: date
    costs: NDArray[np.float64]
    utc_hours: dict[datetime, tuple[int, int]]
    own: dict[datetime, tuple[float, int]]
    end: datetime
    baselines: HourlyBaselines
    known: dict[tuple[int, int], HourBaseline] = field(default_factory=dict)

    def baseline(self, utc_hour: datetime) -> HourBaseline:
        """That of an hour with or without traffic; hours without any are placed by the nearest one with."""
        place = self.place(utc_hour)
        if place not in self.known:
            self.known[place] = HourBaseline(**self.baselines.at(*place))
        return self.known[place]

    def cost(self, utc_hour: datetime) -> float:
        """Of one UTC hour; 0 without traffic."""
        return self.own.get(utc_hour, (0.0, 0))[0]

    def calls(self, utc_hour: datetime) -> int:
        """In one UTC hour."""
        return self.own.get(utc_hour, (0.0, 0))[1]

    def place(self, utc_hour: datetime) -> tuple[int, int]:
        """Day and hour of the local clock."""
        if utc_hour not in self.utc_hours:
            near = min(self.utc_hours, key=lambda hour: abs(hour - utc_hour))
            day, hour = self.utc_hours[near]
            number = day * 24 + hour + (utc_hour - near) // HOUR
            number = max(0, min(number, self.costs.size - 1))
            return number // 24, number % 24
        return self.utc_hours[utc_hour]


def key_hours(key: str, rows: list[HourRow], last_day: date) -> KeyHours:
    """``rows``: every hour with traffic, in order."""
    first_day = rows[0][1].date()
    days = max((last_day - first_day).days, (rows[-1][1].date() - first_day).days) + 1
    costs, hours = np.zeros((days, 24)), dict[datetime, tuple[int, int]]()
    for utc_hour, local_hour, cost, _ in rows:
        place = (local_hour.date() - first_day).days, local_hour.hour
        costs[place] += cost
        hours[utc_hour] = place
    last_utc, last_local, *_ = rows[-1]
    end = last_utc + (datetime.combine(last_day + timedelta(days=1), time()) - last_local)
    own = {utc_hour: (cost, calls) for utc_hour, _, cost, calls in rows}
    return KeyHours(key, first_day, costs, hours, own, end, hourly_baselines(costs))


def is_quiet(rows: list[HourRow], limits: LoopLimits) -> bool:
    """No hour of the key is dear enough for a loop, and no 48 hours could be for a drip."""
    costs = [cost for _, _, cost, _ in rows]
    return max(costs) < float(limits.min_spend) and sum(costs) < float(limits.min_drip)


def dear_hours(hours: KeyHours, limits: LoopLimits) -> list[datetime]:
    """UTC hours that may hold an incident of record: dear ones, with calls enough for a loop in them and the next to them."""
    days = len(hours.costs)
    usual, spread = hours.baselines.usual[:days], hours.baselines.spread[:days]
    limit = np.maximum(HOUR_RATIO * usual, usual + HOUR_SPREADS * spread)
    is_dear = hours.costs >= np.maximum(float(limits.min_spend), limit)
    return [
        hour
        for hour, place in hours.utc_hours.items()
        if is_dear[place] and sum(hours.calls(hour + step * HOUR) for step in (-1, 0, 1)) >= limits.min_calls
    ]


def may_drip(hours: KeyHours, limits: LoopLimits) -> bool:
    """The sum of capped excesses comes near the limit somewhere; exact to a millionth of a unit, on the side of yes."""
    days = len(hours.costs)
    usual, spread = hours.baselines.usual[:days], hours.baselines.spread[:days]
    unit = np.maximum(np.maximum(float(limits.drip_unit), spread), usual / 4)
    cap = float(limits.drip_cap)
    units = np.clip((hours.costs - usual) / unit, -cap, cap) - float(limits.drip_allowance)
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
