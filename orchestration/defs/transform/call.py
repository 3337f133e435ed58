"""One ``dbt build`` as a child process without secrets: its events become the graph's, its failure one clear
exception.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliInvocation, DbtCliResource

from orchestration import progress
from orchestration.defs.presentation import preview
from orchestration.project import DBT_PROFILES, DBT_PROJECT, dbt_executable, project_digest
from orchestration.session import Session
from orchestration.settings import only_child_environment
from orchestration.verify import failure_lines
from orchestration.warehouse import connect


class TransformFailed(Exception):
    """dbt refused: a model did not build or a data test found wrong rows; one line per failure."""


def build(
    context: dg.AssetExecutionContext, session: Session, *, loaded: str, full_refresh: bool = False
) -> Iterator[Any]:
    """Build and test the models of this step; yields its events with row counts, or raises :class:`TransformFailed`.

    ``loaded`` is the digest of the dbt project that the graph was loaded from.
    """
    if project_digest() != loaded:
        raise TransformFailed("the dbt project has changed since the graph was loaded; reload it and run again")
    args = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
    call = _start(context, session, [*args, *(["--full-refresh"] if full_refresh else [])])
    step, total = context.op.name, len(context.selected_asset_keys)
    events, built = [], 0
    for event in call.stream():
        events.append(event)
        if isinstance(event, dg.Output):
            built += 1
            progress.report(progress.Event(step, "working", "models", built, total))
    yield from _measured(context, session, events)
    if not call.is_successful():
        raise TransformFailed(session.redact(_failures(call)))


def _start(context: dg.AssetExecutionContext, session: Session, args: list[str]) -> DbtCliInvocation:
    home = session.home
    resource = DbtCliResource(
        project_dir=str(DBT_PROJECT),
        profiles_dir=str(DBT_PROFILES),
        dbt_executable=dbt_executable(),
        target=session.settings.target,
    )
    with only_child_environment(TOKENOMICS_WAREHOUSE=str(home.warehouse)):
        return resource.cli(args, context=context, target_path=home.dbt_target, raise_on_error=False)


def _measured(context: dg.AssetExecutionContext, session: Session, events: list[Any]) -> Iterator[Any]:
    """The events, those of tables with their row count, those of marts with a preview."""
    with connect(session.home.warehouse) as connection:
        sizes = _table_sizes(connection)
        for event in events:
            if isinstance(event, dg.Output):
                path = tuple(context.asset_key_for_output(event.output_name).path)
                extra: dict[str, Any] = {}
                if path in sizes:
                    extra["dagster/row_count"] = sizes[path]
                if path in sizes and path[0] == "marts":
                    extra["preview"] = preview(connection, f'select * from marts."{path[1]}"')
                event = event.with_metadata({**event.metadata, **extra})
            yield event


def _table_sizes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], int]:
    rows = connection.execute("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
    return {(schema, table): size for schema, table, size in rows}


def _failures(call: DbtCliInvocation) -> str:
    try:
        results = call.get_artifact("run_results.json")["results"]
    except (FileNotFoundError, KeyError):
        error = call.get_error()
        return str(error) if error else "dbt stopped without saying why; see the log under HOME/dbt"
    return "\n".join(failure_lines(results)) or "dbt failed before it ran a model; see the log under HOME/dbt"
