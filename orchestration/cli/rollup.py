"""``rollup``: the statement that sums the gateway's log where it is, for a person or a scheduler to run there."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import clear_errors, fail
from orchestration.cli.options import CompanyOption, HomeOption, settings_of

if TYPE_CHECKING:
    from orchestration.registry import SourceConfig
    from orchestration.settings import RunSettings


def rollup(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first UTC day to sum.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last UTC day to sum.")],
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="NAME", help="The engine to write for, instead of the one in sources.yaml."),
    ] = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Print the SQL that sums a gateway's log where it is.

    It is for the engine that holds the log, as sources.yaml names it (litellm, mode: query).

    Run it there, in a session in UTC, and put its result as Parquet where results in sources.yaml says; the next run lands
    it. A day may be stated again: its latest result counts. Nothing is read or run here.

    Example:  tokenomics rollup --from 2026-10-01 --to 2026-10-07
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.connectors.providers.litellm.rollup.statement import ENGINES, SESSION
        from orchestration.connectors.providers.litellm.rollup.trial import printed

        if engine is not None and engine not in ENGINES:
            fail(f"--engine {engine} is not known; use one of: {', '.join(ENGINES)}")
        if last < first:
            fail(f"--to {last.date()} lies before --from {first.date()}")
        source = _queried(settings)
        days = [first.date() + timedelta(days=n) for n in range((last - first).days + 1)]
        wanted = engine or str(source.rollup)
        text = printed(source, days, wanted)
        for told in SESSION[wanted]:
            print(f"{told};")
        print(f"{text};")


def _queried(settings: "RunSettings") -> "SourceConfig":
    """The gateway of the company, whose log is summed elsewhere; raises SettingsError where none is."""
    from orchestration.registry import load_company
    from orchestration.settings import SettingsError

    if settings.company is None:
        raise SettingsError("name a company folder with --company: the demo company's log is read here")
    source = load_company(settings.company).sources.get("litellm")
    if source is None or source.mode != "query":
        raise SettingsError("sources.yaml has no litellm with mode: query, so no log is summed elsewhere")
    return source
