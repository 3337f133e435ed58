"""Run the job in this process, for the command line: the same graph as in the UI, its events told as progress.

What the run says is recorded for the UI (``defs/history.py``). What a library prints goes to a log file in the home.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from typing import Any

import dagster as dg
from dagster import DagsterEvent
from dagster._core.utils import make_new_run_id

from orchestration import progress
from orchestration.defs.control.unkept import unkept_instance
from orchestration.defs.history import Record, tags
from orchestration.defs.run import JOB, run_config
from orchestration.project import Home
from orchestration.settings import RunSettings

INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
STATES = {"STEP_START": "started", "STEP_SUCCESS": "finished", "STEP_FAILURE": "failed", "STEP_SKIPPED": "skipped"}


@dataclass(frozen=True)
class Failure:
    """Why a step failed. ``message``: what the product itself said first, else the first line of the root cause;
    ``trace``: the whole chain.
    """

    step: str
    message: str
    trace: str
    is_interrupt: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a run. A step on which the publication does not depend may fail in a run that ``is_published``.
    ``record_fault``: why the UI does not show all of it, as a sentence.
    """

    run_id: str
    is_published: bool
    failures: tuple[Failure, ...]
    record_fault: str | None = None


class _Tell(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        if isinstance(event, DagsterEvent) and event.event_type_value in STATES and event.step_key:
            progress.report(progress.Event(event.step_key, STATES[event.event_type_value]))  # type: ignore[arg-type]


@dg.logger({}, description="Tells the command line which step is at work.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    log = logging.Logger("tokenomics.progress", level=logging.DEBUG)
    log.addHandler(_Tell())
    return log


@dg.definitions
def loggers() -> dg.Definitions:
    return dg.Definitions(loggers={"console": dg.colored_console_logger, "progress": progress_logger})


def execute(settings: RunSettings, redact: Callable[[str], str]) -> Outcome:
    """Execute ``tokenomics_run``; step failures come back, an interrupt before the publication is raised. ``redact`` takes
    the secrets out of what is recorded.
    """
    job, home, run_id = _job(), Home(settings.home), make_new_run_id()
    config = {"resources": {"run": {"config": run_config(settings)}}, "loggers": {"progress": {}}}
    with unkept_instance() as instance, _quiet(home):
        record = Record(home, run_id, instance, redact)
        instance.add_event_listener(run_id, record.hear)
        try:
            result = job.execute_in_process(
                run_config=config, instance=instance, raise_on_error=False, run_id=run_id, tags=tags(home)
            )
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        finally:
            record.close()
    is_published = home.published.resolve().name == result.run_id
    failures = tuple(_failures(result.all_events))
    if not is_published and any(failure.is_interrupt for failure in failures):
        raise KeyboardInterrupt
    return Outcome(result.run_id, is_published, failures, record.fault)


def steps() -> list[str]:
    """The steps of the job, in an order that respects what they need."""
    return [node.name for node in _job().nodes_in_topological_order]


@cache
def _job() -> dg.JobDefinition:
    """The whole run; the graph is loaded once in a process, whatever home it is for."""
    from orchestration.definitions import defs

    return defs().resolve_job_def(JOB)


@contextmanager
def _quiet(home: Home) -> Iterator[None]:
    home.dbt_logs.mkdir(parents=True, exist_ok=True)
    with (home.dbt_logs / "output.log").open("w") as file, redirect_stdout(file):
        yield


def _failures(events: Sequence[DagsterEvent]) -> Iterator[Failure]:
    steps = [event for event in events if event.is_step_failure]
    for event in steps:
        yield _failure(event.step_key or "run", event.step_failure_data.error)
    if not steps:
        for event in events:
            if event.is_job_failure:
                yield _failure("run", event.job_failure_data.error)


def _failure(step: str, error: Any) -> Failure:
    if error is None:
        return Failure(step, "stopped without saying why; run again with --verbose", "")
    chain = [error]
    while chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    if chain[-1].cls_name in INTERRUPTS:
        return Failure(step, "stopped", error.to_string(), is_interrupt=True)
    said = [text for module, text in map(_said, chain) if module.startswith(("orchestration.", "expectations."))]
    root = chain[-1]
    message = said[0] if said else f"{root.cls_name}: {_said(root)[1].partition(chr(10))[0]}"
    return Failure(step, message, error.to_string())


def _said(error: Any) -> tuple[str, str]:
    """The module that an error's type stands in, with a full stop at its end, and what it says."""
    message = error.message.strip()
    head, found, rest = message.partition(f"{error.cls_name}: ")
    return (head, rest) if found and " " not in head else ("", message)
