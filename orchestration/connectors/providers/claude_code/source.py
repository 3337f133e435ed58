"""Claude Code as the rest of the house sees it."""

from datetime import date

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.source import Source
from orchestration.landing.store import Landing
from orchestration.registry import Company, SourceConfig


def _extract(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    from orchestration.connectors.providers.claude_code.extract import extract

    return extract(company, landing, as_of, secret, full_refresh=full_refresh)


def _probe(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.anthropic.client import open_api, organization_id

    with open_api(source, secret, name="claude_code") as api:
        organization_id(api)


SOURCE = Source(
    "claude_code",
    about="Claude Code analytics of Anthropic, per developer; an estimate, never added to costs.",
    reading="One call per UTC day of the look-back window.",
    extract=_extract,
    probe=_probe,
    names_models=False,
)
