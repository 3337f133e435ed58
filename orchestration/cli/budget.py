"""``graduate``, ``budget adjust`` and ``budget return``: what moves money in the budget ledger."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.errors import clear_errors
from orchestration.cli.options import ApproverOption, AsOfOption, CompanyOption, HomeOption, settings_of

InitiativeArgument = Annotated[
    str, typer.Argument(metavar="INITIATIVE", help="The initiative_id of an experiment, as in initiatives.yaml.")
]
AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="In the reporting currency, such as 2500.00.")]


def graduate(
    initiative: InitiativeArgument,
    approver: ApproverOption,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Move an experiment to the core budget if its gates pass.

    They must pass on the as-of day by what the last run found, so run first; otherwise it says which do not, and books
    nothing. The movement is recorded in the budget ledger, and the next run publishes it.

    Example:  tokenomics graduate my_experiment --approver cfo@company.example
    """
    with clear_errors():
        settings = settings_of(company, home, as_of)
        from orchestration.budgets.commands import graduate_initiative

        graduate_initiative(settings, initiative, approver, sys.stdout)


def adjust(
    initiative: InitiativeArgument,
    amount: AmountArgument,
    approver: ApproverOption,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Raise or lower an allocation out of its department's pool.

    A negative amount lowers it. The movement is recorded in the budget ledger, and the next run publishes it.

    Example:  tokenomics budget adjust my_experiment -250.00 --approver cfo@company.example
    """
    _change("adjust", initiative, amount, approver, as_of, company, home)


def give_back(
    initiative: InitiativeArgument,
    amount: AmountArgument,
    approver: ApproverOption,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Give an unspent part back to the department's pool.

    The movement is recorded in the budget ledger, and the next run publishes it.

    Example:  tokenomics budget return my_experiment 250.00 --approver cfo@company.example
    """
    _change("return", initiative, amount, approver, as_of, company, home)


def _change(
    kind: str,
    initiative: str,
    amount: str,
    approver: str,
    as_of: date | None,
    company: Path | None,
    home: Path | None,
) -> None:
    with clear_errors():
        settings = settings_of(company, home, as_of)
        from orchestration.budgets.commands import change_budget

        change_budget(settings, kind, initiative, amount, approver, sys.stdout)
