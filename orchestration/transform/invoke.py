"""dbt called in this process: one parsed manifest for all calls of a run, no log, no artefact but ``run_results.json``.

A model that does not build or a test that finds rows is a result; dbt that cannot start at all raises :class:`DbtStopped`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.project import Home
from orchestration.transform.manifest import load_manifest
from orchestration.transform.runner import as_a_child, run_dbt

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
