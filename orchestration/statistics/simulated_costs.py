"""Simulated daily costs for measuring the statistics: noise of three kinds, growth, weekends, and when a path is stable.

Growth compounds, (1 + growth) ^ (day / 30). Noise is a first-order autoregression of unit variance times the
variation, values below zero are cut off, weekends drop by a share. Nothing here is random by itself: callers pass
the seeded generator.
"""

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.growth import Floats
from orchestration.statistics.stable_series import stable_paths

SEED = 20260101
LAST_LOOK = 60
WARM_UP_DAYS = 40
BURST_SHARE, BURST_VARIANCE = 0.06, 0.64

NOISES = ("normal", "heavy-tailed", "bursty")
AUTOCORRELATIONS = (0.0, 0.4, 0.7)
VARIATIONS = (0.05, 0.10, 0.15, 0.20, 0.30)
WEEKEND_DROPS = (0.0, 0.3, 0.6)
GROWTHS = (0.0, 0.15, 0.30, 0.60)


def simulate_noise(rng: np.random.Generator, shape: tuple[int, int], noise: str, autocorrelation: float) -> Floats:
    """Unit-variance noise (paths x days) with lag-one autocorrelation."""
    paths, days = shape
    full = (paths, days + WARM_UP_DAYS)
    innovations = rng.standard_t(3, full) / np.sqrt(3) if noise == "heavy-tailed" else rng.standard_normal(full)
    values = np.empty(full)
    values[:, 0] = innovations[:, 0]
    scale = np.sqrt(1 - autocorrelation**2)
    for day in range(1, full[1]):
        values[:, day] = autocorrelation * values[:, day - 1] + scale * innovations[:, day]
    values = values[:, WARM_UP_DAYS:]
    if noise == "bursty":
        bursts = (rng.random(shape) < BURST_SHARE) - BURST_SHARE
        bursts = bursts / np.sqrt(BURST_SHARE * (1 - BURST_SHARE))
        values = np.sqrt(1 - BURST_VARIANCE) * values + np.sqrt(BURST_VARIANCE) * bursts
    return values


def simulate_costs(noise: Floats, variation: float, growth: float, weekend_drop: float) -> Floats:
    """Daily costs from unit noise; the first day is a Monday."""
    day = np.arange(noise.shape[1])
    return simulate_shape(noise, variation, (1 + growth) ** (day / 30), weekend_drop)


def simulate_shape(noise: Floats, variation: float, level: Floats, weekend_drop: float) -> Floats:
    """Daily costs from unit noise around a level for each day; the first day is a Monday."""
    weekend = np.where(np.arange(noise.shape[1]) % 7 >= 5, 1 - weekend_drop, 1.0)
    return np.asarray(np.maximum(0.0, 1 + variation * noise) * level * weekend)


def first_stable_days(costs: Floats, last_look: int = LAST_LOOK) -> NDArray[np.int64]:
    """The first day from the 30th to ``last_look`` on which each path (row) is found stable; 0 where on none."""
    stable = stable_paths(costs[:, :last_look], first_only=True)
    return np.where(stable.any(axis=1), stable.argmax(axis=1) + 1, 0)


def share_ever_stable(costs: Floats) -> float:
    """Share of paths (rows, 60 days) found stable on any day from the 30th to the 60th."""
    return float((first_stable_days(costs) > 0).mean())
