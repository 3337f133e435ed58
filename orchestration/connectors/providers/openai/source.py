"""OpenAI as the rest of the house sees it."""

from datetime import date
from itertools import islice

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.source import Source
from orchestration.landing.store import Landing
from orchestration.registry import Company, SourceConfig


def _extract(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    from orchestration.connectors.providers.openai.extract import extract

    return extract(company, landing, as_of, secret, full_refresh=full_refresh)


def _probe(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.openai.client import open_api, projects

    with open_api(source, secret) as api:
        list(islice(projects(api), 1))


SOURCE = Source(
    "openai",
    about="the organization usage, costs and directory API of OpenAI.",
    reading="Days of the look-back window replace what they restate.",
    extract=_extract,
    probe=_probe,
)
