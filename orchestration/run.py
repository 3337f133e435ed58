"""One run from the command line: validate the company first, execute the graph, flag what became ready, tell what
happened to budgets and what has no price, show the summary.

Whether a run failed is whether it published. A step on which the publication does not depend (open amounts, the summary
as an asset) is named below the summary if it failed, and red in the UI.
"""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

from orchestration.alerts.budgets import tell_budgets
from orchestration.alerts.graduation import flag_ready
from orchestration.alerts.prices import tell_unpriced
from orchestration.alerts.rejected_rows import tell_rejected
from orchestration.files import counted
from orchestration.landing.late import not_known
from orchestration.lock import home_lock
from orchestration.project import Home
from orchestration.session import day_of_run, landing_as_known, require_keys
from orchestration.settings import RunSettings, redact, redactor, spark_settings
from orchestration.summary.collect import collect
from orchestration.summary.show import write_summary
from orchestration.transform.manifest import ensure_manifest
from orchestration.transform.spark_session import refuse_absence
from orchestration.watch import step_text, watching

if TYPE_CHECKING:
    from orchestration.defs.control.execute import Outcome
    from orchestration.registry import Company

DONE, FAULT = 0, 1


def run_once(settings: RunSettings, stream: TextIO, *, verbose: bool = False) -> int:
    """Exit code 0 only if everything was published. What failed is told on standard error.

    Raises RegistryError, and SettingsError for a day that has not ended or a missing key, before anything is read or
    written.
    """
    if settings.target == "spark":
        refuse_absence(spark_settings())
    company, who, as_of, zone, notes, redacted = _asked(settings)
    home = Home(settings.home)
    print(f"{who}, as of {as_of}, in {home.root}", file=stream, flush=True)
    with home_lock(home.lock):
        ensure_manifest(home)
    from orchestration.defs.control.execute import execute, steps

    with watching(stream, steps()):
        outcome = execute(settings, redacted)
    if outcome.record_fault:
        print(outcome.record_fault, file=sys.stderr)
    if not outcome.is_published:
        _tell(outcome, sys.stderr, verbose)
        print("Nothing was published; what was published before stands.", file=sys.stderr)
        return FAULT
    flagged, budgets, prices, rejected = flag_ready(home), tell_budgets(home), tell_unpriced(home), tell_rejected(home)
    print(file=stream)
    write_summary(collect(home.published), stream)
    landing = landing_as_known(home, as_of, zone)
    if company is not None:
        from orchestration.connectors.named_in_files import unknown_sellers
        from orchestration.prices import is_listed
        from orchestration.registry import unread_files

        unread = (*unread_files(company.folder), *unknown_sellers(company, landing, is_listed))
        notes += [f"note: {note}" for note in unread]
    if late := not_known(landing, as_of):
        print(f"landed but not known on that day: {'; '.join(late)}", file=stream)
        print(
            "To count it, run without --as-of, or with another --home, where it is known from the start.", file=stream
        )
    for note in notes:
        print(note, file=stream)
    for initiative in flagged.initiatives:
        print(f"{initiative} became ready to graduate; its evidence: {home.evidence}", file=stream)
    if told := len((*budgets.titles, *prices.titles, *rejected.titles)):
        print(f"{counted(told, 'alert')} told for the first time, in {home.alerts}", file=stream)
    for fault in (*flagged.faults, *budgets.faults, *prices.faults, *rejected.faults):
        print(redact(fault), file=sys.stderr)
    if outcome.failures:
        _tell(outcome, sys.stderr, verbose)
        print("All tables are published; what failed does not change them.", file=sys.stderr)
    return DONE


def _asked(
    settings: RunSettings,
) -> tuple["Company | None", str, date, ZoneInfo, list[str], Callable[[str], str]]:
    """The company, where it is no simulated one, its name, as-of day, time zone, notes, and what takes its secrets out of a
    text; after everything that can be refused before the first read.
    """
    if settings.company is None:
        from orchestration.demo.catalog import DEMO_KEYS

        day = day_of_run(settings, ZoneInfo("UTC"))
        return None, "the demo company", day, ZoneInfo("UTC"), [], redactor(extra=DEMO_KEYS.values())
    from orchestration.registry import load_company
    from orchestration.registry.sources import NO_SOURCE

    company = load_company(settings.company, datetime.now(UTC))
    as_of = day_of_run(settings, company.config.zone)
    require_keys(settings, company)
    notes = [] if any(source.enabled for source in company.sources.values()) else [NO_SOURCE]
    named = [one.api_key_env for one in company.sources.values() if one.api_key_env]
    return company, company.config.name, as_of, company.config.zone, notes, redactor(named=named)


def _tell(outcome: "Outcome", stream: TextIO, verbose: bool) -> None:
    for failure in outcome.failures:
        message = failure.message.removeprefix(f"{failure.step}: ")
        print(redact(f"{step_text(failure.step)} failed: {message}"), file=stream)
        if verbose:
            print(redact(failure.trace), file=stream)
