"""What the stability rule makes of whole paths: 180 days of growth, ramps and steps, growth that begins late, readiness that
is lost again, other windows than the usual ones. Measured on simulated series for ``operating_characteristics``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from orchestration.statistics.growth import Floats
from orchestration.statistics.looks import Flags, StabilityLimits
from orchestration.statistics.simulated_costs import (
    AUTOCORRELATIONS,
    NOISES,
    SEED,
    VARIATIONS,
    simulate_noise,
    simulate_shape,
)
from orchestration.statistics.stable_series import DEFAULT_LIMITS, ready_days, stable_paths

PATHS = 200
CYCLE_PATHS = 60
LONG_PATHS = {0.0: 100, 0.4: 200, 0.7: 600}
"""Paths over 180 days by autocorrelation: most where chance is most."""
LAST_DAY = 180
WEEKEND_DROP = 0.3
RECOVERY_DAYS = 45
LOST_WITHIN_DAYS = 7
CALM = ((0.0, 0.05), (0.4, 0.05), (0.0, 0.10), (0.4, 0.10))
"""Autocorrelation and variation of calm series."""
WINDOWS = ((14, 60), (20, 30), (30, 45), (30, 90))

Level = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Shape:
    """A course of the daily level; ``end`` is the day on which it has become flat."""

    name: str
    level: Level
    end: int


SHAPES = (
    Shape("ramp of 10 days", lambda day: np.minimum(1.0, 0.2 + 0.8 * day / 10), 10),
    Shape("ramp of 30 days", lambda day: np.minimum(1.0, 0.2 + 0.8 * day / 30), 30),
    Shape("step on day 20", lambda day: np.where(day < 20, 0.5, 1.0), 20),
)


@dataclass(frozen=True)
class Table:
    """A published table: what it says, its header and its rows of text. ``figure`` is the one its promise is about."""

    introduction: str
    header: tuple[str, ...]
    rows: list[list[str]]
    figure: float


def growth_over_180_days() -> Table:
    """Share of paths with a growth of 30 % that are ever found stable by day 180."""
    shares, rows = [], []
    for noise, autocorrelation in product(NOISES, AUTOCORRELATIONS):
        found = [
            float(
                _paths(noise, autocorrelation, variation, LAST_DAY, _growing, LONG_PATHS[autocorrelation])
                .any(axis=1)
                .mean()
            )
            for variation in VARIATIONS
        ]
        shares += found
        rows.append([noise, f"{autocorrelation:.1f}", *map(_share, found)])
    return Table(
        f"The whole path: growth of 30 %, share of paths ever stable by day {LAST_DAY} ("
        + ", ".join(f"{paths} paths at autocorrelation {at:.1f}" for at, paths in LONG_PATHS.items())
        + ").",
        ("noise", "autocorrelation", *(f"variation {variation:.2f}" for variation in VARIATIONS)),
        rows,
        max(shares),
    )


def recovery() -> Table:
    """Share of calm paths that are stable within 45 days after a ramp or step has ended."""
    shares, rows = [], []
    for shape, (autocorrelation, variation) in product(SHAPES, CALM):
        days = shape.end + RECOVERY_DAYS
        found = [
            float(_paths(noise, autocorrelation, variation, days, shape.level).any(axis=1).mean()) for noise in NOISES
        ]
        shares += found
        rows.append([shape.name, f"{autocorrelation:.1f}", f"{variation:.2f}", *map(_share, found)])
    return Table(
        f"After a ramp (from a fifth) or a step (from a half): share of paths stable within {RECOVERY_DAYS} days of its end.",
        ("shape", "autocorrelation", "variation", *NOISES),
        rows,
        min(shares),
    )


def late_growth() -> Table:
    """Share of calm paths still stable, 14 and 18 days after a growth of 40 % began on day 31."""
    shares, rows = [], []
    for autocorrelation, variation in CALM:
        for noise in NOISES:
            stable = _paths(noise, autocorrelation, variation, 48, _late, first_only=False)
            found = [float(stable[:, day - 1].mean()) for day in (30, 45, 48)]
            shares.append(found[1])
            rows.append([noise, f"{autocorrelation:.1f}", f"{variation:.2f}", *map(_share, found)])
    return Table(
        "Flat for 30 days, then growth of 40 % in 30 days: share of paths stable on a day.",
        ("noise", "autocorrelation", "variation", "day 30", "day 45", "day 48"),
        rows,
        max(shares),
    )


def readiness_lost() -> Table:
    """Share of paths without growth that lose readiness within a week of their first ready day."""
    shares, rows = [], []
    for noise, autocorrelation in product(NOISES, AUTOCORRELATIONS):
        found = []
        for variation in VARIATIONS[:-1]:
            stable = _paths(noise, autocorrelation, variation, 60 + LOST_WITHIN_DAYS, _flat, first_only=False)
            found.append(share_lost(stable))
        shares += found
        rows.append([noise, f"{autocorrelation:.1f}", *map(_share, found)])
    return Table(
        f"Without growth: share of the paths that are ready by day 60 and lose it within {LOST_WITHIN_DAYS} days "
        "(not stable on 3 of the last 5 days).",
        ("noise", "autocorrelation", *(f"variation {variation:.2f}" for variation in VARIATIONS[:-1])),
        rows,
        max(shares),
    )


def other_windows() -> Table:
    """False graduation by day 180 and power by day 60 with other windows."""
    shares, rows = [], []
    for shortest, longest in WINDOWS:
        limits = StabilityLimits(shortest, longest, 0.25, 0.20, 5)
        false = [
            float(_paths("normal", 0.7, variation, LAST_DAY, _growing, PATHS, limits).any(axis=1).mean())
            for variation in (0.10, 0.15)
        ]
        power = float(_paths("normal", 0.4, 0.10, 60, _flat, PATHS, limits).any(axis=1).mean())
        shares += false
        rows.append([f"{shortest} to {longest}", *map(_share, [*false, power])])
    return Table(
        f"Other windows (`stability_window_days` to `stability_window_max_days`), normal noise: growth of 30 % ever stable by "
        f"day {LAST_DAY} at autocorrelation 0.7, and no growth stable by day 60 at autocorrelation 0.4.",
        ("window", "variation 0.10, growth 30%", "variation 0.15, growth 30%", "variation 0.10, no growth"),
        rows,
        max(shares),
    )


def cycles_and_credits() -> Table:
    """Share of paths stable by day 180: weekly and monthly jobs, month-end spikes, single credits."""
    courses: tuple[tuple[str, Level, int], ...] = (
        ("weekly job", lambda day: (day % 7 == 1).astype(float), 60),
        ("weekly job, growth 30%", lambda day: (day % 7 == 1) * 1.3 ** (day / 30), 60),
        ("monthly job", lambda day: (day % 30 == 1).astype(float), LAST_DAY),
        ("monthly job, growth 30%", lambda day: (day % 30 == 1) * 1.3 ** (day / 30), LAST_DAY),
        ("spike of ten days' cost each month", lambda day: np.where(day % 30 == 1, 10.0, 1.0), LAST_DAY),
        ("one credit of twenty days' cost", lambda day: np.where(day == 20, -20.0, 1.0), 60),
    )
    rows = []
    for name, level, days in courses:
        found = [
            float(_paths("normal", 0.0, variation, days, level, CYCLE_PATHS, weekend_drop=0.0).any(axis=1).mean())
            for variation in (0.05, 0.10)
        ]
        rows.append([name, str(days), *map(_share, found)])
    return Table(
        f"Jobs and credits, normal noise without autocorrelation: share of {CYCLE_PATHS} paths stable by a day.",
        ("course", "by day", "variation 0.05", "variation 0.10"),
        rows,
        0.0,
    )


def share_lost(stable: Flags, by_day: int = 60) -> float:
    """Of the rows ready by ``by_day``, the share that is not ready on some day of the week after the first; 0 without any."""
    lost = []
    for row in stable:
        ready = ready_days(row)
        first = int(ready.argmax())
        if ready[first] and first < by_day:
            lost.append(not ready[first : first + LOST_WITHIN_DAYS + 1].all())
    return float(np.mean(lost)) if lost else 0.0


def measured_tables() -> Iterator[Table]:
    """All tables, in the order in which they are published."""
    yield growth_over_180_days()
    yield recovery()
    yield late_growth()
    yield readiness_lost()
    yield other_windows()
    yield cycles_and_credits()


def _paths(
    noise: str,
    autocorrelation: float,
    variation: float,
    days: int,
    level: Level,
    paths: int = PATHS,
    limits: StabilityLimits = DEFAULT_LIMITS,
    first_only: bool = True,
    weekend_drop: float = WEEKEND_DROP,
) -> Flags:
    """Which days of simulated paths are stable; the seed follows from the cell, not from the order of measuring."""
    course = np.asarray(level(np.arange(float(days))))
    shape = round(1000 * float(np.abs(course).sum()))
    names = (NOISES.index(noise), round(100 * autocorrelation), round(100 * variation), days, shape)
    unit = simulate_noise(np.random.default_rng([SEED, *names]), (paths, days), noise, autocorrelation)
    usage = np.maximum(simulate_shape(unit, variation, course, weekend_drop), 0.0)
    return stable_paths(usage, 0, limits, first_only)


def _flat(day: Floats) -> Floats:
    return np.ones(len(day))


def _growing(day: Floats) -> Floats:
    return np.asarray(1.3 ** (day / 30))


def _late(day: Floats) -> Floats:
    return np.asarray(1.4 ** (np.maximum(0.0, day - 29) / 30))


def _share(share: float) -> str:
    return f"{share:.1%}"
