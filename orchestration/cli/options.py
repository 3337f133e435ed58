"""Arguments that several commands share, and the settings that they mean."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orchestration.settings import RunSettings

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
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="The last day to count. Default: the company's last complete local day (the demo has its own day).",
    ),
]
ApproverOption = Annotated[str, typer.Option("--approver", metavar="EMAIL", help="Who approves it; recorded.")]


def settings_of(company: Path | None, home: Path | None, as_of: datetime | None = None, **flags: Any) -> "RunSettings":
    """What the arguments and the environment mean, exported for the processes that this one starts."""
    from orchestration.settings import export, load_settings

    settings = load_settings(company, home, day_of(as_of), **flags)
    export(settings)
    return settings


def day_of(moment: datetime | None) -> date | None:
    """The day that an option of format YYYY-MM-DD names."""
    return moment.date() if moment else None
