"""What is landed and not shown on a back-dated day, since it came after a later day had been run: told, so that an empty
answer is not taken for an empty day.
"""

import re
from collections.abc import Iterator
from datetime import date

from orchestration.files import counted
from orchestration.landing.store import DERIVED_SOURCES, Landing
from orchestration.landing.streams import STREAMS

_LEFT_OUT = ("budget", "rejected_rows", "guardrail_settings")
"""Bookings have days of their own, and settings are read back now whatever the day; rejected rows are no rows."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CURRENT = "current"


def not_known(landing: Landing, as_of: date) -> list[str]:
    """Each file, and each stream read by day, with rows up to ``as_of`` that ``landing`` does not show; rows of directories
    and restated days of an API are left out, since they are restated all the time.
    """
    if landing.known_before is None:
        return []
    keys = [key for key in STREAMS if key[0] not in DERIVED_SOURCES and not set(key) & set(_LEFT_OUT)]
    return [line for key in keys for line in _of_stream(landing, *key, as_of)]


def _of_stream(landing: Landing, source: str, stream: str, as_of: date) -> Iterator[str]:
    visible = landing.visible_loads(source, stream)
    days = rows_of_days = 0
    for name, part in sorted(landing.manifest(source, stream).items()):
        rows = part.current.rows_until(as_of) if part.current is not None and name != _CURRENT else 0
        known = visible[name].rows_until(as_of) if name in visible else 0
        if _DAY.fullmatch(name):
            if name <= as_of.isoformat() and name not in visible and rows:
                days, rows_of_days = days + 1, rows_of_days + rows
        elif rows != known and rows:
            yield f"{name}, {counted(rows, 'row')}" + (f" in place of {known}" if known else "")
    if days:
        told = f"{counted(days, 'day')} with {counted(rows_of_days, 'row')}"
        yield f"{source} {stream.replace('_', ' ')}, {told}"
