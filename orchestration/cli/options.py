"""Arguments that several commands share, and the settings that they mean."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orchestration.settings import RunSettings

_DAY = re.compile(r"\d{4}-\d\d-\d\d")

CompanyOption = Annotated[
    Path | None,
    typer.Option(
        "--company",
        metavar="DIR",
        help="The company folder. Default: TOKENOMICS_COMPANY, or the simulated demo company.",
    ),
]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Where everything is written. Default: TOKENOMICS_HOME, or ./data."),
]


def read_day(text: str) -> date:
    """A day as YYYY-MM-DD; anything else is told in words."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text} is not a day; write year, month and day, such as 2026-10-31 for the 31st of October 2026"
        ) from None


AsOfOption = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=read_day,
        metavar="YYYY-MM-DD",
        help="The last day to count. Default: the company's last complete local day (the demo has its own day).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON for a program, every digit kept.")]
ApproverOption = Annotated[str, typer.Option("--approver", metavar="EMAIL", help="Who approves it; recorded.")]


def settings_of(company: Path | None, home: Path | None, as_of: date | None = None, **flags: Any) -> "RunSettings":
    """What the arguments and the environment mean, exported for the processes that this one starts."""
    from orchestration.settings import export, load_settings

    settings = load_settings(company, home, as_of, **flags)
    export(settings)
    return settings
