"""``enforce``: guardrails at the gateways, planned, carried out, tried, taken back, watched."""

import signal
import sys
from datetime import timedelta
from typing import Annotated

import typer

from orchestration.cli.errors import clear_errors, fail
from orchestration.cli.options import CompanyOption, HomeOption, JsonOption, settings_of


def enforce(
    entity: Annotated[
        str | None,
        typer.Argument(metavar="[ENTITY]", help="With --revert: the one to restore, such as key:TOKEN_HASH."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what guardrails.yaml allows; without it nothing is written.")
    ] = False,
    drill: Annotated[
        str | None,
        typer.Option("--drill", metavar="ENTITY", help="Exercise the cap of a key or team, restore it, record it."),
    ] = None,
    canary_key_env: Annotated[
        str | None,
        typer.Option(
            "--canary-key-env",
            metavar="VARIABLE",
            help="With --drill: where the key to try with is. Default: a refusal in the gateway's log is waited for.",
        ),
    ] = None,
    canary_model: Annotated[
        str | None, typer.Option("--canary-model", metavar="MODEL", help="With --drill: the model to ask for.")
    ] = None,
    revert: Annotated[
        bool,
        typer.Option("--revert", help="Restore what stood before, everywhere or at ENTITY, where ours still stands."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="A round every minute or so until Ctrl-C, one line each.")
    ] = False,
    every: Annotated[
        int, typer.Option("--every", min=5, max=3600, metavar="SECONDS", help="With --watch: seconds between rounds.")
    ] = 45,
    company: CompanyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold the caps of guardrails.yaml at the gateways.

    Without options it prints what it would change and why, and writes nothing. Caps, and what complete days cost, come
    from the last tokenomics run; what was spent since is read from the gateway's log and priced by the price book.
    --apply writes only to gateways with apply: true, and only to the entities named there; every change has a receipt
    in HOME/enforcement. What a person blocked or made stricter stays. --drill and --revert write without --apply.

    Example:  tokenomics enforce --watch --apply --company my-company
    """
    with clear_errors():
        chosen = [name for name, is_on in (("--drill", drill), ("--revert", revert), ("--watch", watch)) if is_on]
        if len(chosen) > 1:
            fail(f"{' and '.join(chosen)} are different things; give one of them")
        if as_json and chosen:
            fail(f"--json is for the plan and for --apply; {chosen[0]} tells lines")
        if entity is not None and not revert:
            fail(f"{entity}: an entity goes with --revert, or behind --drill")
        settings = settings_of(company, home)
        from orchestration.enforcement import command

        if revert:
            raise typer.Exit(command.revert(settings, sys.stdout, entity))
        if drill is not None:
            from orchestration.enforcement.drill import run_drill

            raise typer.Exit(run_drill(settings, sys.stdout, drill, canary_key_env, canary_model))
        if watch:
            import threading

            stop = threading.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            span = timedelta(seconds=every)
            raise typer.Exit(command.watch(settings, sys.stdout, apply=apply, every=span, stop=stop))
        raise typer.Exit(command.enforce_once(settings, sys.stdout, apply=apply, as_json=as_json))
