"""Slow drips of one key, hour by hour: a low constant extra cost around the clock, told with its dollars.

The watch sums the excess of each whole hour over the usual one in units of the key's own spread, each hour capped so that
no burst can fill the sum, less an allowance. Full, and most hours above the usual by day and night, it opens an incident;
back at zero, it closes it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from orchestration.policy.evidence import evidence_id, figure, rounded
from orchestration.policy.incidents import HOUR, Incident, LoopDecision, found, in_utc, over
from orchestration.policy.loop_signs import LIMITS, SLOW_DRIP, HourBaseline, LoopLimits


@dataclass(frozen=True)
class DripWatch:
    """The sum in units, and the hours (how many of them above the usual) and costs since it left zero; ``last``: the last drip
    of which was told.
    """

    score: Decimal = Decimal(0)
    since: datetime | None = None
    cost: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    hours: int = 0
    hours_above: int = 0
    last_hour: datetime | None = None
    incident: Incident | None = None
    last: Incident | None = None


@dataclass(frozen=True)
class _DripEvidence:
    key: str
    watch: DripWatch
    baseline: HourBaseline
    limits: LoopLimits


def observe_hour(
    key: str,
    watch: DripWatch,
    hour: datetime,
    cost: Decimal,
    baseline: HourBaseline,
    now: datetime,
    limits: LoopLimits = LIMITS,
) -> tuple[DripWatch, tuple[LoopDecision, ...]]:
    """The watch after the whole hour that begins at ``hour`` and cost ``cost``. An hour already seen changes nothing; an hour
    left out (a loop ran in it, or it was not seen whole) neither adds nor takes away.
    """
    hour, now = in_utc(hour), in_utc(now)
    if (watch.last_hour is not None and hour <= watch.last_hour) or baseline.days_known < limits.min_drip_days_known:
        return watch, ()
    unit = max(limits.drip_unit, baseline.spread, baseline.usual / 4)
    units = max(-limits.drip_cap, min(limits.drip_cap, (cost - baseline.usual) / unit)) - limits.drip_allowance
    score = rounded(max(Decimal(0), min(limits.drip_units, watch.score + units)))
    if score == 0:
        ended = () if watch.incident is None else (over(key, watch.incident),)
        return DripWatch(last_hour=hour, last=watch.last), ended
    watch = replace(
        watch,
        score=score,
        since=watch.since or hour,
        cost=watch.cost + cost,
        expected=watch.expected + baseline.usual,
        hours=watch.hours + 1,
        hours_above=watch.hours_above + (cost > baseline.usual),
        last_hour=hour,
    )
    if watch.incident is not None:
        grown = watch.incident.grown(cost, baseline.usual, hour + HOUR)
        return replace(watch, incident=grown, last=_told(watch.last, grown)), ()
    is_around_the_clock = watch.hours_above >= limits.drip_hours_share * watch.hours
    if score < limits.drip_units or watch.cost - watch.expected < limits.min_drip or not is_around_the_clock:
        return watch, ()
    return _opened(key, watch, baseline, now, limits)


def _opened(
    key: str, watch: DripWatch, baseline: HourBaseline, now: datetime, limits: LoopLimits
) -> tuple[DripWatch, tuple[LoopDecision, ...]]:
    assert watch.since is not None and watch.last_hour is not None
    incident = Incident(
        kind=SLOW_DRIP,
        started_at=watch.since,
        detected_at=now,
        seen_until=watch.last_hour + HOUR,
        cost=watch.cost,
        expected=watch.expected,
        per_hour=rounded((watch.cost - watch.expected) / watch.hours, 12),
        evidence_id=evidence_id(_DripEvidence(key, watch, baseline, limits)),
    )
    is_repeat = incident.is_repeat_of(watch.last, limits.drip_repeat_hours, limits.repeat_ratio)
    reason = (
        f"{figure(watch.cost)} in {watch.hours} hours, {figure(watch.expected)} usual; {figure(incident.excess)} more, "
        f"{figure(incident.per_hour)} an hour, {figure(incident.per_hour * 24)} a day if it goes on"
    )
    told = replace(watch.last, seen_until=incident.seen_until) if is_repeat and watch.last else incident
    return replace(watch, incident=incident, last=told), (found(key, incident, reason, is_repeat=is_repeat),)


def _told(last: Incident | None, incident: Incident) -> Incident | None:
    return last and replace(last, seen_until=incident.seen_until)
