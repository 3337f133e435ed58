"""The providers and gateways: one multi-asset per source, all of its streams read and landed together.

A source that is off, or a run that is offline, leaves what is landed as it is and says so. A failed read replaces
nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import Protocol

import dagster as dg

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.anthropic.extract import extract as extract_anthropic
from orchestration.connectors.providers.claude_code.extract import extract as extract_claude_code
from orchestration.connectors.providers.focus.extract import extract as extract_focus
from orchestration.connectors.providers.litellm.extract import extract as extract_litellm
from orchestration.connectors.providers.merge_gateway.extract import extract as extract_merge_gateway
from orchestration.connectors.providers.openai.extract import extract as extract_openai
from orchestration.connectors.providers.openrouter.extract import extract as extract_openrouter
from orchestration.defs.guard import redacted
from orchestration.defs.presentation import landed_results, landed_specs
from orchestration.defs.run import Run
from orchestration.landing.store import Landing
from orchestration.registry import Company

REGISTRY = [dg.AssetKey(["registry", "sources"])]


class Extract(Protocol):
    """How a source is read; ``full_refresh`` reads every day again, not only the look-back window."""

    def __call__(
        self, company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
    ) -> list[StreamOutcome]: ...


@dg.multi_asset(
    specs=landed_specs("openai", "the organization usage, costs and directory API of OpenAI.", deps=REGISTRY)
)
def openai(run: Run) -> Iterator[dg.MaterializeResult]:
    """Days of the look-back window replace what they restate."""
    yield from _read(run, "openai", extract_openai)


@dg.multi_asset(specs=landed_specs("anthropic", "the usage, cost and directory API of Anthropic.", deps=REGISTRY))
def anthropic(run: Run) -> Iterator[dg.MaterializeResult]:
    """Days of the look-back window replace what they restate."""
    yield from _read(run, "anthropic", extract_anthropic)


@dg.multi_asset(
    specs=landed_specs(
        "claude_code",
        "Claude Code analytics of Anthropic, per developer; an estimate, never added to costs.",
        deps=REGISTRY,
    )
)
def claude_code(run: Run) -> Iterator[dg.MaterializeResult]:
    """One call per UTC day of the look-back window."""
    yield from _read(run, "claude_code", extract_claude_code)


@dg.multi_asset(
    specs=landed_specs("openrouter", "the activity of OpenRouter by key, kept there for 30 days.", deps=REGISTRY)
)
def openrouter(run: Run) -> Iterator[dg.MaterializeResult]:
    """Days that are over and still kept."""
    yield from _read(run, "openrouter", extract_openrouter)


@dg.multi_asset(
    specs=landed_specs("merge_gateway", "the organization usage of Merge Gateway by project.", deps=REGISTRY)
)
def merge_gateway(run: Run) -> Iterator[dg.MaterializeResult]:
    """One call per UTC day of the look-back window."""
    yield from _read(run, "merge_gateway", extract_merge_gateway)


@dg.multi_asset(
    specs=landed_specs(
        "litellm",
        "the LiteLLM gateway: spend logs or daily totals, and settings read back from its API.",
        deps=REGISTRY,
    )
)
def litellm(run: Run) -> Iterator[dg.MaterializeResult]:
    """Log files, or days of its API; settings of keys and teams are read back, never written."""
    yield from _read(run, "litellm", extract_litellm)


@dg.multi_asset(specs=landed_specs("focus_files", "cloud bills in the FOCUS format.", deps=REGISTRY))
def focus_files(run: Run) -> Iterator[dg.MaterializeResult]:
    """One partition per bill file."""
    yield from _read(run, "focus_files", _extract_files)


def _extract_files(
    company: Company, landing: Landing, as_of: date, secret: str | None, /, *, full_refresh: bool
) -> list[StreamOutcome]:
    """Bill files are always looked at in full."""
    return extract_focus(company, landing, as_of, secret)


def _read(run: Run, source: str, extract: Extract) -> Iterator[dg.MaterializeResult]:
    session = run.session
    if session.is_read(source):
        with redacted(session):
            extract(
                session.company,
                session.landing,
                session.as_of,
                session.secret(source),
                full_refresh=session.settings.full_refresh,
            )
        yield from landed_results(session.landing, source)
    else:
        why = "offline: as landed" if session.settings.offline else "this source is not enabled in sources.yaml"
        yield from landed_results(session.landing, source, why)
