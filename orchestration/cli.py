"""The ``tokenomics`` command. Reads arguments, calls the part that does the work, says what came of it; decides
nothing else.

Everything but the argument parser is imported late, so that ``--help`` answers at once.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orchestration.settings import RunSettings

FAULT = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "What your company pays for AI by the token: what was used, what it cost, whose cost it was, "
        "what it did to margin, and which experiments are ready for the core budget.\n\n"
        "Try it:  tokenomics run  reads the simulated demo company and prints the summary.\n\n"
        "Then yours:  tokenomics init my-company, edit its files, tokenomics check --company my-company, "
        "tokenomics run --company my-company."
    ),
)

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
InitiativeArgument = Annotated[str, typer.Argument(metavar="INITIATIVE", help="The initiative_id of an experiment.")]
AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="In the reporting currency.")]
ApproverOption = Annotated[str, typer.Option("--approver", metavar="EMAIL", help="Who approves it; recorded.")]

budget = typer.Typer(no_args_is_help=True, help="Change an experiment's allocation.")
app.add_typer(budget, name="budget")


class ReplayKind(StrEnum):
    """What ``replay`` can replay."""

    GATES = "gates"
    BREAKERS = "breakers"
    BUDGETS = "budgets"


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write; it must be new or empty.")],
    demo: Annotated[bool, typer.Option("--demo", help="Write the simulated demo company instead.")] = False,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Write a commented company folder, ready to be edited."""
    with _clear_errors():
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            _fail(f"{directory}: exists and is not an empty folder; name a new one")
        if demo:
            from orchestration.demo.company_folder import write_demo_company
            from orchestration.demo.server import DEFAULT_PORT, HOST
            from orchestration.registry.schemas import give_schemas

            write_demo_company(directory, f"http://{HOST}:{DEFAULT_PORT}")
            give_schemas(directory)
            print(f"wrote the demo company to {directory}; its providers: python -m orchestration.demo.server")
        else:
            from orchestration.registry.starter import write_company_folder

            write_company_folder(directory)
            print(f"wrote {directory}; edit its files, then: tokenomics check --company {directory}")


@app.command()
def check(
    company: CompanyOption = None,
    home: HomeOption = None,
    explain_policy: Annotated[
        bool, typer.Option("--explain-policy", help="Print each policy value in force, and where it came from.")
    ] = False,
) -> None:
    """Validate every file of the company folder, and reach every enabled source with its key."""
    with _clear_errors():
        settings = _settings(company, home)
        from orchestration.connectors.reach import reach
        from orchestration.registry import explain_policy as policy_table
        from orchestration.session import open_session

        with open_session(settings) as session:
            print(f"{session.company.config.company_id}: every file is valid")
            if explain_policy:
                print(policy_table(session.company.policy))
            faults = []
            for name in session.company.sources:
                if session.is_read(name):
                    fault = reach(session.company, name, session.secret)
                    print(session.redact(fault) if fault else f"{name}: reached")
                    faults += [fault] if fault else []
        if faults:
            raise typer.Exit(FAULT)


@app.command()
def test(company: CompanyOption = None, home: HomeOption = None) -> None:
    """Run the expectations on landed rows and dbt's data tests on what the home holds. Builds and publishes nothing."""
    with _clear_errors():
        settings = _settings(company, home)
        from orchestration.lock import home_lock
        from orchestration.project import Home
        from orchestration.verify import broken_expectations, failed_data_tests

        where = Home(settings.home)
        with home_lock(where.lock):
            streams, failures = 0, []
            for _, broken in broken_expectations(where):
                streams += 1
                failures += broken
            ran, failed = failed_data_tests(where)
        for line in [*failures, *failed]:
            print(f"FAIL {line}")
        print(f"{streams} streams and {ran} data tests checked, {len(failures) + len(failed)} failures")
        if failures or failed:
            raise typer.Exit(FAULT)


@app.command()
def run(
    company: CompanyOption = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Read no source; build from what is landed.")] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every table from the landing area, whatever has changed.")
    ] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Accept a read that returns far fewer rows than it replaces.")
    ] = False,
    target: Annotated[str, typer.Option("--target", help="The engine: duckdb.")] = "duckdb",
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the whole trace of a failure.")] = False,
) -> None:
    """Read the sources, check, build, evaluate and publish; ends with the summary. Nothing is published unless all
    went well.
    """
    with _clear_errors(verbose):
        settings = _settings(
            company,
            home,
            as_of.date() if as_of else None,
            offline=offline,
            full_refresh=full_refresh,
            allow_shrink=allow_shrink,
            target=target,
        )
        from orchestration.run import run_once

        raise typer.Exit(run_once(settings, sys.stdout, verbose=verbose))


@app.command()
def graduate(
    initiative: InitiativeArgument,
    approver: ApproverOption,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Move an experiment to the core budget if its gates pass on the as-of day; otherwise say which do not."""
    with _clear_errors():
        settings = _settings(company, home, as_of.date() if as_of else None)
        from orchestration.budgets.commands import graduate_initiative

        graduate_initiative(settings, initiative, approver, sys.stdout)


@budget.command(context_settings={"ignore_unknown_options": True})
def adjust(
    initiative: InitiativeArgument,
    amount: AmountArgument,
    approver: ApproverOption,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Raise an experiment's allocation out of its department's pool, or lower it with a negative amount."""
    _change_budget("adjust", initiative, amount, approver, as_of, company, home)


@budget.command("return")
def give_back(
    initiative: InitiativeArgument,
    amount: AmountArgument,
    approver: ApproverOption,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Give an unspent part of an experiment's allocation back to its department's pool."""
    _change_budget("return", initiative, amount, approver, as_of, company, home)


@app.command()
def status(
    company: CompanyOption = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, every digit kept.")] = False,
) -> None:
    """Show the summary again, from the published tables."""
    with _clear_errors():
        settings = _settings(company, home)
        from orchestration.project import Home
        from orchestration.summary.collect import collect
        from orchestration.summary.show import write_summary

        write_summary(collect(Home(settings.home).published), sys.stdout, as_json=as_json)


@app.command()
def replay(
    what: Annotated[
        ReplayKind,
        typer.Argument(
            help="gates: what each past day said of each experiment. breakers: when the margin breaker of a product "
            "would have tripped, and what it would have saved. budgets: four ways to budget on your own cost.",
        ),
    ],
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day. Default: where history begins."
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day. Default: the last run's as-of day."
        ),
    ] = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Replay history day by day, each day from what was known then, and publish the result as a table.

    Writes gate_replay, breaker_replay or budget_framework_backtest. It reads what the last run built, so run first; a
    table stays published, unchanged by later runs, until the next replay of its kind. Change the policy in
    company.yaml and replay again to see what another policy would have done.
    """
    with _clear_errors():
        settings = _settings(company, home)
        from orchestration.replay.command import replay_once

        replay_once(settings, what.value, first.date() if first else None, last.date() if last else None, sys.stdout)


@app.command()
def close(
    period: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The fiscal period; it must have ended.")],
    approver: ApproverOption,
    reopen: Annotated[bool, typer.Option("--reopen", help="Lift the freeze of a closed period instead.")] = False,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Close a fiscal period: freeze its rows as they are published, accrual journals included.

    Every later run publishes the frozen rows unchanged; late and restated rows become dated rows of
    period_adjustments in the open period. The decision is recorded under HOME/closed, and --reopen lifts it, the
    latest period first. Example:  tokenomics close 2026-10 --approver controller@company.example
    """
    with _clear_errors():
        settings = _settings(company, home)
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


def _change_budget(
    kind: str,
    initiative: str,
    amount: str,
    approver: str,
    as_of: datetime | None,
    company: Path | None,
    home: Path | None,
) -> None:
    with _clear_errors():
        settings = _settings(company, home, as_of.date() if as_of else None)
        from orchestration.budgets.commands import change_budget

        change_budget(settings, kind, initiative, amount, approver, sys.stdout)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="tokenomics")


def _settings(company: Path | None, home: Path | None, as_of: date | None = None, **flags: Any) -> "RunSettings":
    from orchestration.settings import export, load_settings

    settings = load_settings(company, home, as_of, **flags)
    export(settings)
    return settings


@contextmanager
def _clear_errors(verbose: bool = False) -> Iterator[None]:
    """Print what went wrong without a trace, without a secret, and leave with exit code 1."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader left; nothing is to be flushed to it
        raise typer.Exit(FAULT) from None
    except KeyboardInterrupt:
        _fail("interrupted; nothing was published, and the next run continues from what was landed", 130)
    except Exception as error:
        from orchestration.settings import redact

        if verbose or not type(error).__module__.startswith(("orchestration", "expectations")):
            import traceback

            print(redact("".join(traceback.format_exception(error))), file=sys.stderr)
        _fail(redact(str(error)))


def _fail(message: str, code: int = FAULT) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
