"""What is to be told of conditions that last: that one came up, that there is news of it, that a critical one goes on
unheard, that it is over. A pure step from what was open to what is open; the clock is injected.

A condition that comes up opens an episode, named by its first moment, so that it may fire again after it was resolved.
Another key of an open condition, or a rise of its severity, is news. A critical condition that stays open goes up one
level for every ``escalate_after``, as many levels as there are. Only a condition that was judged can be over: one that
nobody looked at, because its data is missing or stale, stays open.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

RANKS = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True)
class Held:
    """A condition that holds now: ``key`` names the fact, another key is news of the same condition."""

    condition: str
    key: str
    severity: str


@dataclass(frozen=True)
class Open:
    """An open condition. ``news``: how often it was told; ``level``: how far it was escalated; ``critical_since``: None
    where it is not critical.
    """

    condition: str
    key: str
    severity: str
    opened_at: datetime
    news: int = 1
    level: int = 0
    critical_since: datetime | None = None

    @property
    def episode(self) -> str:
        return f"{self.condition}|{self.opened_at.astimezone(UTC).isoformat(timespec='microseconds')}"


@dataclass(frozen=True)
class Escalation:
    """How long a critical condition may stay open before each next level is told, and how many levels there are."""

    after: timedelta
    levels: int


@dataclass(frozen=True)
class Step:
    """One message to send. ``name`` is unique for ever; ``of`` is the condition as it stands after the step."""

    event: Literal["told", "escalated", "resolved"]
    name: str
    of: Open


def is_below(condition: str, judged: Sequence[str]) -> bool:
    """Whether a beginning of the condition, up to a colon, is among ``judged``."""
    return any(f"{condition}:".startswith(f"{beginning}:") for beginning in judged)


def advance(
    open_conditions: Mapping[str, Open],
    held: Sequence[Held],
    judged: Sequence[str],
    escalation: Callable[[str], Escalation],
    now: datetime,
) -> tuple[dict[str, Open], tuple[Step, ...]]:
    """What is open now, and what is to be told. ``judged``: beginnings of the conditions that were looked at."""
    worst: dict[str, Held] = {}
    for one in held:
        if one.condition not in worst or RANKS[one.severity] > RANKS[worst[one.condition].severity]:
            worst[one.condition] = one
    stand, steps = dict(open_conditions), []
    for condition, one in worst.items():
        before = stand.get(condition)
        after = _seen(before, one, now)
        stand[condition] = after
        if before is None or after.news > before.news:
            steps.append(Step("told", f"{after.episode}|{after.news}", after))
    for condition in [name for name in stand if name not in worst and is_below(name, judged)]:
        over = stand.pop(condition)
        steps.append(Step("resolved", f"{over.episode}|resolved", over))
    for condition, at in stand.items():
        rule = escalation(condition)
        if at.critical_since and at.level < rule.levels and now - at.critical_since >= rule.after * (at.level + 1):
            stand[condition] = up = replace(at, level=at.level + 1)
            steps.append(Step("escalated", f"{up.episode}|{up.news}|level {up.level}", up))
    return stand, tuple(steps)


def _seen(before: Open | None, held: Held, now: datetime) -> Open:
    is_critical = held.severity == "critical"
    if before is None:
        since = now if is_critical else None
        return Open(held.condition, held.key, held.severity, now, critical_since=since)
    rose = RANKS[held.severity] > RANKS[before.severity]
    news = before.news + 1 if rose or held.key != before.key else before.news
    stays_critical = is_critical and before.critical_since is not None
    return replace(
        before,
        key=held.key,
        severity=held.severity,
        news=news,
        level=before.level if stays_critical else 0,
        critical_since=(before.critical_since or now) if is_critical else None,
    )
