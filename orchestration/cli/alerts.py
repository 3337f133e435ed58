"""``alerts`` and ``alerts test``: what is open, and whether every destination is reached."""

import sys
from typing import Annotated

import typer

from orchestration.cli.errors import FAULT, clear_errors
from orchestration.cli.options import CompanyOption, HomeOption, JsonOption, settings_of

alerts = typer.Typer(
    invoke_without_command=True,
    help=(
        "Show the alerts that are open, and try where they go.\n\n"
        "An alert of something that lasts (a reached cap, a loop, a silent feed) is open until it is over; then it is told as "
        "resolved. Every alert stands below HOME/alerts, one JSON line each. Where else they go stands in alerts.yaml of the "
        "company folder: destinations, each with the environment variable that holds its address, and routes by kind, "
        "severity, owner, department and entity. Without that file: wherever ALERT_WEBHOOK_URL with ALERT_WEBHOOK_SECRET, "
        "SLACK_WEBHOOK_URL or SMTP_HOST are set.\n\n"
        "Example:  tokenomics alerts --json"
    ),
)


@alerts.callback()
def show(
    context: typer.Context, company: CompanyOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    if context.invoked_subcommand is not None:
        return
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.alerts.show import write_open
        from orchestration.project import Home

        write_open(Home(settings.home), sys.stdout, as_json=as_json)


@alerts.command("test")
def test_destinations(
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="The kind that the test names, such as cap_reached.")
    ] = "test",
    to: Annotated[
        str | None, typer.Option("--to", metavar="DEST", help="One destination by its name. Default: every one.")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="EMAIL", help="Who gets the test at destinations that send to owners."),
    ] = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Send a test alert over every destination.

    It is labelled a test, and what happened at each destination is printed. Exits with 1 if one of them did not take it, or
    if its variable is not set. No address and no secret is printed.

    Example:  tokenomics alerts test --kind cap_reached --to finance
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.alerts.destinations import routing
        from orchestration.alerts.show import try_destinations
        from orchestration.project import Home
        from orchestration.registry import load_alert_settings
        from orchestration.registry.alerts import AlertSettings

        declared = load_alert_settings(settings.company) if settings.company else AlertSettings()
        tried = try_destinations(routing(Home(settings.home).alerts, declared), kind=kind, to=to, owner=owner)
        for one in tried:
            print(f"{one.name}: {one.fault or 'took the test'}", file=sys.stderr if one.fault else sys.stdout)
        if any(one.fault for one in tried):
            raise typer.Exit(FAULT)
