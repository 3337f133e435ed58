"""Runs the detector over a half of the keys: false alerts on the trace as it is, and which injected loops it finds when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from benchmarks.loops.inject import DRIP, LOOP_MINUTES, Loop, minute_with
from benchmarks.loops.trace import HOURS, MINUTES, START, Key, moment, quiet
from orchestration.policy.loop_detector import (
    FOUND,
    LIMITS,
    DripWatch,
    LoopDecision,
    LoopLimits,
    LoopState,
    observe_hour,
    observe_minute,
)

LEAD_MINUTES = 2 * 1440
"""Before an injected loop, so that the detector knows what it told the day before."""


@dataclass(frozen=True)
class Found:
    """How an injected loop ended; ``minutes``: from its first to the alert, None without one; ``stated`` and ``injected``:
    dollars up to the alert.
    """

    loop: Loop
    minutes: int | None
    kind: str | None
    stated: Decimal | None = None
    injected: Decimal | None = None


def alerts(key: Key, limits: LoopLimits = LIMITS) -> Iterator[LoopDecision]:
    """Everything found in the key's traffic as it is."""
    state = LoopState(key.name)
    disturbed: set[int] = set()
    minute = min(key.minutes)
    for following in [*sorted(key.minutes), MINUTES]:
        while minute < following and (state.incident or minute in key.minutes):
            now = moment(minute + 1)
            totals = key.minutes.get(minute) or quiet(minute)
            state, decisions = observe_minute(state, totals, key.baseline(minute // 60), now, limits)
            if state.incident is not None:
                disturbed.add(minute // 60)
            yield from filter(_is_told, decisions)
            minute += 1
        minute = following
    watch = DripWatch()
    for hour in range(key.first_day * 24, HOURS):
        if hour not in disturbed:
            watch, decisions = observe_hour(
                key.name, watch, moment(60 * hour), key.hours[hour], key.baseline(hour), moment(60 * hour + 60), limits
            )
            yield from filter(_is_told, decisions)


def _is_told(decision: LoopDecision) -> bool:
    return decision.phase == FOUND and not decision.is_repeat


def day_of(decision: LoopDecision) -> int:
    return (decision.started_at - START) // timedelta(days=1)


def false_alerts(key: Key, limits: LoopLimits = LIMITS) -> list[LoopDecision]:
    """What is found on days that are not labelled."""
    return [one for one in alerts(key, limits) if day_of(one) not in key.runaway_days]


def find(loop: Loop, limits: LoopLimits = LIMITS) -> Found | None:
    """What the detector makes of an injected loop; None where the key was in an incident of its own when it began."""
    return _find_drip(loop, limits) if loop.kind == DRIP else _find_loop(loop, limits)


def _find_loop(loop: Loop, limits: LoopLimits) -> Found | None:
    key, rng, state = loop.key, random.Random(loop.start), LoopState(loop.key.name)
    for minute in range(loop.start - LEAD_MINUTES, loop.start + LOOP_MINUTES):
        if minute < loop.start - 60 and minute not in key.minutes and state.incident is None:
            continue
        totals = minute_with(loop, minute, rng)
        state, decisions = observe_minute(state, totals, key.baseline(minute // 60), moment(minute + 1), limits)
        if minute == loop.start - 1 and state.incident is not None:
            return None
        for one in decisions:
            if _is_told(one) and minute >= loop.start:
                return Found(loop, minute + 1 - loop.start, one.kind)
    return Found(loop, None, None)


def _find_drip(loop: Loop, limits: LoopLimits) -> Found | None:
    key, watch, first = loop.key, DripWatch(), loop.start // 60
    for hour in range(key.first_day * 24, min(HOURS, first + 24)):
        extra = loop.per_hour if hour >= first else Decimal(0)
        watch, decisions = observe_hour(
            key.name,
            watch,
            moment(60 * hour),
            key.hours[hour] + extra,
            key.baseline(hour),
            moment(60 * hour + 60),
            limits,
        )
        if hour == first - 1 and watch.incident is not None:
            return None
        for one in decisions:
            if _is_told(one) and hour >= first:
                hours = hour + 1 - first
                return Found(loop, 60 * hours, one.kind, one.cost, hours * loop.per_hour)
    return Found(loop, None, None)
