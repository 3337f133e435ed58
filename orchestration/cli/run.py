"""``run``, ``status`` and ``test``: from the sources to the published tables, and what the home holds after it."""

import json
import sys
from typing import Annotated

import typer

from orchestration.cli.errors import FAULT, clear_errors
from orchestration.cli.options import AsOfOption, CompanyOption, HomeOption, JsonOption, settings_of


def run(
    company: CompanyOption = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Read no source; build from what is landed.")] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every table from the landing area, whatever has changed.")
    ] = False,
    allow_shrink: Annotated[
        bool,
        typer.Option(
            "--allow-shrink",
            help="Accept a read that returns far fewer rows than it replaces; without it such a read stops the run.",
        ),
    ] = False,
    target: Annotated[
        str, typer.Option("--target", metavar="ENGINE", help="What builds the tables: duckdb or spark.")
    ] = "duckdb",
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the whole trace of a failure.")] = False,
) -> None:
    """Read the sources, check, build, evaluate and publish.

    Ends with the summary of what finance asks first. Nothing is published unless all went well: after a failure the
    tables published before stand, and the next run continues from what was landed. The tables are
    HOME/published/marts.duckdb and HOME/published/parquet. Unpriced usage, an alert or a failed gate is not a failed
    run.

    Example:  tokenomics run --company my-company --home my-data
    """
    with clear_errors(verbose):
        settings = settings_of(
            company,
            home,
            as_of,
            offline=offline,
            full_refresh=full_refresh,
            allow_shrink=allow_shrink,
            target=target,
        )
        from orchestration.run import run_once

        raise typer.Exit(run_once(settings, sys.stdout, verbose=verbose))


def status(
    company: CompanyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the summary again, from the published tables.

    Spend, budgets, margin, run-rates, experiments and open amounts as of the last run. It reads HOME/published only, and
    may be called while a run is going on.

    Example:  tokenomics status --json
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.project import Home
        from orchestration.summary.collect import collect
        from orchestration.summary.show import write_summary

        write_summary(collect(Home(settings.home).published), sys.stdout, as_json=as_json)


def test(company: CompanyOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check what the home holds: expectations and data tests.

    Runs the expectations on the landed rows and dbt's data tests on the warehouse of the last run. Builds and publishes
    nothing. Prints a line FAIL for each failure and exits with 1 if there is any; for your own CI.

    Example:  tokenomics test --home my-data
    """
    with clear_errors():
        settings = settings_of(company, home)
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
        if as_json:
            print(json.dumps({"streams": streams, "data_tests": ran, "failures": [*failures, *failed]}, indent=2))
        else:
            for line in [*failures, *failed]:
                print(f"FAIL {line}")
            print(f"{streams} streams and {ran} data tests checked, {len(failures) + len(failed)} failures")
        if failures or failed:
            raise typer.Exit(FAULT)


def open_dashboard(
    company: CompanyOption = None,
    home: HomeOption = None,
    shown: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or say where it is only.")] = True,
) -> None:
    """Open the dashboard of the last run in the browser.

    The pages are files in HOME/published/dashboard: they need no server, may be copied, mailed or put on a share, and
    change with the next run.

    Example:  tokenomics open --home my-data
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.project import Home
        from orchestration.summary.collect import NotPublished

        page = Home(settings.home).published / "dashboard" / "index.html"
        if not page.is_file():
            raise NotPublished(f"there is no dashboard in {settings.home}; run: tokenomics run")
        print(page)
        if shown:
            import webbrowser

            webbrowser.open(page.resolve().as_uri())
