"""Polls the log of a gateway into the counted requests: each tick the last minutes again, now and then the last hours.

The log's order is that of the requests' starts, and a row appears when its call has ended: short calls within seconds, long
ones long after. So each read goes back :data:`OVERLAP` before the moment that the last read reached, and every
:data:`WIDE_EVERY` back :data:`WIDE_OVERLAP`. A call that lasts longer than that is counted by the next run, not by the minute
path. Failure mode: a log that cannot be read moves nothing; the reading says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orchestration.connectors.providers.litellm.live import LiveRows
from orchestration.enforcement.live_usage import LiveUsage
from orchestration.landing.errors import SourceError
from orchestration.prices.calls import CallPrices

OVERLAP = timedelta(minutes=5)
WIDE_OVERLAP, WIDE_EVERY = timedelta(hours=2), timedelta(minutes=15)
PIECE = timedelta(hours=6)
"""Longest span that is read and counted at once: what a first read loses when it is stopped."""
AHEAD = timedelta(minutes=1)
"""How far the gateway's clock may be ahead of ours."""


class Log(Protocol):
    """The log of one gateway. ``between`` raises what connectors/http.py raises."""

    @property
    def source(self) -> str: ...

    def between(self, start: datetime, end: datetime) -> LiveRows: ...


@dataclass(frozen=True)
class Reading:
    """What became of one poll. ``until``: the moment up to which the log is counted, None before the first whole read;
    ``fault``: why the last read failed, None if it did not.
    """

    source: str
    since: datetime | None
    until: datetime | None
    rows: int = 0
    new: int = 0
    bad: int = 0
    fault: str | None = None

    def known_at(self, needed_since: datetime, now: datetime) -> datetime | None:
        """Up to when all of the log from ``needed_since`` on is counted; None where it is not counted whole."""
        if self.until is None or self.since is None or self.since > needed_since:
            return None
        return min(self.until, now)

    def is_fresh(self, now: datetime, within: timedelta) -> bool:
        return self.until is not None and now - self.until <= within


def poll(log: Log, prices: CallPrices, usage: LiveUsage, since: datetime, now: datetime) -> Reading:
    """Count what the log holds from ``since`` (the begin of the longest window) or the last read on, up to ``now``."""
    counted = usage.counted(log.source)
    rows = new = bad = 0
    try:
        for start, end in _pieces(counted, _last_wide(usage, log.source), since, now):
            read = log.between(start, end + AHEAD if end == now else end)
            held = usage.counted(log.source)
            has_gap = held is None or start > held[1]
            span = (start, end) if has_gap or held is None else (min(start, held[0]), max(end, held[1]))
            new += usage.add(log.source, read.rows, prices.costs(read.rows), span, bad=read.bad)
            rows, bad = rows + len(read.rows), bad + len(read.bad)
            if start <= max(since, now - WIDE_OVERLAP):
                usage.keep({f"wide:{log.source}": now.isoformat()})
    except SourceError as error:
        return _reading(log, usage, rows, new, bad, str(error))
    return _reading(log, usage, rows, new, bad, None)


def _reading(log: Log, usage: LiveUsage, rows: int, new: int, bad: int, fault: str | None) -> Reading:
    since, until = usage.counted(log.source) or (None, None)
    return Reading(log.source, since, until, rows, new, bad, fault)


def _last_wide(usage: LiveUsage, source: str) -> datetime | None:
    text = usage.state(f"wide:{source}")
    return None if text is None else datetime.fromisoformat(text)


def _pieces(
    counted: tuple[datetime, datetime] | None, wide: datetime | None, since: datetime, now: datetime
) -> Sequence[tuple[datetime, datetime]]:
    """The spans to read, the oldest first, so that what is counted has no gap whenever the reading stops."""
    if counted is None or counted[1] < since:
        return _split(since, now)
    back = OVERLAP if wide is not None and now - wide < WIDE_EVERY else WIDE_OVERLAP
    newer = _split(max(min(counted[1], now) - back, min(since, counted[0])), now)
    older = [] if counted[0] <= since else _split(since, counted[0])[::-1]
    return [*newer, *older]


def _split(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    pieces = []
    while end - start > PIECE:
        pieces.append((start, start + PIECE))
        start += PIECE
    return [*pieces, (start, end)]
