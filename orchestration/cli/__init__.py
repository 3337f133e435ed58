"""The ``tokenomics`` command. Belongs here: the list of commands, and the help above it. Does not: any command, which
stands in the module of its group.

Reading arguments, calling the part that does the work and saying what came of it is all this package does; it decides
nothing. Everything but the argument parser is imported inside a command, so that ``--help`` answers at once.
"""

import gc

import typer

from orchestration.cli.alerts import alerts
from orchestration.cli.budget import adjust, give_back, graduate
from orchestration.cli.close import close
from orchestration.cli.company import check, init
from orchestration.cli.enforce import enforce
from orchestration.cli.replay import replay
from orchestration.cli.rollup import rollup
from orchestration.cli.run import open_dashboard, run, status, test

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "What your company pays for AI by the token: what was used, what it cost, whose cost it was, "
        "what it did to margin, and which experiments are ready for the core budget.\n\n"
        "Try it:  tokenomics run  reads the simulated demo company and prints the summary.\n\n"
        "Then yours:  tokenomics init my-company, edit its files, tokenomics check --company my-company, "
        "tokenomics run --company my-company.\n\n"
        "TOKENOMICS_COMPANY and TOKENOMICS_HOME save you the options --company and --home; these and the keys of "
        "your sources may stand in a file .env where you are. NO_COLOR turns colours off; a pipe gets none.\n\n"
        "Exit codes:  0 all went well; 1 something failed, was refused or was found wrong, and is said on standard "
        "error; 2 the call was not understood; 130 stopped by Ctrl-C."
    ),
)
app.command()(init)
app.command()(check)
app.command()(run)
app.command("open")(open_dashboard)
app.command()(status)
app.command()(test)
app.command()(graduate)
app.command()(close)
app.command()(replay)
app.command()(enforce)
app.command()(rollup)

budget = typer.Typer(no_args_is_help=True, help="Change an experiment's allocation of money.")
budget.command(context_settings={"ignore_unknown_options": True})(adjust)
budget.command("return")(give_back)
app.add_typer(budget, name="budget")
app.add_typer(alerts, name="alerts")


OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""How many objects a command may add before Python looks for dead cycles. Nearly all that a command loads (Dagster, dbt's
manifest) lives to its end; at Python's own 700, some 8 % of a run goes into looking at it again.
"""


def main() -> None:
    """Entry point of the console script: a process of its own, which ends with the command."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        app(prog_name="tokenomics")
    finally:
        gc.freeze()  # the process ends: what it holds goes with it, and need not be looked at once more
