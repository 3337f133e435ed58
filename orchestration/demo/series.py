"""Seeded daily levels: the shapes of demand that the initiatives were given on purpose.

Only exactly reproducible arithmetic (no logarithm, no sine), so that every machine simulates the same company.
"""

import random
from datetime import date

from orchestration.demo.catalog import AS_OF, SEED, days

VOLATILE_LEVELS = (0.2, 2.4, 0.55, 1.8, 0.3, 1.5, 0.9)


def noise(name: str, first: date, last: date, deviation: float) -> dict[date, float]:
    """Independent factors around 1 per day, with the stated relative standard deviation, at most two of them away."""
    rng = random.Random(f"{SEED}:{name}")
    return {
        day: 1 + deviation * max(-2.0, min(2.0, sum(rng.random() for _ in range(12)) - 6)) for day in days(first, last)
    }


def weekend(day: date, drop: float) -> float:
    """1 on working days, ``1 - drop`` on Saturdays and Sundays."""
    return 1 - drop if day.weekday() >= 5 else 1.0


def growth(day: date, ratio_per_30_days: float) -> float:
    """A straight line that is 1 in the middle of the last 30 days and rises by the ratio within them."""
    return 1 + ratio_per_30_days * ((day - AS_OF).days + 14.5) / 30


def volatile(name: str, first: date, last: date) -> dict[date, float]:
    """Wild daily factors, between a fifth and more than the double, in random order."""
    rng = random.Random(f"{SEED}:{name}")
    return {day: VOLATILE_LEVELS[rng.randrange(len(VOLATILE_LEVELS))] for day in days(first, last)}


def hundreds(value: float) -> int:
    """Tokens rounded down to whole hundreds, so that money stays within nine decimals."""
    return int(value // 100) * 100
