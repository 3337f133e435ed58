"""How assets present themselves: owner, description of landed streams, row counts and previews. No computing of
results.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import yaml  # type: ignore[import-untyped, unused-ignore]

from orchestration import utc_duckdb
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from orchestration.project import DBT_PROJECT
from orchestration.quoting import literal
from orchestration.session import Session

OWNERS_OF_PYTHON = {
    "ingest": "data-platform",
    "warehouse": "data-platform",
    "prices": "finance-engineering",
    "statistics": "financial-planning",
    "replay": "financial-planning",
    "control": "financial-planning",
    "publish": "finance-engineering",
}
"""Who answers for an area that only Python has; for the others, dbt's groups say it (``models/_groups.yml``)."""
DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=72), warn_window=timedelta(hours=36))
"""What a daily run makes anew: amber when a day was missed, red when it was missed for a weekend and more."""

PREVIEW_ROWS = 5
PREVIEW_COLUMNS = 8
CELL_WIDTH = 40


def owners(area: str) -> list[str]:
    """The team that answers for a group of the graph; an area that nobody answers for is a KeyError."""
    return [f"team:{_teams()[area]}"]


@cache
def _teams() -> dict[str, str]:
    groups = yaml.safe_load((DBT_PROJECT / "models" / "_groups.yml").read_text())["groups"]
    return {**OWNERS_OF_PYTHON, **{group["name"]: group["owner"]["name"] for group in groups}}


def opens(file: str | Path) -> dict[str, dg.MetadataValue]:
    """Metadata with which the UI opens ``file`` in an editor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        place = dg.LocalFileCodeReference(file_path=str(file))
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[place])}


def table_keys(tables: Iterable[str]) -> list[dg.AssetKey]:
    """The assets of tables that code reads, named ``schema.table``; a landed one is the stream's asset."""
    named = [table.split(".") for table in tables]
    return [dg.AssetKey(name.split("__") if schema == "landing" else [schema, name]) for schema, name in named]


def landed_specs(
    source: str,
    about: str,
    *,
    group: str = "ingest",
    deps: Sequence[dg.AssetKey] = (),
    kinds: set[str] | None = None,
    freshness: dg.FreshnessPolicy | None = None,
    code: str | Path,
) -> list[dg.AssetSpec]:
    """One spec per stream of ``source``, keyed ``[source, stream]``. ``about`` says where the source's rows come
    from, ``code`` is the file that the UI opens.
    """
    return [
        dg.AssetSpec(
            key=dg.AssetKey([source, stream]),
            description=(
                f"{stream.replace('_', ' ').capitalize()}: {about} "
                "Versioned loads in the landing area, money as received. "
                f"Columns: {', '.join(name for name, _ in columns)}."
            ),
            group_name=group,
            owners=owners(group),
            kinds=kinds or {"python", "parquet"},
            deps=list(deps),
            freshness_policy=freshness,
            metadata=opens(code),
        )
        for (of_source, stream), columns in STREAMS.items()
        if of_source == source
    ]


def landed_keys(*sources: str) -> list[dg.AssetKey]:
    """The asset keys of every stream of ``sources``."""
    return [dg.AssetKey([source, stream]) for source, stream in STREAMS if source in sources]


def landed_results(session: Session, source: str, note: str = "") -> Iterator[dg.MaterializeResult]:
    """What the landing area now holds of every stream of ``source``: rows, partitions and, where people may be named, a
    preview.
    """
    landing = session.landing
    with utc_duckdb.connect() as connection:
        for of_source, stream in STREAMS:
            if of_source != source:
                continue
            loads = [part.current for part in landing.manifest(source, stream).values() if part.current]
            metadata: dict[str, Any] = {
                "dagster/row_count": sum(load.rows for load in loads),
                "partitions": len(loads),
            }
            if session.shows_names:
                metadata["preview"] = _landed_preview(connection, landing, source, stream)
            if note:
                metadata["note"] = note
            yield dg.MaterializeResult(asset_key=dg.AssetKey([source, stream]), metadata=metadata)


def standing_note(run_id: str) -> str:
    """What an asset says when the run has nothing to build."""
    return f"nothing changed since run {run_id}, which made what stands"


def preview(connection: duckdb.DuckDBPyConnection, query: str) -> dg.MetadataValue:
    """The first rows of a query as a Markdown table, narrow enough to read."""
    result = connection.execute(f"select * from ({query}) limit {PREVIEW_ROWS}")
    names = [column[0] for column in result.description][:PREVIEW_COLUMNS]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in result.fetchall():
        cells = [_cell(value) for value in row[:PREVIEW_COLUMNS]]
        lines.append("| " + " | ".join(cells) + " |")
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"


def _landed_preview(
    connection: duckdb.DuckDBPyConnection, landing: Landing, source: str, stream: str
) -> dg.MetadataValue:
    files = landing.current_files(source, stream)
    if not files:
        return dg.MetadataValue.md("nothing landed")
    return preview(connection, f"select * from read_parquet({literal(files[-1])})")
