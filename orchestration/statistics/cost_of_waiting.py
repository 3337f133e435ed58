"""What graduating early costs, and what waiting costs: simulated experiments that graduate on their 14th, 30th or 45th
day.

An experiment that graduates on a day freezes its run-rate of that day as its core budget. Overspend is what the next
90 days cost above 90 days at that run-rate, as a share of them, never below zero. Assumed: growth goes on throughout,
and every growth, autocorrelation, variation and weekend drop of the grid is equally frequent.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from orchestration.statistics.growth import Floats
from orchestration.statistics.run_rate import RUN_RATE_DAYS
from orchestration.statistics.simulated_costs import (
    AUTOCORRELATIONS,
    GROWTHS,
    NOISES,
    SEED,
    VARIATIONS,
    WEEKEND_DROPS,
    first_stable_days,
    simulate_costs,
    simulate_noise,
)

WAITING_DAYS = (14, 30, 45)
DAYS_AHEAD = 90
WAITING_PATHS = 60

WAITING_HEADER = (
    "noise",
    "graduation on day",
    "overspend if all graduate",
    "stable by then",
    "overspend of the stable",
    "steady but still waiting",
)
WAITING_INTRODUCTION = (
    f"Cost of waiting. Graduating freezes the run-rate of the day as core budget; overspend is what the next {DAYS_AHEAD} "
    f"days cost above it, as a share of it, underspend counted as zero, on average over those who graduate. Assumed: "
    f"growth goes on throughout, and every growth, autocorrelation, variation and weekend drop above is equally "
    f"frequent ({WAITING_PATHS} paths each). Steady: without growth. Nothing is found stable before day 30. "
    f"A run-rate of 14 days lags growth less than one of {RUN_RATE_DAYS}: without the test, waiting alone saves nothing."
)


@dataclass(frozen=True)
class Waiting:
    """One day of graduation for one kind of noise; all shares 0 to 1, overspend as a share of the verified run-rate.

    ``overspend_stable`` is None where no path is stable by that day.
    """

    noise: str
    day: int
    overspend_all: float
    stable: float
    overspend_stable: float | None
    steady_waiting: float

    def values(self) -> list[str]:
        """The row as it is published."""
        overspend = "none" if self.overspend_stable is None else f"{self.overspend_stable:.1%}"
        return [
            self.noise,
            str(self.day),
            f"{self.overspend_all:.1%}",
            f"{self.stable:.1%}",
            overspend,
            f"{self.steady_waiting:.1%}",
        ]


@dataclass(frozen=True)
class _Paths:
    """Simulated experiments of one kind of noise, one entry per path."""

    costs: Floats
    growth: Floats
    first_stable: NDArray[np.int64]


def measure_waiting(noise: str, paths: int = WAITING_PATHS) -> list[Waiting]:
    """One row per day of graduation, over all experiments of this kind of noise."""
    simulated = _simulate(noise, paths)
    return [_measure_day(simulated, noise, day) for day in WAITING_DAYS]


def overspend(costs: Floats, day: int) -> Floats:
    """What the 90 days after ``day`` cost above the run-rate of that day, as a share of it; one entry per path."""
    run_rate = costs[:, max(0, day - RUN_RATE_DAYS) : day].mean(axis=1)
    ahead = costs[:, day : day + DAYS_AHEAD].mean(axis=1)
    share: Floats = np.maximum(0.0, ahead / run_rate - 1)
    return share


def _simulate(noise: str, paths: int) -> _Paths:
    costs, growths = [], []
    for autocorrelation, variation, growth, weekend_drop in product(
        AUTOCORRELATIONS, VARIATIONS, GROWTHS, WEEKEND_DROPS
    ):
        percents = (round(100 * x) for x in (autocorrelation, variation, growth, weekend_drop))
        rng = np.random.default_rng([SEED, DAYS_AHEAD, NOISES.index(noise), *percents])
        unit = simulate_noise(rng, (paths, WAITING_DAYS[-1] + DAYS_AHEAD), noise, autocorrelation)
        costs.append(simulate_costs(unit, variation, growth, weekend_drop))
        growths.append(np.full(paths, growth))
    all_costs = np.concatenate(costs)
    return _Paths(all_costs, np.concatenate(growths), first_stable_days(all_costs, WAITING_DAYS[-1]))


def _measure_day(simulated: _Paths, noise: str, day: int) -> Waiting:
    shares = overspend(simulated.costs, day)
    stable = (simulated.first_stable > 0) & (simulated.first_stable <= day)
    return Waiting(
        noise=noise,
        day=day,
        overspend_all=float(shares.mean()),
        stable=float(stable.mean()),
        overspend_stable=float(shares[stable].mean()) if stable.any() else None,
        steady_waiting=float(1 - stable[simulated.growth == 0].mean()),
    )
