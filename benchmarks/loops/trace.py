"""The trace as the detector sees it: per key the minutes with traffic, whole hours, baselines, and labelled runaway days.

Read from ``../shared/data``; nothing of it is kept. Costs are tokens at the prices that its README states, exact, times
a scale: the trace holds one of 1,698.6 real requests.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np

from orchestration.policy.loop_detector import NO_BASELINE, HourBaseline, MinuteTotals
from orchestration.statistics.hourly_baseline import HourlyBaselines, hourly_baselines

TRACE = Path(__file__).parents[3] / "shared" / "data" / "spend_logs_servegen.parquet"
START, DAYS = datetime(2026, 10, 13, tzinfo=UTC), 14
HOURS, MINUTES = DAYS * 24, DAYS * 1440
NANO_PER_TOKEN = {"gpt-6-luna": (100, 500), "gpt-6.1-terra": (1_000, 5_000), "gpt-6-sol": (2_000, 10_000)}
"""Input and output; a price per million tokens is that many thousand nano dollars a token."""
HALVES = ("tune", "held_out")

_ROWS = """
with calls as (
    select
        json_extract_string(metadata, '$.user_api_key_alias') as key,
        model,
        cast(floor(epoch("startTime") - $start) as bigint) // 60 as minute,
        prompt_tokens,
        completion_tokens
    from read_parquet($file)
    where total_tokens > 0
),
signatures as (
    select key, minute, prompt_tokens, count(*) as calls from calls group by all
),
commonest as (
    select key, minute, max_by(prompt_tokens, (calls, prompt_tokens)) as signature, max(calls) as repeated
    from signatures group by all
)
select
    calls.key, any_value(model), minute, count(*), sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint,
    any_value(signature), any_value(repeated)
from calls inner join commonest using (key, minute)
group by key, minute
order by key, minute
"""


@dataclass(frozen=True)
class Key:
    """One virtual key; ``minutes``: its minutes with traffic by number of the minute since :data:`START`."""

    name: str
    minutes: dict[int, MinuteTotals]
    rows_by_day: np.ndarray
    _baselines: dict[tuple[int, int], HourBaseline] = field(default_factory=dict, compare=False)

    @property
    def half(self) -> str:
        return HALVES[hashlib.sha256(self.name.encode()).digest()[0] % 2]

    @cached_property
    def hours(self) -> list[Decimal]:
        sums = [Decimal(0)] * HOURS
        for minute, totals in self.minutes.items():
            sums[minute // 60] += totals.cost
        return sums

    @property
    def first_day(self) -> int:
        return min(self.minutes) // 1440

    @cached_property
    def estimates(self) -> HourlyBaselines:
        return hourly_baselines(np.array(self.hours, dtype=float).reshape(DAYS, 24)[self.first_day :])

    def baseline(self, hour: int) -> HourBaseline:
        """That of an hour, by its number; from the days before its own."""
        place = (hour // 24 - self.first_day, hour % 24)
        if place[0] < 0:
            return NO_BASELINE
        if place not in self._baselines:
            self._baselines[place] = HourBaseline(**self.estimates.at(*place))
        return self._baselines[place]

    @cached_property
    def runaway_days(self) -> frozenset[int]:
        """More than five times the median of up to seven days before (three at least), by the rule of the trace's README, on
        twenty rows or more; a median of less than a row stands for none.
        """
        found = set()
        for day in range(3, DAYS):
            median = float(np.median(self.rows_by_day[max(0, day - 7) : day]))
            if median >= 1 and self.rows_by_day[day] >= 20 and self.rows_by_day[day] > 5 * median:
                found.add(day)
        return frozenset(found)

    @cached_property
    def days_with_traffic(self) -> frozenset[int]:
        return frozenset(minute // 1440 for minute in self.minutes)


def moment(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def read_keys(scale: Decimal, file: Path = TRACE) -> list[Key]:
    """Every key with token evidence, its costs times ``scale``."""
    rows = duckdb.execute(_ROWS, {"file": str(file), "start": int(START.timestamp())}).fetchall()
    keys: dict[str, dict[int, MinuteTotals]] = {}
    counts: dict[str, np.ndarray] = {}
    for name, model, minute, calls, prompt, completion, signature, repeated in rows:
        price_in, price_out = NANO_PER_TOKEN[model]
        cost = Decimal(prompt * price_in + completion * price_out).scaleb(-9) * scale
        totals = MinuteTotals(moment(minute), cost, calls, prompt, f"{model} {signature}", repeated)
        keys.setdefault(name, {})[minute] = totals
        counts.setdefault(name, np.zeros(DAYS, dtype=int))[minute // 1440] += calls
    return [Key(name, minutes, counts[name]) for name, minutes in keys.items()]


def quiet(minute: int) -> MinuteTotals:
    return MinuteTotals(moment(minute), Decimal(0), 0, 0)
