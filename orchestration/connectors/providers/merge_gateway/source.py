"""Merge Gateway as the rest of the house sees it."""

from datetime import date

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.source import Source
from orchestration.landing.store import Landing
from orchestration.registry import Company, SourceConfig


def _extract(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    from orchestration.connectors.providers.merge_gateway.extract import extract

    return extract(company, landing, as_of, secret, full_refresh=full_refresh)


def _probe(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.http import utc_now
    from orchestration.connectors.providers.merge_gateway.extract import open_api, usage_of_day

    with open_api(source, secret) as api:
        usage_of_day(api, utc_now().date())


SOURCE = Source(
    "merge_gateway",
    about="the organization usage of Merge Gateway by project.",
    reading="One call per UTC day of the look-back window.",
    extract=_extract,
    probe=_probe,
)
