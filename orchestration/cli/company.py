"""``init`` and ``check``: the company folder, before anything is run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.errors import FAULT, clear_errors, fail
from orchestration.cli.options import CompanyOption, HomeOption, JsonOption, settings_of


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write; it must be new or empty.")],
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Write the simulated demo company instead, as an example to read and to change."),
    ] = False,
    from_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE...",
            help="Propose the folder from files you have: a general ledger, revenue, budgets, usage logs, cloud bills.",
        ),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="Further files of --from.")] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="With --from: the currency of files that do not say it."),
    ] = None,
    company: CompanyOption = None,
    home: HomeOption = None,
) -> None:
    """Write a commented company folder, ready to be edited.

    It holds sources.yaml (what to read, and which environment variables hold the keys), company.yaml (currency, time
    zone, policy), initiatives.yaml, ownership.yaml, model_tiers.yaml, contracts.yaml, guardrails.yaml, and a folder
    ledgers for the files of your finance systems.

    With --from, your files are copied into it, and sources.yaml says how each is read: its columns by our names, its
    separator, dates and numbers, with the reason for each choice. What the files leave open is named and never guessed.

    Edit them, then:  tokenomics check --company DIR

    Example:  tokenomics init my-company
    """
    with clear_errors():
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            fail(f"{directory}: exists and is not an empty folder; name a new one")
        if from_file or more:
            _propose(directory, [*(from_file or []), *(more or [])], currency, is_asked=bool(from_file) and not demo)
        elif demo:
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


def _propose(directory: Path, files: list[Path], currency: str | None, *, is_asked: bool) -> None:
    """Exit code 1 where a file is not read or something is undecided: the folder then needs a person first."""
    from orchestration.proposal.folder import propose
    from orchestration.proposal.recognise import NotRecognised
    from orchestration.registry.currencies import CURRENCIES

    if not is_asked:
        fail("name files after --from, and no --demo with it: tokenomics init DIR --from FILE...")
    if currency is not None and currency not in CURRENCIES:
        fail(f"--currency {currency} is no ISO 4217 currency; write it like EUR")
    try:
        done = propose(directory, files, currency)
    except NotRecognised as error:
        fail(str(error))
    for line in done.lines:
        print(line)
    print(f"wrote {directory}; read sources.yaml and company.yaml, then: tokenomics check --company {directory}")
    if not done.is_complete:
        raise typer.Exit(FAULT)


def check(
    company: CompanyOption = None,
    home: HomeOption = None,
    explain_policy: Annotated[
        bool, typer.Option("--explain-policy", help="Print each policy value in force, and where it came from.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Validate the company folder, and try every source.

    Every fault is printed as file:line: message, all of a folder at once. Logs, bills and ledgers are read as a run would
    read them, and nothing is landed or published. An API is reached with the key from the environment variable that
    sources.yaml names for it; no key is printed.

    Example:  tokenomics check --company my-company
    """
    with clear_errors():
        settings = settings_of(company, home)
        from orchestration.alerts.destinations import half_set
        from orchestration.alerts.destinations import missing as unset_destinations
        from orchestration.connectors.named_in_files import unknown_sellers
        from orchestration.connectors.reach import reach, said_of
        from orchestration.connectors.trial import try_files
        from orchestration.prices import is_listed
        from orchestration.registry import RegistryError, missing_posting_roles, prices_without_currency, unread_files
        from orchestration.registry import explain_policy as policy_table
        from orchestration.registry.sources import NO_SOURCE
        from orchestration.session import open_session

        said: dict[str, list[str]] = {"reached": [], "files": [], "notes": [], "faults": []}

        def say(what: str, text: str, line: str | None = None) -> None:
            said[what].append(text)
            if not as_json:
                print(line or text)

        try:
            with open_session(settings) as session:
                config = session.company.config
                company_id = config.company_id
                if not as_json:
                    print(f"{company_id}: the YAML files of the company folder are valid")
                for name in session.company.sources:
                    if session.is_read(name):
                        fault, line = reach(session.company, name, session.secret), ""
                        if fault is None:
                            fault, line = said_of(session.company, name)
                        if fault is not None:
                            say("faults", session.redact(fault))
                        else:
                            say("reached", name, session.redact(line))
                if not any(source.enabled for source in session.company.sources.values()):
                    say("notes", NO_SOURCE)
                sellers: list[str] = []
                trial = try_files(
                    session.company,
                    session.as_of,
                    lambda landing: sellers.extend(unknown_sellers(session.company, landing, is_listed)),
                )
                for fault in unset_destinations(session.company.alerts):
                    say("faults", fault)
                for line in trial.lines:
                    say("files", session.redact(line))
                unsaid = prices_without_currency(session.company.contracts, config.reporting_currency)
                roles, alerts = missing_posting_roles(session.company), half_set(session.company.alerts)
                unread = unread_files(session.company.folder)
                for note in (*unread, *trial.doubts, *sellers, *roles, *unsaid, *alerts):
                    say("notes", session.redact(note), f"note: {session.redact(note)}")
                for fault in trial.faults:
                    say("faults", session.redact(fault))
                if explain_policy and not as_json:
                    print(policy_table(session.company.policy))
        except RegistryError as error:
            if not as_json:
                raise
            print(json.dumps({"company_id": None, "is_valid": False, "faults": str(error).splitlines()}, indent=2))
            raise typer.Exit(FAULT) from None
        if as_json:
            print(json.dumps({"company_id": company_id, "is_valid": not said["faults"], **said}, indent=2))
        if said["faults"]:
            raise typer.Exit(FAULT)
