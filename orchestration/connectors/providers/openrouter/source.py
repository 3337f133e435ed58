"""OpenRouter as the rest of the house sees it."""

from datetime import date

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.source import Source
from orchestration.landing.store import Landing
from orchestration.registry import Company, SourceConfig


def _extract(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    from orchestration.connectors.providers.openrouter.extract import extract

    return extract(company, landing, as_of, secret, full_refresh=full_refresh)


def _probe(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.openrouter.client import activity, open_api

    with open_api(source, secret) as api:
        activity(api)


SOURCE = Source(
    "openrouter",
    about="the activity of OpenRouter by key, kept there for 30 days.",
    reading="Days that are over and still kept.",
    extract=_extract,
    probe=_probe,
)
