"""One run from the command line: validate the company first, execute the graph, flag what became ready, tell what
happened to budgets and what has no price, show the summary.

Whether a run failed is whether it published. A step on which the publication does not depend (open amounts, the summary
as an asset) is named below the summary if it failed, and red in the UI.
"""

from typing import TYPE_CHECKING, TextIO

from orchestration.alerts.budgets import tell_budgets
from orchestration.alerts.graduation import flag_ready
from orchestration.alerts.prices import tell_unpriced
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.settings import RunSettings, redact
from orchestration.summary.collect import collect
from orchestration.summary.show import write_summary
from orchestration.transform.manifest import ensure_manifest
from orchestration.watch import step_text, watching

if TYPE_CHECKING:
    from orchestration.defs.control.execute import Outcome

DONE, FAULT = 0, 1


def run_once(settings: RunSettings, stream: TextIO, *, verbose: bool = False) -> int:
    """Exit code 0 only if everything was published. Raises RegistryError before anything is read or written."""
    if settings.company is not None:
        from orchestration.registry import load_company

        load_company(settings.company)
    home = Home(settings.home)
    with home_lock(home.lock):
        ensure_manifest(home)
    from orchestration.defs.control.execute import execute, steps

    with watching(stream, steps()):
        outcome = execute(settings)
    if not outcome.is_published:
        _tell(outcome, stream, verbose)
        print("Nothing was published; what was published before stands.", file=stream)
        return FAULT
    flagged, budgets, prices = flag_ready(home), tell_budgets(home), tell_unpriced(home)
    print(file=stream)
    write_summary(collect(home.published), stream)
    for initiative in flagged.initiatives:
        print(f"{initiative} became ready to graduate; its evidence: {home.evidence}", file=stream)
    for title in (*budgets.titles, *prices.titles):
        print(title, file=stream)
    for fault in (*flagged.faults, *budgets.faults, *prices.faults):
        print(redact(fault), file=stream)
    if outcome.failures:
        _tell(outcome, stream, verbose)
        print("All tables are published; what failed does not change them.", file=stream)
    return DONE


def _tell(outcome: "Outcome", stream: TextIO, verbose: bool) -> None:
    for failure in outcome.failures:
        print(redact(f"{step_text(failure.step)} failed: {failure.message}"), file=stream)
        if verbose:
            print(redact(failure.trace), file=stream)
