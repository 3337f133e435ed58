"""LiteLLM as the rest of the house sees it."""

from datetime import date

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.source import Source
from orchestration.landing.store import Landing
from orchestration.registry import Company, SourceConfig


def _extract(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    from orchestration.connectors.providers.litellm.extract import extract

    return extract(company, landing, as_of, secret, full_refresh=full_refresh)


def _probe(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.http import JsonApi

    if source.mode == "query" and source.base_url is None:
        return
    with JsonApi("litellm", source.base_url, secret=secret, secret_env=source.api_key_env) as api:
        api.get("/key/list", [("size", "1")])


def _says(company: Company, source: SourceConfig) -> str | None:
    if source.mode != "query":
        return None
    from orchestration.connectors.providers.litellm.rollup.trial import try_rollup

    return try_rollup(company, source)


SOURCE = Source(
    "litellm",
    about="the LiteLLM gateway: spend logs, sums of them or daily totals, and settings read back from its API.",
    reading="Log files, days of its API or of a log that stays where it is; settings are read back, never written.",
    extract=_extract,
    probe=_probe,
    says=_says,
)
