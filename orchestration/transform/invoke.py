"""dbt called in this process: one parsed manifest for all calls of a run, no log, no artefact but ``run_results.json``.

dbt reads the environment, changes the working folder and keeps the warehouse open. Within a call the environment of
this process holds what a child may know and no secret; after it, environment and folder are as they were and the
warehouse is closed, so that anyone may open it. A model that does not build or a test that finds rows is a result; dbt
that cannot start at all raises :class:`DbtStopped`.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from typing import Any

from orchestration.project import DBT_PROFILES, DBT_PROJECT, Home
from orchestration.settings import only_child_environment

QUIET = (
    *("--quiet", "--no-print", "--log-level", "none", "--log-level-file", "none"),
    *("--no-write-json", "--no-use-colors"),
)
FAILED = ("error", "fail", "runtime error", "partial success")
NOT_RUN = ("skipped", "no-op")


class DbtStopped(Exception):
    """dbt ended before it ran a node: the project, a selection or the warehouse cannot be used."""


@dataclass(frozen=True)
class NodeResult:
    """What came of one model or test. ``failures``: rows that a test found; None for a model."""

    unique_id: str
    status: str
    message: str | None
    seconds: float
    failures: int | None

    @property
    def is_failed(self) -> bool:
        return self.status in FAILED

    @property
    def was_run(self) -> bool:
        """The node was at work, whatever came of it."""
        return self.status not in NOT_RUN


def invoke(home: Home, arguments: Sequence[str], on_end: Callable[[str], None] | None = None) -> list[NodeResult]:
    """Run a dbt command (``build``, ``test``) on the warehouse of ``home``; results in the order in which nodes ended.

    ``on_end`` hears the unique id of each node as it ends. Raises :class:`DbtStopped`, and whatever interrupted dbt.
    """
    from orchestration.transform.manifest import load_manifest

    def hear(event: Any) -> None:
        if on_end is not None and event.info.name == "NodeFinished":
            on_end(event.data.node_info.unique_id)

    manifest = load_manifest(home)
    command = [*QUIET, *arguments, "--threads", "1"]
    with as_a_child(home):
        ended = run_dbt(home, command, manifest, [hear])
        if ended.result is None:
            raise DbtStopped(str(ended.exception or "dbt stopped without saying why"))
        ended.result.write(str(home.dbt_target / "run_results.json"))
    return [
        NodeResult(one.node.unique_id, str(one.status), one.message, one.execution_time, one.failures)
        for one in ended.result.results
    ]


def failure_lines(results: Sequence[NodeResult], shown: int = 10) -> list[str]:
    """One line per failed node, at most ``shown`` of them."""
    failed = [result for result in results if result.is_failed]
    lines = [_failure(result) for result in failed[:shown]]
    return [*lines, f"and {len(failed) - shown} more"] if len(failed) > shown else lines


def _failure(result: NodeResult) -> str:
    kind, _, name = result.unique_id.split(".", 2)
    return f"{kind} {name}: {' '.join((result.message or 'no message').split())}"


def run_dbt(home: Home, command: Sequence[str], manifest: Any = None, callbacks: Sequence[Any] = ()) -> Any:
    """What dbt's own runner gives for ``command``; an interrupt is raised. Only within :func:`as_a_child`."""
    from dbt.cli.main import dbtRunner

    try:
        ended = dbtRunner(manifest, list(callbacks)).invoke(list(command))
    finally:
        _close_warehouse()
    if ended.exception is not None and not isinstance(ended.exception, Exception):
        raise ended.exception
    return ended


@contextmanager
def as_a_child(home: Home) -> Iterator[None]:
    """Within the block: the environment of a dbt process, where everything is and nothing secret. The folder comes back, and the
    root logger, to which a library of dbt's adds a handler when it is imported.
    """
    home.dbt_target.mkdir(parents=True, exist_ok=True)
    home.dbt_logs.mkdir(parents=True, exist_ok=True)
    places = {
        "TOKENOMICS_WAREHOUSE": str(home.warehouse),
        "DBT_PROFILES_DIR": str(DBT_PROFILES),
        "DBT_PROJECT_DIR": str(DBT_PROJECT),
        "DBT_TARGET_PATH": str(home.dbt_target),
        "DBT_LOG_PATH": str(home.dbt_logs),
    }
    handlers = list(logging.root.handlers)
    try:
        with only_child_environment(**places), chdir(DBT_PROJECT):
            yield
    finally:
        logging.root.handlers[:] = handlers


def _close_warehouse() -> None:
    """dbt-duckdb keeps its database open for the life of a process; nobody else could write to it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    with DuckDBConnectionManager._LOCK:
        kept, DuckDBConnectionManager._ENV = DuckDBConnectionManager._ENV, None
        if kept is not None:
            kept.close()
