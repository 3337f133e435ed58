"""The gateway's read-only endpoints: request-level spend logs by UTC day, and the settings of keys and teams.

``GET /spend/logs/v2`` includes both ends of its range in whole seconds, so a day is asked for up to the next midnight
and rows of that midnight are left out. Failure mode: what connectors/http.py raises; a page that is short or
malformed is SchemaDrift.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from orchestration.connectors.http import JsonApi, Refused
from orchestration.connectors.payload import Record
from orchestration.connectors.window import DAY, utc_midnight
from orchestration.landing.errors import SchemaDrift, TransientFailure

SOURCE = "litellm"
PAGE_SIZE = 1000
KEY_PAGE_SIZE = 100
LOGS_PATH = "/spend/logs/v2"


class Gateway:
    """One LiteLLM proxy. ``api`` carries the address and the admin key."""

    def __init__(self, api: JsonApi) -> None:
        self.api = api

    def spend_logs(self, day: date) -> Iterator[dict[str, Any]]:
        """The rows of one UTC day by start time, in the gateway's shape. A row repeats when others arrive meanwhile."""
        rows = self.spend_logs_between(utc_midnight(day), utc_midnight(day + DAY))
        yield from (row for row in rows if not _starts_after(row, day))

    def spend_logs_between(self, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
        """The rows that began from ``start`` to ``end``, both included and whole seconds, by start time."""
        first, last = (moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") for moment in (start, end))
        parameters = [
            ("start_date", first),
            ("end_date", last),
            ("page_size", str(PAGE_SIZE)),
            ("sort_by", "startTime"),
            ("sort_order", "asc"),
        ]
        number, pages, seen, total = 1, 1, 0, 0
        while number <= pages:
            page = Record(SOURCE, "spend_logs", self.api.get(LOGS_PATH, [*parameters, ("page", str(number))]))
            rows = page.value("data")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise page.drift("data is not a list of rows")
            pages, total = page.whole("total_pages"), page.whole("total")
            seen += len(rows)
            yield from rows
            number += 1
        if seen < total:
            raise TransientFailure(
                SOURCE,
                f"GET {LOGS_PATH} from {first} gave {seen} of {total} rows; they changed while they were read. Run again.",
            )

    def key_info(self, key: str) -> Record | None:
        """Settings of a virtual key by its token hash; None when the gateway does not know it, or as a deleted one only."""
        answer = self._known("/key/info", [("key", key)])
        found = answer.part("info") if answer else None
        return None if found is None or found.optional_text("deleted_at") is not None else found

    def team_info(self, team_id: str) -> Record | None:
        """Settings of a team; None when the gateway does not know it."""
        answer = self._known("/team/info", [("team_id", team_id)])
        return answer.part("team_info") if answer else None

    def personal_keys(self) -> Iterator[Record]:
        """Settings of every virtual key that belongs to a user."""
        number, pages = 1, 1
        while number <= pages:
            parameters = [("return_full_object", "true"), ("size", str(KEY_PAGE_SIZE)), ("page", str(number))]
            page = Record(SOURCE, "guardrail_settings", self.api.get("/key/list", parameters))
            pages = page.whole("total_pages")
            yield from (key for key in page.parts("keys") if key.nullable_text("user_id") is not None)
            number += 1

    def _known(self, path: str, parameters: list[tuple[str, str]]) -> Record | None:
        try:
            return Record(SOURCE, "guardrail_settings", self.api.get(path, parameters))
        except Refused as refusal:
            if refusal.status == 404 and refusal.code is not None:
                return None
            raise


def _starts_after(row: dict[str, Any], day: date) -> bool:
    """Whether the row begins on a later day; a time that cannot be read is left to the checks of the row."""
    started = row.get("startTime")
    try:
        moment = datetime.fromisoformat(started) if isinstance(started, str) else None
    except ValueError:
        return False
    if moment is None:
        return False
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware >= utc_midnight(day + DAY)


def require_columns(row: dict[str, Any], names: tuple[str, ...]) -> None:
    """Raise :class:`SchemaDrift` for a row of the API that lacks one of ``names``."""
    missing = [name for name in names if name not in row]
    if missing:
        shown = row.get("request_id", "unknown")
        raise SchemaDrift(SOURCE, f"{LOGS_PATH}: field {', '.join(missing)} is missing (request_id {shown})")
