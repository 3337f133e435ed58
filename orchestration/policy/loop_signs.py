"""What makes the minutes of one key a loop: its cost against what is usual, repeated requests, a context that grows.

The limits, the inputs and the judgement of one window; the state machine over them is ``loop_detector``. What is missing of
a minute (counters know no calls) switches off the signs that need it, never the others.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from orchestration.policy.evidence import figure, rounded

STEADY_HAMMER, GROWING_CONTEXT = "steady_hammer", "growing_context"
VELOCITY, SLOW_DRIP = "velocity", "slow_drip"
KINDS = (STEADY_HAMMER, GROWING_CONTEXT, VELOCITY, SLOW_DRIP)


@dataclass(frozen=True)
class LoopLimits:
    """When minutes are a loop. Amounts are US dollars; :meth:`worth` converts them."""

    window_minutes: int = 5
    confirm_minutes: int = 2
    quiet_minutes: int = 30
    kept_minutes: int = 30
    """How far back the beginning of a loop is looked for."""
    repeat_hours: int = 24
    repeat_ratio: Decimal = Decimal("1.5")
    """Within so many hours of its last incident, one of at most so many times its rate is a repeat."""
    min_spend: Decimal = Decimal("0.25")
    """Least cost of a window that breaches by velocity alone."""
    min_loop_spend: Decimal = Decimal("0.10")
    """Least cost of a window that breaches with a repeated signature or a growing context."""
    min_calls: int = 10
    """Least calls of a window that breaches, where calls are known: one dear call is no loop."""
    velocity_ratio: Decimal = Decimal(4)
    loop_ratio: Decimal = Decimal(2)
    deviations: Decimal = Decimal(4)
    """A breach is also this many spreads above the usual hour."""
    busy_ratio: Decimal = Decimal(3)
    loop_busy_ratio: Decimal = Decimal("0.5")
    """A breach by velocity alone, and one with a second sign, is also this many times the key's busy hour, but for hours
    in which it is never used.
    """
    min_days_known: int = 3
    """Younger keys have no usual velocity: they breach with a second sign only."""
    repeated_calls: int = 15
    repeated_share: Decimal = Decimal("0.75")
    """Least calls of one signature in a window that are a hammer, and their least share of its calls."""
    growth_ratio: Decimal = Decimal("1.1")
    """Least growth of the prompt tokens per call from the first to the last minute of a window in which they rise each
    minute.
    """
    drip_unit: Decimal = Decimal("0.05")
    """Least excess per hour that counts as one unit."""
    drip_allowance: Decimal = Decimal("0.9")
    drip_cap: Decimal = Decimal(2)
    """Most units that one hour adds, or takes away."""
    drip_units: Decimal = Decimal(17)
    min_drip_days_known: int = 7
    """A week, so that a weekend was seen."""
    drip_repeat_hours: int = 168
    drip_hours_share: Decimal = Decimal("0.8")
    """Least share of the hours that are above the usual: work that comes by day alone is no drip."""
    min_drip: Decimal = Decimal(1)
    """Least excess in all that is told."""

    def worth(self, rate: Decimal) -> "LoopLimits":
        """The limits in a currency of which one US dollar is worth ``rate``."""
        amounts = ("min_spend", "min_loop_spend", "drip_unit", "min_drip")
        worth: dict[str, Any] = {name: rounded(getattr(self, name) * rate) for name in amounts}
        return replace(self, **worth)


LIMITS = LoopLimits()


@dataclass(frozen=True)
class MinuteTotals:
    """What one key used in the minute that begins at ``minute``; a minute without traffic is a row of zeros.

    ``signature``: what most of the calls had in common (model and prompt length, say), ``repeated_calls`` how many had
    it. Calls, prompt tokens and signature are None where the feed does not know them.
    """

    minute: datetime
    cost: Decimal
    calls: int | None = None
    prompt_tokens: int | None = None
    signature: str | None = None
    repeated_calls: int | None = None


@dataclass(frozen=True)
class HourBaseline:
    """What one key usually costs in one hour, from hours before the day.

    ``usual``: median, ``spread``: 1.4826 median absolute deviations, ``busy``: what only one of ten of its hours with
    traffic exceeded, all per hour; ``is_unattended``: it is used on most days, but never at this hour; ``basis``:
    ``hour_of_week``, ``hour_of_day``, ``all_hours`` or ``none``.
    """

    usual: Decimal = Decimal(0)
    spread: Decimal = Decimal(0)
    busy: Decimal = Decimal(0)
    days_known: int = 0
    is_unattended: bool = False
    basis: str = "none"


NO_BASELINE = HourBaseline()


@dataclass(frozen=True)
class Breach:
    """``threshold``: the window cost from which it is one; ``why``: the sign, in words."""

    kind: str
    threshold: Decimal
    why: str


def thresholds(baseline: HourBaseline, limits: LoopLimits) -> tuple[Decimal | None, Decimal]:
    """Window costs from which one breaches by velocity alone (None: never) and with a second sign."""
    share = Decimal(limits.window_minutes) / 60
    high = (baseline.usual + limits.deviations * baseline.spread) * share
    usual, busy = baseline.usual * share, baseline.busy * share
    loop = max(limits.min_loop_spend, limits.loop_ratio * usual)
    if baseline.days_known < limits.min_days_known:
        return None, loop
    velocity = max(limits.min_spend, limits.velocity_ratio * usual, high)
    if not baseline.is_unattended:
        velocity = max(velocity, limits.busy_ratio * busy)
        loop = max(loop, limits.loop_busy_ratio * busy)
    return velocity, loop


def find_breach(
    window: tuple[MinuteTotals, ...], baseline: HourBaseline, limits: LoopLimits, *, is_open: bool
) -> Breach | None:
    """Whether the window breaches, as what and why. An incident that goes on breaches at the lower limit without a sign."""
    cost = _steady_cost(window, limits)
    velocity, loop = thresholds(baseline, limits)
    if all(one.calls is not None for one in window) and sum(one.calls or 0 for one in window) < limits.min_calls:
        return None
    if cost >= loop:
        why = _repeated(window, limits)
        if why is not None:
            return Breach(STEADY_HAMMER, loop, why)
        why = _growing(window, limits)
        if why is not None:
            return Breach(GROWING_CONTEXT, loop, why)
        if is_open:
            return Breach(VELOCITY, loop, "")
    if velocity is not None and cost >= velocity:
        where = "an hour in which it is never used" if baseline.is_unattended else baseline.basis.replace("_", " ")
        return Breach(VELOCITY, velocity, f"the limit for {where}")
    return None


def _steady_cost(window: tuple[MinuteTotals, ...], limits: LoopLimits) -> Decimal:
    """The window's cost if its dearest minute had cost as the others: one dear call is no loop."""
    costs = [one.cost for one in window]
    return (sum(costs, Decimal(0)) - max(costs)) * limits.window_minutes / (limits.window_minutes - 1)


def _repeated(window: tuple[MinuteTotals, ...], limits: LoopLimits) -> str | None:
    counts: Counter[str] = Counter()
    for one in window:
        if one.signature is not None and one.repeated_calls:
            counts[one.signature] += one.repeated_calls
    if not counts:
        return None
    (signature, repeated), calls = counts.most_common(1)[0], sum(one.calls or 0 for one in window)
    if repeated < limits.repeated_calls or repeated < limits.repeated_share * calls:
        return None
    return f"{repeated} of {calls} calls are the same request ({signature})"


def _growing(window: tuple[MinuteTotals, ...], limits: LoopLimits) -> str | None:
    if len(window) < limits.window_minutes:
        return None
    means = [Decimal(one.prompt_tokens) / one.calls for one in window if one.calls and one.prompt_tokens]
    if len(means) < len(window) or any(later <= earlier for earlier, later in pairwise(means)):
        return None
    if means[-1] < limits.growth_ratio * means[0]:
        return None
    return f"context grows from {figure(means[0], 0)} to {figure(means[-1], 0)} tokens a call"
