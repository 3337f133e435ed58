"""Which as-of days this home has published and since when, and hence what an earlier day may know.

The manifest of the published state carries the first run of every as-of day; a run adds its own when it is published,
in the same step. ``HOME/run_begun.json`` remembers a run that has begun and not yet published, so that a killed or
failed run and its repetition count as one: what the first of them landed was not known before.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestration.files import utc_text, write_atomically
from orchestration.project import Home
from orchestration.published import read_manifest


@dataclass(frozen=True)
class FirstRun:
    """The first published run of an as-of day. Times are RFC 3339 UTC; what it landed lies between them."""

    begun_at: str
    published_at: str


@dataclass(frozen=True)
class Knowledge:
    """What a run shows: what was landed before ``before`` (RFC 3339 UTC; None: all there is). ``history_until`` is set for
    a day before this home's first one: files and days that begin by then and first landed later are history, not
    restatements, and are known from the start.
    """

    before: str | None = None
    history_until: date | None = None


def published_days(published: Path) -> dict[date, FirstRun]:
    """As-of day to its first run, from the manifest in ``published``; empty when nothing is published."""
    days = (read_manifest(published) or {}).get("as_of_days", {})
    return {date.fromisoformat(day): FirstRun(**run) for day, run in days.items()}


def as_json(days: Mapping[date, FirstRun]) -> dict[str, dict[str, str]]:
    """``days`` as a manifest carries them, in order."""
    return {day.isoformat(): asdict(run) for day, run in sorted(days.items())}


def knowledge(days: Mapping[date, FirstRun], as_of: date, zone: ZoneInfo) -> Knowledge:
    """What a run as of ``as_of`` knows; all there is when no later day was run.

    That is what was landed before the first run of any later day began. If this home had run no day up to ``as_of`` by
    then, the earliest knowledge it has is what that first run landed, and what was loaded of its past since. A run of a day
    that had not ended in ``zone`` when it began is no run of that day: it says nothing about what was known then.
    """
    ended = {day: run for day, run in days.items() if _begun_on(run, zone) > day}
    later = [day for day in ended if day > as_of]
    if not later:
        return Knowledge()
    first_day = min(later, key=lambda day: ended[day].begun_at)
    first = ended[first_day]
    had_begun = any(run.begun_at < first.begun_at for day, run in ended.items() if day <= as_of)
    return Knowledge(first.begun_at) if had_begun else Knowledge(first.published_at, first_day)


def _begun_on(run: FirstRun, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(run.begun_at).astimezone(zone).date()


def begin(home: Home, as_of: date) -> str:
    """When the run of ``as_of`` that is under way began; from now on, unless an unpublished run of that day did so."""
    path = _begun(home)
    if path.exists():
        begun = json.loads(path.read_text())
        if begun["as_of"] == as_of.isoformat():
            return str(begun["begun_at"])
    now = utc_text(datetime.now(UTC))
    write_atomically(path, json.dumps({"as_of": as_of.isoformat(), "begun_at": now}) + "\n")
    return now


def finish(home: Home) -> None:
    """The run that had begun is published."""
    _begun(home).unlink(missing_ok=True)


def is_unfinished(home: Home) -> bool:
    """A run has begun and was not published: what the warehouse holds may be a part."""
    return _begun(home).exists()


def _begun(home: Home) -> Path:
    return home.root / "run_begun.json"
