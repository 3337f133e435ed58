"""The loop detector over the minutes of every key, as they come in.

A minute is judged once, when the log is counted :data:`SETTLED` past its end; what appears later in the log is not seen by the
detector, but by caps and by the next run. While the log is not counted further, no minute is judged, so a stale feed holds
every state. After a pause longer than :data:`CATCH_UP` the minutes between are left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.enforcement.live_usage import KEY, LiveUsage, minute_of, minutes_between
from orchestration.policy.loop_detector import (
    HourBaseline,
    LoopDecision,
    LoopState,
    MinuteTotals,
    as_json,
    from_json,
    observe_minute,
)

SETTLED = timedelta(seconds=30)
CATCH_UP = timedelta(hours=3)
FIRST_LOOK = timedelta(minutes=10)
"""How far back the detector looks at a key that it sees for the first time."""
QUIET = timedelta(days=2)
"""A key without traffic for so long, and without an open incident, is forgotten."""
STATE = "loop:"

Baseline = Callable[[str, datetime], HourBaseline]


@dataclass(frozen=True)
class LoopRound:
    """What one round found: ``decisions`` in the order of time, and the ``states`` to keep once they were told."""

    decisions: tuple[LoopDecision, ...]
    states: dict[str, Any]
    keys: int


def watch_loops(usage: LiveUsage, counted_until: datetime, baseline: Baseline, now: datetime) -> LoopRound:
    """Judge every settled minute of every key. Writes nothing: a process killed before the states are kept judges them again,
    with the same result.
    """
    until = minute_of(counted_until - SETTLED)
    known = {name.removeprefix(STATE): body for name, body in usage.states(STATE).items()}
    keys = sorted({*known, *usage.names(KEY, until - FIRST_LOOK)})
    decisions: list[LoopDecision] = []
    states: dict[str, Any] = {}
    for key in keys:
        body = known.get(key)
        state, found = _watched(usage, key, None if body is None else from_json(body), until, baseline, now)
        last_used = usage.last_used(key, until)
        is_quiet = last_used is None or until - last_used > QUIET
        is_forgotten = is_quiet and state.incident is None and state.drip.incident is None
        states[STATE + key] = None if is_forgotten else as_json(state)
        decisions += found
    return LoopRound(tuple(sorted(decisions, key=lambda one: (one.started_at, one.key))), states, len(keys))


def _watched(
    usage: LiveUsage, key: str, state: LoopState | None, until: datetime, baseline: Baseline, now: datetime
) -> tuple[LoopState, Iterable[LoopDecision]]:
    state = LoopState(key) if state is None else state
    first = state.minutes[-1].minute + timedelta(minutes=1) if state.minutes else until - FIRST_LOOK
    if until - first > CATCH_UP:
        state, first = replace(state, minutes=(), hour=None, breached_at=None), until - FIRST_LOOK
    used = usage.minutes(key, first, until)
    decisions: list[LoopDecision] = []
    for minute in minutes_between(first, until):
        one = used.get(minute)
        totals = (
            MinuteTotals(minute, Decimal(0), 0, 0)
            if one is None
            else MinuteTotals(minute, one.cost, one.calls, one.prompt_tokens, one.signature, one.repeated)
        )
        state, found = observe_minute(state, totals, baseline(key, minute), now)
        decisions += found
    return state, decisions
