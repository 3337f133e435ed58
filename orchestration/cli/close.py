"""``close``: the freeze of a fiscal period, and its lifting."""

from typing import Annotated

import typer

from orchestration.cli.errors import clear_errors
from orchestration.cli.options import ApproverOption, CompanyOption, HomeOption, settings_of


def close(
    period: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The fiscal period; it must have ended.")],
    approver: ApproverOption,
    reopen: Annotated[bool, typer.Option("--reopen", help="Lift the freeze of a closed period instead.")] = False,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Close a fiscal period: freeze its rows as they are published.

    Accrual journals included. Every later run publishes the frozen rows unchanged; late and restated rows become dated
    rows of period_adjustments in the open period. The decision is recorded under HOME/closed, and --reopen lifts it,
    the latest period first.

    Example:  tokenomics close 2026-10 --approver controller@company.example
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.close.decide import close_period, reopen_period
        from orchestration.lock import home_lock
        from orchestration.project import Home

        with home_lock(Home(settings.home).lock):
            if reopen:
                reopen_period(settings.home, period, approver)
                print(f"{period} is open again; the next run publishes it as computed, without its adjustments")
            else:
                done = close_period(settings.home, period, approver)
                print(f"{period} is closed: {done.rows} rows of {done.tables} tables are frozen in {done.folder}")
