"""An incident of one key, what is decided of it, and when one is only a repeat of the last. Shared by loops and slow drips."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from orchestration.policy.evidence import figure, rounded

FOUND, OVER = "found", "over"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Incident:
    """A loop or a drip: from when, since when it is known, what it cost and what was expected of the same time, up to
    ``seen_until``; ``per_hour``: the most that it cost beyond the usual, as a rate.
    """

    kind: str
    started_at: datetime
    detected_at: datetime
    seen_until: datetime
    cost: Decimal
    expected: Decimal
    per_hour: Decimal
    evidence_id: str

    @property
    def excess(self) -> Decimal:
        """What the incident has cost."""
        return max(Decimal(0), self.cost - self.expected)

    def grown(self, cost: Decimal, expected: Decimal, until: datetime) -> "Incident":
        """The incident with what was used since."""
        return replace(self, cost=self.cost + cost, expected=self.expected + expected, seen_until=until)

    def is_repeat_of(self, last: "Incident | None", hours: int, ratio: Decimal) -> bool:
        """Began within so many ``hours`` after the end of ``last`` and costs at most ``ratio`` times its rate."""
        if last is None or self.started_at - last.seen_until > hours * HOUR:
            return False
        return self.per_hour <= ratio * last.per_hour


@dataclass(frozen=True)
class LoopDecision:
    """One incident of ``key`` was found, or is over. ``cost``: what it cost beyond the usual, so far or in all;
    ``cost_per_hour``: what it costs beyond the usual while it goes on. ``is_repeat``: one that was hardly cheaper was
    found in this key shortly before, so that there is nothing new to tell.
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
    is_repeat: bool = False


def found(key: str, incident: Incident, reason: str, *, is_repeat: bool) -> LoopDecision:
    """The decision that opens ``incident``."""
    return LoopDecision(
        key=key,
        phase=FOUND,
        kind=incident.kind,
        started_at=incident.started_at,
        detected_at=incident.detected_at,
        ended_at=None,
        cost=incident.excess,
        cost_per_hour=incident.per_hour,
        reason=f"{incident.kind}: {reason}",
        evidence_id=incident.evidence_id,
        is_repeat=is_repeat,
    )


def over(key: str, incident: Incident) -> LoopDecision:
    """The decision that closes ``incident``: its cost in all and per hour on average."""
    hours = Decimal((incident.seen_until - incident.started_at) // MINUTE) / 60
    per_hour = rounded(incident.excess / hours, 12)
    reason = f"{incident.kind} is over: {figure(incident.excess)} more than usual, {figure(per_hour)} an hour"
    return LoopDecision(
        key=key,
        phase=OVER,
        kind=incident.kind,
        started_at=incident.started_at,
        detected_at=incident.detected_at,
        ended_at=incident.seen_until,
        cost=incident.excess,
        cost_per_hour=per_hour,
        reason=reason,
        evidence_id=incident.evidence_id,
    )


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; ValueError for one without a zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)
