"""The runaway-loop detector: a pure state machine per key over the minutes of its traffic, the clock injected.

Every minute the cost of the last five minutes is set against what the key usually costs at that hour. Above
``velocity_ratio`` times the usual it breaches by itself; where one request signature makes up most of the calls, or the
context per call grows from minute to minute, ``loop_ratio`` times is enough. A key that is never in use at this hour is
not measured by its busy hours. Whether the calls succeed is no defence: it is not asked. A second breach two minutes
after the first opens an incident, ten minutes in a row without one close it; between them nothing is told again.

A slow drip is found hour by hour: the sum of excesses over the usual hour, each one capped so that a single burst
cannot fill it, less an allowance. A drip is told with its dollars.

Stale data (no minute, or one that was seen before) holds the state. What is missing of a minute (counters know no
calls) switches off the signs that need it, never the others. Amounts are of one currency, that of the limits.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.policy.evidence import evidence_id, figure, rounded

STEADY_HAMMER, GROWING_CONTEXT = "steady_hammer", "growing_context"
VELOCITY, SLOW_DRIP = "velocity", "slow_drip"
KINDS = (STEADY_HAMMER, GROWING_CONTEXT, VELOCITY, SLOW_DRIP)
FOUND, OVER = "found", "over"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class LoopLimits:
    """When minutes are a loop. Amounts are US dollars; :meth:`worth` converts them."""

    window_minutes: int = 5
    confirm_minutes: int = 2
    quiet_minutes: int = 10
    min_spend: Decimal = Decimal("0.25")
    """Least cost of a window that breaches by velocity alone."""
    min_loop_spend: Decimal = Decimal("0.10")
    """Least cost of a window that breaches with a repeated signature or a growing context."""
    velocity_ratio: Decimal = Decimal(4)
    loop_ratio: Decimal = Decimal(2)
    deviations: Decimal = Decimal(4)
    """A breach is also this many spreads above the usual hour."""
    busy_ratio: Decimal = Decimal(2)
    """By velocity alone a breach is also this many times the key's busy hour, but for hours in which it is never used."""
    min_days_known: int = 3
    """Younger keys have no usual velocity: they breach with a second sign only."""
    repeated_calls: int = 15
    """Least calls of one signature in a window that are a hammer, if they are at least half of its calls."""
    growth_ratio: Decimal = Decimal("1.1")
    """Least growth of the prompt tokens per call from the first to the last minute of a window in which they rise each
    minute.
    """
    drip_unit: Decimal = Decimal("0.05")
    """Least excess per hour that counts as one unit."""
    drip_allowance: Decimal = Decimal("0.75")
    drip_cap: Decimal = Decimal(2)
    """Most units that one hour adds, or takes away."""
    drip_units: Decimal = Decimal(14)
    min_drip: Decimal = Decimal(1)
    """Least excess in all that is told."""

    def worth(self, rate: Decimal) -> "LoopLimits":
        """The limits in a currency of which one US dollar is worth ``rate``."""
        amounts = ("min_spend", "min_loop_spend", "drip_unit", "min_drip")
        return replace(self, **{name: rounded(getattr(self, name) * rate) for name in amounts})


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
class Incident:
    """A loop or a drip that is going on: from when, since when it is known, what it cost and what was expected of the same
    time, up to ``seen_until``.
    """

    kind: str
    started_at: datetime
    detected_at: datetime
    seen_until: datetime
    cost: Decimal
    expected: Decimal
    evidence_id: str

    @property
    def excess(self) -> Decimal:
        """What the incident has cost."""
        return max(Decimal(0), self.cost - self.expected)


@dataclass(frozen=True)
class DripWatch:
    """The sum of capped excesses of whole hours, and what they came to since it left zero."""

    score: Decimal = Decimal(0)
    since: datetime | None = None
    cost: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    hours: int = 0
    last_hour: datetime | None = None
    incident: Incident | None = None


@dataclass(frozen=True)
class LoopState:
    """All that is kept of one key: the minutes of the window, a first breach, what is going on, and the hour so far."""

    key: str
    minutes: tuple[MinuteTotals, ...] = ()
    breached_at: datetime | None = None
    incident: Incident | None = None
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
class LoopDecision:
    """One incident of ``key`` was found, or is over. ``cost``: what it cost beyond the usual, so far or in all;
    ``cost_per_hour``: what it costs beyond the usual while it goes on.
    """

    key: str
    phase: str
    kind: str
    started_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    cost: Decimal
    cost_per_hour: Decimal
    reason: str
    evidence_id: str


@dataclass(frozen=True)
class _LoopEvidence:
    key: str
    minutes: tuple[MinuteTotals, ...]
    baseline: HourBaseline
    limits: LoopLimits


@dataclass(frozen=True)
class _DripEvidence:
    key: str
    watch: DripWatch
    baseline: HourBaseline
    limits: LoopLimits


@dataclass(frozen=True)
class _Breach:
    kind: str
    threshold: Decimal
    why: str


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
    totals, now = replace(totals, minute=_utc(totals.minute)), _utc(now)
    if state.minutes and totals.minute <= state.minutes[-1].minute:
        return state, ()
    state, decisions = _hour_turned(state, totals, baseline, now, limits)
    first = totals.minute - (limits.window_minutes - 1) * MINUTE
    window = (*(one for one in state.minutes if one.minute >= first), totals)
    state = replace(state, minutes=window)
    breach = _breach(window, baseline, limits, is_open=state.incident is not None)
    if state.incident is not None:
        state, more = _continued(state, totals, breach, baseline, limits)
    elif breach is None:
        state, more = replace(state, breached_at=None), ()
    elif state.breached_at is None:
        state, more = replace(state, breached_at=totals.minute), ()
    elif totals.minute - state.breached_at < limits.confirm_minutes * MINUTE:
        more = ()
    else:
        state, more = _opened(state, breach, baseline, now, limits)
    return replace(state, is_hour_disturbed=state.is_hour_disturbed or state.incident is not None), (*decisions, *more)


def observe_hour(
    key: str,
    watch: DripWatch,
    hour: datetime,
    cost: Decimal,
    baseline: HourBaseline,
    now: datetime,
    limits: LoopLimits = LIMITS,
) -> tuple[DripWatch, tuple[LoopDecision, ...]]:
    """The slow-drip watch after a whole hour that cost ``cost``; hours already seen change nothing, and hours left out
    (disturbed, or not seen whole) neither add nor take away.
    """
    hour, now = _utc(hour), _utc(now)
    if (watch.last_hour is not None and hour <= watch.last_hour) or baseline.days_known < limits.min_days_known:
        return watch, ()
    unit = max(limits.drip_unit, baseline.spread, baseline.usual / 4)
    excess = cost - baseline.usual
    units = max(-limits.drip_cap, min(limits.drip_cap, excess / unit)) - limits.drip_allowance
    score = rounded(max(Decimal(0), min(limits.drip_units, watch.score + units)))
    if score == 0:
        over = () if watch.incident is None else (_over(key, watch.incident),)
        return DripWatch(last_hour=hour), over
    watch = replace(
        watch,
        score=score,
        since=watch.since or hour,
        cost=watch.cost + cost,
        expected=watch.expected + baseline.usual,
        hours=watch.hours + 1,
        last_hour=hour,
    )
    if watch.incident is not None:
        return replace(watch, incident=_grown(watch.incident, cost, baseline.usual, hour + HOUR)), ()
    if score < limits.drip_units or watch.cost - watch.expected < limits.min_drip:
        return watch, ()
    assert watch.since is not None
    proof = evidence_id(_DripEvidence(key, watch, baseline, limits))
    incident = Incident(SLOW_DRIP, watch.since, now, hour + HOUR, watch.cost, watch.expected, proof)
    per_hour = rounded(incident.excess / watch.hours, 12)
    reason = (
        f"slow_drip: {figure(watch.cost)} in {watch.hours} hours, {figure(watch.expected)} usual; "
        f"{figure(incident.excess)} more, {figure(per_hour)} an hour, {figure(per_hour * 24)} a day if it goes on"
    )
    decision = LoopDecision(key, FOUND, SLOW_DRIP, watch.since, now, None, incident.excess, per_hour, reason, proof)
    return replace(watch, incident=incident), (decision,)


def as_json(state: LoopState) -> dict[str, Any]:
    """The state as values that JSON can hold; :func:`from_json` reads them back exactly."""
    body: dict[str, Any] = _plain(asdict(state))
    return body


def from_json(body: dict[str, Any]) -> LoopState:
    """The state that :func:`as_json` wrote. Raises KeyError or ValueError for anything else."""
    drip = _read(DripWatch, body["drip"])
    return replace(
        _read(LoopState, body),
        minutes=tuple(_read(MinuteTotals, one) for one in body["minutes"]),
        incident=_read_incident(body["incident"]),
        hour_baseline=_read(HourBaseline, body["hour_baseline"]),
        drip=replace(drip, incident=_read_incident(body["drip"]["incident"])),
    )


def least_window_cost(baseline: HourBaseline, limits: LoopLimits = LIMITS) -> Decimal:
    """No window of the hour that costs less than this opens an incident, whatever its calls are like."""
    velocity, loop = _thresholds(baseline, limits)
    return loop if velocity is None else min(velocity, loop)


def _thresholds(baseline: HourBaseline, limits: LoopLimits) -> tuple[Decimal | None, Decimal]:
    """Window costs from which it breaches by velocity alone (None: never) and with a second sign."""
    share = Decimal(limits.window_minutes) / 60
    high = (baseline.usual + limits.deviations * baseline.spread) * share
    usual, busy = baseline.usual * share, baseline.busy * share
    loop = max(limits.min_loop_spend, limits.loop_ratio * usual)
    if baseline.days_known < limits.min_days_known:
        return None, loop
    velocity = max(limits.min_spend, limits.velocity_ratio * usual, high)
    if not baseline.is_unattended:
        velocity = max(velocity, limits.busy_ratio * busy)
        loop = max(loop, busy)
    return velocity, loop


def _breach(
    window: tuple[MinuteTotals, ...], baseline: HourBaseline, limits: LoopLimits, *, is_open: bool
) -> _Breach | None:
    cost = sum((one.cost for one in window), Decimal(0))
    velocity, loop = _thresholds(baseline, limits)
    if cost >= loop:
        why = _repeated(window, limits)
        if why is not None:
            return _Breach(STEADY_HAMMER, loop, why)
        why = _growing(window, limits)
        if why is not None:
            return _Breach(GROWING_CONTEXT, loop, why)
        if is_open:
            return _Breach(VELOCITY, loop, "")
    if velocity is not None and cost >= velocity:
        where = "an hour in which it is never used" if baseline.is_unattended else baseline.basis.replace("_", " ")
        return _Breach(VELOCITY, velocity, f"the limit for {where}")
    return None


def _repeated(window: tuple[MinuteTotals, ...], limits: LoopLimits) -> str | None:
    counts: Counter[str] = Counter()
    for one in window:
        if one.signature is not None and one.repeated_calls:
            counts[one.signature] += one.repeated_calls
    if not counts:
        return None
    (signature, repeated), calls = counts.most_common(1)[0], sum(one.calls or 0 for one in window)
    if repeated < limits.repeated_calls or 2 * repeated < calls:
        return None
    return f"{repeated} of {calls} calls are the same request ({signature})"


def _growing(window: tuple[MinuteTotals, ...], limits: LoopLimits) -> str | None:
    if len(window) < limits.window_minutes:
        return None
    means = [Decimal(one.prompt_tokens) / one.calls for one in window if one.calls and one.prompt_tokens]
    if len(means) < len(window) or any(later <= earlier for earlier, later in zip(means, means[1:], strict=False)):
        return None
    if means[-1] < limits.growth_ratio * means[0]:
        return None
    return f"context grows from {figure(means[0], 0)} to {figure(means[-1], 0)} tokens a call"


def _opened(
    state: LoopState, breach: _Breach, baseline: HourBaseline, now: datetime, limits: LoopLimits
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    window, per_minute = state.minutes, rounded(baseline.usual / 60, 12)
    proof = evidence_id(_LoopEvidence(state.key, window, baseline, limits))
    part = next(number for number, one in enumerate(window) if one.cost > per_minute or number == len(window) - 1)
    cost = sum((one.cost for one in window[part:]), Decimal(0))
    incident = Incident(
        kind=breach.kind,
        started_at=window[part].minute,
        detected_at=now,
        seen_until=window[-1].minute + MINUTE,
        cost=cost,
        expected=per_minute * (len(window) - part),
        evidence_id=proof,
    )
    per_hour = _per_hour(window, baseline, limits)
    whole = sum((one.cost for one in window), Decimal(0))
    reason = (
        f"{breach.kind}: {figure(whole)} in {limits.window_minutes} minutes, "
        f"{figure(per_minute * limits.window_minutes)} usual, limit {figure(breach.threshold)}; {breach.why}; "
        f"{figure(per_hour)} an hour more if it goes on"
    )
    decision = LoopDecision(
        state.key, FOUND, breach.kind, incident.started_at, now, None, incident.excess, per_hour, reason, proof
    )
    empty = Decimal(0)
    opened = replace(
        state, incident=incident, breached_at=None, quiet_minutes=0, unbooked_cost=empty, unbooked_expected=empty
    )
    return opened, (decision,)


def _continued(
    state: LoopState, totals: MinuteTotals, breach: _Breach | None, baseline: HourBaseline, limits: LoopLimits
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    """The incident grows by what was used up to the last minute that breached; quiet minutes after it are not booked."""
    assert state.incident is not None
    cost = state.unbooked_cost + totals.cost
    expected = state.unbooked_expected + rounded(baseline.usual / 60, 12)
    if breach is not None and totals.cost > 0:
        grown = _grown(state.incident, cost, expected, totals.minute + MINUTE)
        return replace(
            state, incident=grown, quiet_minutes=0, unbooked_cost=Decimal(0), unbooked_expected=Decimal(0)
        ), ()
    quiet = state.quiet_minutes + 1
    if quiet < limits.quiet_minutes:
        return replace(state, quiet_minutes=quiet, unbooked_cost=cost, unbooked_expected=expected), ()
    over = _over(state.key, state.incident)
    return replace(state, incident=None, quiet_minutes=0, unbooked_cost=Decimal(0), unbooked_expected=Decimal(0)), (
        over,
    )


def _grown(incident: Incident, cost: Decimal, expected: Decimal, until: datetime) -> Incident:
    return replace(incident, cost=incident.cost + cost, expected=incident.expected + expected, seen_until=until)


def _over(key: str, incident: Incident) -> LoopDecision:
    hours = Decimal((incident.seen_until - incident.started_at) // MINUTE) / 60
    per_hour = rounded(incident.excess / hours, 12)
    reason = f"{incident.kind} is over: {figure(incident.excess)} more than usual, {figure(per_hour)} an hour"
    return LoopDecision(
        key,
        OVER,
        incident.kind,
        incident.started_at,
        incident.detected_at,
        incident.seen_until,
        incident.excess,
        per_hour,
        reason,
        incident.evidence_id,
    )


def _per_hour(window: tuple[MinuteTotals, ...], baseline: HourBaseline, limits: LoopLimits) -> Decimal:
    cost = sum((one.cost for one in window), Decimal(0))
    return rounded(max(Decimal(0), cost * 60 / limits.window_minutes - baseline.usual), 12)


def _hour_turned(
    state: LoopState, totals: MinuteTotals, baseline: HourBaseline, now: datetime, limits: LoopLimits
) -> tuple[LoopState, tuple[LoopDecision, ...]]:
    """The hour before is judged once its last minute is past, if all its minutes were seen and no loop ran in it."""
    hour = totals.minute.replace(minute=0, second=0, microsecond=0)
    if hour == state.hour:
        return replace(state, hour_minutes=state.hour_minutes + 1, hour_cost=state.hour_cost + totals.cost), ()
    drip, decisions = state.drip, ()
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


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)


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
    *("cost", "expected", "unbooked_cost", "unbooked_expected", "hour_cost", "score", "usual", "spread", "busy"),
}


def _read(kind: type, body: dict[str, Any]) -> Any:
    values = {name: body[name] for name in kind.__dataclass_fields__}
    for name, value in values.items():
        if value is not None and name in _MOMENTS:
            values[name] = datetime.fromisoformat(value)
        elif value is not None and name in _AMOUNTS:
            values[name] = Decimal(value)
    return kind(**values)


def _read_incident(body: dict[str, Any] | None) -> Incident | None:
    return None if body is None else _read(Incident, body)
