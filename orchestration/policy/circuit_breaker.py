"""The margin circuit breaker: a pure state machine over readings of one product's gross margin, the clock injected.

closed -> degraded (cheaper model) -> throttled -> open (block) -> cool_down -> half_open -> closed. Each step up takes
``breaches`` consecutive fresh readings below the floor. Down it goes only on a reading above the floor plus the reset
margin, after the dwell time: degraded and throttled close, open goes to cool_down, which becomes half_open when its
time is over; half_open closes on the same condition. A breach in cool_down or half_open opens at once. A reading that
is stale (older than ``breach_max_age`` or said to be), missing, from the future or already counted holds the state; the
first three alert. Between floor and reset
level nothing moves. Times may be in any zone; what has elapsed between them is measured in UTC.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import overload

from orchestration.policy.evidence import evidence_id, figure

CLOSED, DEGRADED, THROTTLED, OPEN = "closed", "degraded", "throttled", "open"
COOL_DOWN, HALF_OPEN = "cool_down", "half_open"
STATES = (CLOSED, DEGRADED, THROTTLED, OPEN, COOL_DOWN, HALF_OPEN)
_STEP_UP = {CLOSED: DEGRADED, DEGRADED: THROTTLED, THROTTLED: OPEN}
_ON_RECOVERY = {DEGRADED: CLOSED, THROTTLED: CLOSED, OPEN: COOL_DOWN, HALF_OPEN: CLOSED}


class ClockRanBackwards(ValueError):
    """``now`` lies before the breaker's last change of state."""


@dataclass(frozen=True)
class BreakerLimits:
    """The policy keys ``breaker_*``. ``reset_margin`` is a margin ratio above the floor; a breach ``breach_max_age`` or less
    before the next one counts with it, an older one no longer.
    """

    breaches: int
    reset_margin: Decimal
    dwell: timedelta
    cooldown: timedelta
    breach_max_age: timedelta


@dataclass(frozen=True)
class MarginReading:
    """One reading of a product's gross margin ratio against its floor; either is None where it is not known.

    ``observed_at``: the end of what the margin covers; None without any reading. ``gap`` says why the reading cannot be
    used, None if it can.
    """

    observed_at: datetime | None
    margin_ratio: Decimal | None
    floor_ratio: Decimal | None
    gap: str | None = None


@dataclass(frozen=True)
class Breaker:
    """A breaker's state, when it was entered, and the consecutive breaches counted in it. Where there are any, the last
    reading was one.
    """

    state: str
    since: datetime
    breaches: int = 0
    last_reading_at: datetime | None = None


@dataclass(frozen=True)
class BreakerDecision:
    """What one reading led to. ``reason`` is never empty; ``is_alert``: someone must look at the data."""

    before: Breaker
    after: Breaker
    reason: str
    is_alert: bool
    evidence_id: str

    @property
    def is_change(self) -> bool:
        return self.before.state != self.after.state

    @property
    def is_trip(self) -> bool:
        """The breaker left a state of free or probing traffic for a more restrictive one."""
        return self.is_change and (self.before.state == CLOSED or self.after.state == OPEN)


@dataclass(frozen=True)
class _Evidence:
    breaker: Breaker
    reading: MarginReading
    limits: BreakerLimits


def decide_breaker(breaker: Breaker, reading: MarginReading, limits: BreakerLimits, now: datetime) -> BreakerDecision:
    """The breaker after ``reading`` at ``now``. Raises :class:`ClockRanBackwards`, and ValueError for a time without a
    zone; never reads a clock itself.
    """
    now, breaker = _utc(now), replace(breaker, since=_utc(breaker.since), last_reading_at=_utc(breaker.last_reading_at))
    reading = replace(reading, observed_at=_utc(reading.observed_at))
    if now < breaker.since:
        raise ClockRanBackwards(f"{now} is before the state was entered, {breaker.since}")
    proof = evidence_id(_Evidence(breaker, reading, limits))
    if reading.gap or reading.observed_at is None or reading.margin_ratio is None or reading.floor_ratio is None:
        reason = f"{reading.gap or 'no_reading: no margin is known'}; state held"
        return BreakerDecision(breaker, breaker, reason, True, proof)
    if reading.observed_at > now:
        reason = f"future_reading: observed at {reading.observed_at}, after {now}; state held"
        return BreakerDecision(breaker, breaker, reason, True, proof)
    if now - reading.observed_at > limits.breach_max_age:
        reason = f"stale_reading: observed at {reading.observed_at}, more than {limits.breach_max_age} ago; state held"
        return BreakerDecision(breaker, breaker, reason, True, proof)
    if breaker.last_reading_at is not None and reading.observed_at <= breaker.last_reading_at:
        return BreakerDecision(breaker, breaker, "no_new_reading: this margin was counted before", False, proof)
    seen = replace(_without_old_breaches(breaker, reading.observed_at, limits), last_reading_at=reading.observed_at)
    margin, floor = reading.margin_ratio, reading.floor_ratio
    if margin < floor:
        after, reason = _breached(seen, limits, now)
    else:
        after, reason = _held_or_reset(seen, margin > floor + limits.reset_margin, limits, now)
    return BreakerDecision(
        breaker, after, f"{reason}: margin {figure(margin, 4)}, floor {figure(floor, 4)}", False, proof
    )


@overload
def _utc(moment: datetime) -> datetime: ...
@overload
def _utc(moment: None) -> None: ...
def _utc(moment: datetime | None) -> datetime | None:
    """The moment in UTC: the difference of two times of one other zone would be that of its clock's hands."""
    if moment is not None and moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone")
    return None if moment is None else moment.astimezone(UTC)


def _without_old_breaches(breaker: Breaker, observed_at: datetime, limits: BreakerLimits) -> Breaker:
    """The breaker without breaches that lie too far back to be in a row with what is observed now."""
    before = breaker.last_reading_at
    is_old = before is not None and observed_at - before > limits.breach_max_age
    return replace(breaker, breaches=0) if is_old else breaker


def _breached(breaker: Breaker, limits: BreakerLimits, now: datetime) -> tuple[Breaker, str]:
    if breaker.state in (COOL_DOWN, HALF_OPEN):
        return _entered(breaker, OPEN, now), "breach_while_probing"
    if breaker.state == OPEN:
        return breaker, "still_breached"
    count = breaker.breaches + 1
    if count >= limits.breaches:
        return _entered(breaker, _STEP_UP[breaker.state], now), f"breached {count} times in a row"
    return replace(breaker, breaches=count), f"breach {count} of {limits.breaches}"


def _held_or_reset(breaker: Breaker, is_recovered: bool, limits: BreakerLimits, now: datetime) -> tuple[Breaker, str]:
    clean, age = replace(breaker, breaches=0), now - breaker.since
    if breaker.state == CLOSED:
        return clean, "above_floor"
    if breaker.state == COOL_DOWN:
        if age >= limits.cooldown:
            return _entered(clean, HALF_OPEN, now), "cooled_down"
        return clean, "cooling_down"
    if not is_recovered:
        return clean, "below_reset_level"
    if age < limits.dwell:
        return clean, "dwelling"
    return _entered(clean, _ON_RECOVERY[breaker.state], now), "recovered"


def _entered(breaker: Breaker, state: str, now: datetime) -> Breaker:
    return Breaker(state, now, 0, breaker.last_reading_at)
