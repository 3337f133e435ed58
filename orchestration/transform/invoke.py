"""dbt called in this process: one parsed manifest for all calls of a run, no log, no artefact but ``run_results.json``.

A model that does not build or a test that finds rows is a result; dbt that cannot start at all raises :class:`DbtStopped`.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration import utc_duckdb
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.transform.data_tests import explained
from orchestration.transform.manifest import load_manifest, target_path
from orchestration.transform.runner import as_a_child, run_dbt
from orchestration.transform.spark import on_spark
from orchestration.transform.too_large import explained as why_too_large
from orchestration.transform.too_large import is_overflow

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

QUIET = (
    *("--quiet", "--no-print", "--log-level", "none", "--log-level-file", "none"),
    *("--no-write-json", "--no-use-colors"),
)
FAILED = ("error", "fail", "runtime error", "partial success")
NOT_RUN = ("skipped", "no-op")
FEW_ROWS = 1_000_000
"""Landed rows up to which DuckDB has one thread: nearly every statement is then too small to be shared, and waking a second
thread for each costs a sixth of the CPU seconds of the demo's build.
"""


class DbtStopped(Exception):
    """dbt ended before it ran a node: the project, a selection or the warehouse cannot be used."""


@dataclass(frozen=True)
class NodeResult:
    """What came of one model or test. ``failures``: rows that a test found; None for a model. ``message``: where there is a
    sentence for what failed, this sentence.
    """

    unique_id: str
    status: str
    message: str | None
    seconds: float
    failures: int | None
    is_sentence: bool = False

    @property
    def is_failed(self) -> bool:
        return self.status in FAILED

    @property
    def was_run(self) -> bool:
        """The node was at work, whatever came of it."""
        return self.status not in NOT_RUN


def invoke(
    home: Home, arguments: Sequence[str], on_end: Callable[[str], None] | None = None, target: str = "duckdb"
) -> list[NodeResult]:
    """Run a dbt command (``build``, ``test``) on the warehouse of ``home``; results in the order in which nodes ended.

    ``on_end`` hears the unique id of each node as it ends. With target ``spark`` the nodes run on Spark, and DuckDB has views
    over what it built. Raises :class:`DbtStopped`, and whatever interrupted dbt.
    """

    def hear(event: Any) -> None:
        if on_end is not None and event.info.name == "NodeFinished":
            on_end(event.data.node_info.unique_id)

    manifest = load_manifest(home, target)
    command = [*QUIET, *arguments, "--threads", "1", "--target", target]
    spark = on_spark(home, arguments) if target == "spark" else nullcontext()
    with spark, as_a_child(home, target_path(home, target), _duckdb_threads(home)):
        ended = run_dbt(home, command, manifest, [hear])
        if ended.result is None:
            raise DbtStopped(str(ended.exception or "dbt stopped without saying why"))
        ended.result.write(str(target_path(home, target) / "run_results.json"))
    if target == "spark":
        _show_views(home, ended.result.results)
    said = _sentences(home, manifest, ended.result.results)
    return [
        NodeResult(
            one.node.unique_id,
            str(one.status),
            said.get(one.node.unique_id, one.message),
            one.execution_time,
            one.failures,
            one.node.unique_id in said,
        )
        for one in ended.result.results
    ]


def _duckdb_threads(home: Home) -> int:
    """One for few rows, else as many as there are cores."""
    return 1 if Landing(home.landing).count_rows() <= FEW_ROWS else os.cpu_count() or 1


def _show_views(home: Home, results: Sequence[Any]) -> None:
    """What is a view on Spark is a view in DuckDB, over the tables that Spark built and the landed streams."""
    built = [one.node for one in results if str(one.status) == "success" and one.node.resource_type == "model"]
    views = [node.name for node in built if node.config.materialized == "view"]
    failed = [one for one in invoke(home, ["run", "--select", *views]) if one.is_failed] if views else []
    if failed:
        raise DbtStopped("; ".join(failure_lines(failed)))


def _sentences(home: Home, manifest: "Manifest", results: Sequence[Any]) -> dict[str, str]:
    """Unique id of each failed data test that has a sentence, and of each node that a number was too large for, to its
    sentence.
    """
    failed = [one for one in results if str(one.status) == "fail"]
    too_large = [one for one in results if str(one.status) in FAILED and is_overflow(one.message)]
    if not failed and not too_large:
        return {}
    said: dict[str, str | None] = {}
    with utc_duckdb.connect(home.warehouse, read_only=True) as connection:
        for one in too_large:
            said[one.node.unique_id] = why_too_large(connection, manifest, one.node)
        for one in failed:
            tested = manifest.nodes.get(getattr(one.node, "attached_node", None) or "")
            relation = getattr(tested, "relation_name", None) or ""
            said[one.node.unique_id] = explained(connection, one.node, relation, one.failures)
    return {name: sentence for name, sentence in said.items() if sentence}


def failure_lines(results: Sequence[NodeResult], shown: int = 10) -> list[str]:
    """One line per failed node, at most ``shown`` of them."""
    failed = [result for result in results if result.is_failed]
    lines = [_failure(result) for result in failed[:shown]]
    return [*lines, f"and {len(failed) - shown} more"] if len(failed) > shown else lines


def _failure(result: NodeResult) -> str:
    kind, _, name = result.unique_id.split(".", 2)
    if result.is_sentence:
        return f"{result.message} ({'data test' if kind == 'test' else kind} {name.partition('.')[0]})"
    return f"{kind} {name}: {' '.join(_first_paragraph(result.message or 'no message').split())}"


def _first_paragraph(message: str) -> str:
    """Of what the database said, without its advice and the query; what dbt itself says stands whole."""
    head, _, said = message.strip().partition("\n")
    return said.strip().split("\n  \n")[0].partition("\n\n")[0] if head.startswith("Runtime Error") else message
