"""FOCUS files as the rest of the house sees it."""

from datetime import date

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.source import Source
from orchestration.landing.store import Landing
from orchestration.registry import Company


def _extract(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    from orchestration.connectors.providers.focus.extract import extract

    return extract(company, landing, as_of, secret)


SOURCE = Source(
    "focus_files",
    about="cloud bills in the FOCUS format.",
    reading="One partition per bill file; bill files are always looked at in full.",
    extract=_extract,
    probe=None,
)
