"""``replay``: history again, day by day, without look-ahead."""

import sys
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.errors import clear_errors
from orchestration.cli.options import CompanyOption, HomeOption, read_day, settings_of


class ReplayKind(StrEnum):
    """What ``replay`` can replay."""

    GATES = "gates"
    BREAKERS = "breakers"
    BUDGETS = "budgets"


def replay(
    what: Annotated[
        ReplayKind,
        typer.Argument(
            help="gates: what each past day said of each experiment. breakers: when the margin breaker of a product "
            "would have tripped, and what it would have saved. budgets: four ways to budget on your own cost.",
        ),
    ],
    first: Annotated[
        date | None,
        typer.Option("--from", parser=read_day, metavar="YYYY-MM-DD", help="First day. Default: where history begins."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option(
            "--to", parser=read_day, metavar="YYYY-MM-DD", help="Last day. Default: the last run's as-of day."
        ),
    ] = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Replay gates, breakers or budgets day by day over history.

    Each day is judged from what was known then. Publishes the table gate_replay, breaker_replay or
    budget_framework_backtest. It reads what the last run built, so run first; a table stays published, unchanged by
    later runs, until the next replay of its kind. Change the policy in company.yaml and replay again to see what
    another policy would have done.

    Example:  tokenomics replay gates --from 2026-08-01
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.replay.command import replay_once

        replay_once(settings, what.value, first, last, sys.stdout)
