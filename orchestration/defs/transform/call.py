"""One ``dbt build`` in this process as the graph sees it: results become the graph's events, failure one clear exception."""

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import (
    get_asset_check_key_for_test,
    get_manifest_and_translator_from_dbt_assets,
    get_subset_selection_for_context,
)

from orchestration import progress
from orchestration.defs.presentation import preview, standing_note
from orchestration.project import project_digest
from orchestration.session import Session
from orchestration.transform.invoke import DbtStopped, NodeResult, failure_lines, invoke
from orchestration.warehouse import connect


class TransformFailed(Exception):
    """dbt refused: a model did not build or a data test found wrong rows; one line per failure."""


def build(context: dg.AssetExecutionContext, session: Session, *, loaded: str) -> Iterator[Any]:
    """Build and test the models of this step; yields its events with row counts, or raises :class:`TransformFailed`.

    ``loaded`` is the digest of the dbt project that the graph was loaded from.
    """
    if project_digest() != loaded:
        raise TransformFailed("the dbt project has changed since the graph was loaded; reload it and run again")
    manifest, translator, _ = get_manifest_and_translator_from_dbt_assets([context.assets_def])
    command = ["build", "--exclude-resource-type", "unit_test", *_selection(context, manifest, translator)]
    try:
        results = invoke(session.home, command, _Counted(context), session.settings.target)
    except DbtStopped as error:
        raise TransformFailed(session.redact(str(error))) from None
    yield from _events(context, session, manifest, translator, results)
    lines = failure_lines(results)
    if lines:
        raise TransformFailed(session.redact("\n".join(lines)))


def standing(context: dg.AssetExecutionContext, session: Session, run_id: str) -> Iterator[Any]:
    """The models of this step as run ``run_id`` left them: nothing that feeds them has changed since. No test is run: that run
    published, so all of its tests passed, and what they judged is what stands.
    """
    note: dict[str, Any] = {"note": standing_note(run_id)}
    with connect(session.home.warehouse, read_only=True) as connection:
        sizes = _table_sizes(connection)
    deps = context.assets_def.asset_deps
    order = TopologicalSorter({key: deps[key] & context.selected_asset_keys for key in context.selected_asset_keys})
    for key in order.static_order():
        rows = sizes.get(tuple(key.path))
        facts = note if rows is None else {**note, "dagster/row_count": rows}
        yield dg.Output(None, output_name=key.to_python_identifier(), metadata=facts)
    for check in sorted(context.selected_asset_check_keys):
        yield dg.AssetCheckResult(asset_key=check.asset_key, check_name=check.name, passed=True, metadata=note)


class _Counted:
    """Tells whoever watches how many of the step's models are done."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self.step, self.total, self.done = context.op.name, len(context.selected_asset_keys), 0

    def __call__(self, unique_id: str) -> None:
        if unique_id.startswith("model."):
            self.done += 1
            progress.report(progress.Event(self.step, "working", "models", self.done, self.total))


def _selection(context: dg.AssetExecutionContext, manifest: Any, translator: DagsterDbtTranslator) -> list[str]:
    """dbt's arguments for what Dagster wants of this step: all of it, or the assets and checks that were chosen."""
    tags = context.op.tags
    if not context.is_subset:
        named = (("--select", tags.get("dagster_dbt/select")), ("--exclude", tags.get("dagster_dbt/exclude")))
        return ["--indirect-selection", "buildable", *(word for pair in named if pair[1] for word in pair)]
    arguments, indirect = get_subset_selection_for_context(
        context=context,
        manifest=manifest,
        select=tags.get("dagster_dbt/select"),
        exclude=tags.get("dagster_dbt/exclude"),
        selector=tags.get("dagster_dbt/selector"),
        dagster_dbt_translator=translator,
        current_dbt_indirect_selection_env=None,
    )
    return ["--indirect-selection", indirect or "buildable", *arguments]


def _events(
    context: dg.AssetExecutionContext,
    session: Session,
    manifest: Any,
    translator: DagsterDbtTranslator,
    results: Sequence[NodeResult],
) -> Iterator[Any]:
    """An output for each model that was built, those of tables with row counts, those of marts with a preview where people may
    be named; a check result for each test that was run, or an observation of what it reads if it belongs to no single asset.
    """
    with connect(session.home.warehouse) as connection:
        sizes = _table_sizes(connection)
        for result in results:
            if result.unique_id.startswith("test."):
                if result.was_run:
                    yield from _test_events(context, manifest, translator, result)
            elif result.was_run and not result.is_failed:
                key = translator.get_asset_spec(manifest, result.unique_id, None).key
                facts = _facts(result)
                path = tuple(key.path)
                if path in sizes:
                    facts["dagster/row_count"] = sizes[path]
                if path in sizes and path[0] == "marts" and session.shows_names:
                    facts["preview"] = preview(connection, f'select * from marts."{path[1]}"')
                yield dg.Output(None, output_name=key.to_python_identifier(), metadata=facts)


def _test_events(
    context: dg.AssetExecutionContext, manifest: Any, translator: DagsterDbtTranslator, result: NodeResult
) -> Iterator[Any]:
    facts = _facts(result)
    if result.failures is not None:
        facts["dagster_dbt/failed_row_count"] = result.failures
    key = get_asset_check_key_for_test(manifest, translator, result.unique_id, project=None)
    if key is not None and key in context.selected_asset_check_keys:
        severity = dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR
        passed = result.status == "pass"
        yield dg.AssetCheckResult(
            asset_key=key.asset_key, check_name=key.name, passed=passed, severity=severity, metadata=facts
        )
        return
    for read in manifest["nodes"][result.unique_id]["depends_on"]["nodes"]:
        props = manifest["nodes"].get(read) or manifest["sources"][read]
        yield dg.AssetObservation(asset_key=translator.get_asset_key(props), metadata=facts)


def _facts(result: NodeResult) -> dict[str, Any]:
    return {"unique_id": result.unique_id, "status": result.status, "Execution Duration": result.seconds}


def _table_sizes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], int]:
    rows = connection.execute("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
    return {(schema, table): size for schema, table, size in rows}
