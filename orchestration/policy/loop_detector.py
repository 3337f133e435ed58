"""The runaway-loop detector: a pure state machine per key over the minutes of its traffic, the clock injected.

Every minute the cost of the last five minutes is set against what the key usually costs at that hour. Above
``velocity_ratio`` times the usual it breaches by itself; where one request signature makes up most of the calls, or the
context per call grows from minute to minute, ``loop_ratio`` times is enough. A key that is never in use at this hour is
not measured by its busy hours. Whether the calls succeed is no defence: it is not asked. A second breach two minutes
after the first opens an incident, thirty minutes in a row without one close it; between them nothing is told again.
Slow drips are found on the whole hours (``slow_drip``).

Stale data (no minute, or one that was seen before) holds the state. Amounts are of one currency, that of the limits.
"""

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from orchestration.policy.evidence import evidence_id, figure, rounded
from orchestration.policy.incidents import FOUND, MINUTE, OVER, Incident, LoopDecision, found, in_utc, over
from orchestration.policy.loop_signs import (
    GROWING_CONTEXT,
    KINDS,
    LIMITS,
    NO_BASELINE,
    SLOW_DRIP,
    STEADY_HAMMER,
    VELOCITY,
    Breach,
    HourBaseline,
    LoopLimits,
    MinuteTotals,
    find_breach,
    thresholds,
)
from orchestration.policy.slow_drip import DripWatch, observe_hour

__all__ = [
    "FOUND",
    "GROWING_CONTEXT",
    "KINDS",
    "LIMITS",
    "NO_BASELINE",
    "OVER",
    "SLOW_DRIP",
    "STEADY_HAMMER",
    "VELOCITY",
    "DripWatch",
    "HourBaseline",
    "Incident",
    "LoopDecision",
    "LoopLimits",
    "LoopState",
    "MinuteTotals",
    "as_json",
    "from_json",
    "least_window_cost",
    "observe_hour",
    "observe_minute",
]

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class LoopState:
    """All that is kept of one key: the minutes of the window, a first breach, what is going on, the last loop of which was
    told, and the hour so far.
    """

    key: str
    minutes: tuple[MinuteTotals, ...] = ()
    breached_at: datetime | None = None
    incident: Incident | None = None
    last: Incident | None = None
    quiet_minutes: int = 0
    unbooked_cost: Decimal = Decimal(0)
    unbooked_expected: Decimal = Decimal(0)
    hour: datetime | None = None
    hour_minutes: int = 0
    hour_cost: Decimal = Decimal(0)
    hour_baseline: HourBaseline = NO_BASELINE
    is_hour_disturbed: bool = False
    drip: DripWatch = field(default_factory=DripWatch)


@dataclass(frozen=True)
class _LoopEvidence:
    key: str
    minutes: tuple[MinuteTotals, ...]
    baseline: HourBaseline
    limits: LoopLimits


def observe_minute(
    state: LoopState,
    totals: MinuteTotals | None,
    baseline: HourBaseline,
    now: datetime,
    limits: LoopLimits = LIMITS,
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    """The key's state after one more minute, and what was found or is over by it.

    ``totals`` None: the feed is stale, the state is held; so does a minute that is not after the last one. ``baseline``
    is that of the hour of ``totals.minute``. Raises ValueError for a time without a zone.
    """
    if totals is None:
        return state, ()
    now = in_utc(now)
    if totals.minute.tzinfo is not UTC:
        totals = replace(totals, minute=in_utc(totals.minute))
    if state.minutes and totals.minute <= state.minutes[-1].minute:
        return state, ()
    state, decisions = _hour_turned(state, totals, baseline, now, limits)
    first = totals.minute - (limits.kept_minutes - 1) * MINUTE
    state = replace(state, minutes=(*(one for one in state.minutes if one.minute >= first), totals))
    breach = find_breach(_window(state, limits), baseline, limits, is_open=state.incident is not None)
    if state.incident is not None:
        state, more = _continued(state, totals, breach, baseline, limits)
    elif breach is None:
        state, more = state if state.breached_at is None else replace(state, breached_at=None), ()
    elif state.breached_at is None:
        state, more = replace(state, breached_at=totals.minute), ()
    elif totals.minute - state.breached_at < limits.confirm_minutes * MINUTE:
        more = ()
    else:
        state, more = _opened(state, breach, baseline, now, limits)
    if state.incident is not None and not state.is_hour_disturbed:
        state = replace(state, is_hour_disturbed=True)
    return state, (*decisions, *more)


def as_json(state: LoopState) -> dict[str, Any]:
    """The state as values that JSON can hold; :func:`from_json` reads them back exactly."""
    body: dict[str, Any] = _plain(asdict(state))
    return body


def from_json(body: dict[str, Any]) -> LoopState:
    """The state that :func:`as_json` wrote. Raises KeyError or ValueError for anything else."""
    drip: dict[str, Any] = body["drip"]
    return replace(
        _read(LoopState, body),
        minutes=tuple(_read(MinuteTotals, one) for one in body["minutes"]),
        incident=_read_incident(body["incident"]),
        last=_read_incident(body["last"]),
        hour_baseline=_read(HourBaseline, body["hour_baseline"]),
        drip=replace(
            _read(DripWatch, drip), incident=_read_incident(drip["incident"]), last=_read_incident(drip["last"])
        ),
    )


def least_window_cost(baseline: HourBaseline, limits: LoopLimits = LIMITS) -> Decimal:
    """No window of the hour that costs less than this opens an incident, whatever its calls are like."""
    velocity, loop = thresholds(baseline, limits)
    return loop if velocity is None else min(velocity, loop)


def _opened(
    state: LoopState, breach: Breach, baseline: HourBaseline, now: datetime, limits: LoopLimits
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    window, per_minute = _window(state, limits), rounded(baseline.usual / 60, 12)
    part = _since_it_began(state.minutes, window, per_minute * limits.loop_ratio)
    incident = Incident(
        kind=breach.kind,
        started_at=part[0].minute,
        detected_at=now,
        seen_until=window[-1].minute + MINUTE,
        cost=sum((one.cost for one in part), Decimal(0)),
        expected=per_minute * len(part),
        per_hour=_per_hour(part[-limits.window_minutes :], baseline),
        evidence_id=evidence_id(_LoopEvidence(state.key, window, baseline, limits)),
    )
    is_repeat = incident.is_repeat_of(state.last, limits.repeat_hours, limits.repeat_ratio)
    reason = (
        f"{figure(sum((one.cost for one in window), Decimal(0)))} in {limits.window_minutes} minutes, "
        f"{figure(per_minute * limits.window_minutes)} usual, limit {figure(breach.threshold)}; {breach.why}; "
        f"{figure(incident.per_hour)} an hour more if it goes on"
    )
    told = replace(state.last, seen_until=incident.seen_until) if is_repeat and state.last else incident
    state = replace(_booked(state), incident=incident, last=told, breached_at=None)
    return state, (found(state.key, incident, reason, is_repeat=is_repeat),)


def _continued(
    state: LoopState, totals: MinuteTotals, breach: Breach | None, baseline: HourBaseline, limits: LoopLimits
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    """The incident grows by what was used up to the last minute that breached; quiet minutes after it are not booked."""
    assert state.incident is not None and state.last is not None
    cost = state.unbooked_cost + totals.cost
    expected = state.unbooked_expected + rounded(baseline.usual / 60, 12)
    if breach is not None and totals.cost > 0:
        grown = state.incident.grown(cost, expected, totals.minute + MINUTE)
        grown = replace(grown, per_hour=max(grown.per_hour, _per_hour(_window(state, limits), baseline)))
        is_told = state.last.started_at == grown.started_at
        last = grown if is_told else replace(state.last, seen_until=grown.seen_until)
        return replace(_booked(state), incident=grown, last=last), ()
    if state.quiet_minutes + 1 < limits.quiet_minutes:
        waiting = replace(state, unbooked_cost=cost, unbooked_expected=expected)
        return replace(waiting, quiet_minutes=state.quiet_minutes + 1), ()
    return replace(_booked(state), incident=None), (over(state.key, state.incident),)


def _window(state: LoopState, limits: LoopLimits) -> tuple[MinuteTotals, ...]:
    first = state.minutes[-1].minute - (limits.window_minutes - 1) * MINUTE
    return tuple(one for one in state.minutes[-limits.window_minutes :] if one.minute >= first)


def _since_it_began(
    minutes: tuple[MinuteTotals, ...], window: tuple[MinuteTotals, ...], limit: Decimal
) -> tuple[MinuteTotals, ...]:
    """The minutes from the first of the window above ``limit`` on, and those above it right before, without a gap."""
    above = next((one.minute for one in window if one.cost > limit), window[-1].minute)
    began = len(minutes) - 1
    while minutes[began].minute > above:
        began -= 1
    while (
        began > 0 and minutes[began - 1].cost > limit and (minutes[began].minute - minutes[began - 1].minute == MINUTE)
    ):
        began -= 1
    return minutes[began:]


def _booked(state: LoopState) -> LoopState:
    return replace(state, quiet_minutes=0, unbooked_cost=Decimal(0), unbooked_expected=Decimal(0))


def _per_hour(minutes: tuple[MinuteTotals, ...], baseline: HourBaseline) -> Decimal:
    cost = sum((one.cost for one in minutes), Decimal(0))
    return rounded(max(Decimal(0), cost * 60 / len(minutes) - baseline.usual), 12)


def _hour_turned(
    state: LoopState, totals: MinuteTotals, baseline: HourBaseline, now: datetime, limits: LoopLimits
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    """The hour before is judged once its last minute is past, if all its minutes were seen and no loop ran in it."""
    hour = totals.minute.replace(minute=0, second=0, microsecond=0)
    if hour == state.hour:
        return replace(state, hour_minutes=state.hour_minutes + 1, hour_cost=state.hour_cost + totals.cost), ()
    drip, decisions = state.drip, tuple[LoopDecision, ...]()
    if state.hour is not None and state.hour_minutes == 60 and not state.is_hour_disturbed:
        drip, decisions = observe_hour(
            state.key, state.drip, state.hour, state.hour_cost, state.hour_baseline, now, limits
        )
    turned = replace(
        state,
        hour=hour,
        hour_minutes=1,
        hour_cost=totals.cost,
        hour_baseline=baseline,
        is_hour_disturbed=state.incident is not None,
        drip=drip,
    )
    return turned, decisions


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


_MOMENTS = {
    *("minute", "breached_at", "hour", "started_at", "detected_at", "seen_until", "since", "last_hour"),
}
_AMOUNTS = {
    *(
        "cost",
        "expected",
        "unbooked_cost",
        "unbooked_expected",
        "hour_cost",
        "score",
        "usual",
        "spread",
        "busy",
        "per_hour",
    ),
}


def _read(kind: type[_Part], body: dict[str, Any]) -> _Part:
    values = {one.name: body[one.name] for one in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        if value is not None and name in _MOMENTS:
            values[name] = datetime.fromisoformat(value)
        elif value is not None and name in _AMOUNTS:
            values[name] = Decimal(value)
    return kind(**values)


def _read_incident(body: dict[str, Any] | None) -> Incident | None:
    return None if body is None else _read(Incident, body)
