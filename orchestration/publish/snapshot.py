"""Copy schema ``marts`` of the warehouse into a new publication, then make it the published one.

``HOME/publications/<run id>/`` holds ``marts.duckdb`` (tables in its schema ``main``),
``parquet/<table>/data.parquet``, ``focus/``, ``evidence/`` and ``manifest.json``. ``HOME/published`` is a relative
symbolic link to one of them, replaced in one step, so a reader sees the old publication or the new one and never a
part. Until the swap nothing under ``HOME/published`` has changed: a copy that fails or is killed leaves only an
unfinished folder, which the next run removes. The publications before stay for readers that still hold them open.
"""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.connectors.landing import utc_text
from orchestration.publish.checksum import checksum
from orchestration.publish.evidence import write_evidence
from orchestration.publish.focus import write_focus

SCHEMA = "marts"
KEPT_BEFORE = 2
UNFINISHED = ".unfinished-"


class NothingToPublish(Exception):
    """The warehouse holds no marts."""


@dataclass(frozen=True)
class PublishedTable:
    """``checksum`` is over the rows in order, not over file bytes; see :mod:`orchestration.publish.checksum`."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class Publication:
    """A finished publication. ``tables`` by name, in order."""

    run_id: str
    folder: Path
    tables: dict[str, PublishedTable]


def publish(
    connection: duckdb.DuckDBPyConnection, home: Path, *, run_id: str, as_of: date, company_id: str, version: str
) -> Publication:
    """Publish every table of schema ``marts``; raises :class:`NothingToPublish` and leaves the published state as it
    was.
    """
    names = _mart_tables(connection)
    if not names:
        raise NothingToPublish("the warehouse holds no marts; run the build first")
    publications = home / "publications"
    publications.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(publications)
    work = publications / f"{UNFINISHED}{run_id}"
    work.mkdir()
    tables = _copy(connection, names, work)
    write_evidence(connection, work / "evidence")
    write_focus(connection, work / "focus")
    body = {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "company_id": company_id,
        "published_at": utc_text(datetime.now(UTC)),
        "version": version,
        "tables": {name: {"rows": table.rows, "checksum": table.checksum} for name, table in tables.items()},
    }
    (work / "manifest.json").write_text(json.dumps(body, indent=1) + "\n")
    folder = publications / run_id
    work.rename(folder)
    swap(home, folder)
    _retire(home, keep=folder)
    return Publication(run_id, folder, tables)


def swap(home: Path, folder: Path) -> None:
    """Point ``HOME/published`` at ``folder`` in one step, by a relative link, so that a copied home stays whole."""
    link = home / "published"
    fresh = home / f".published-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(folder, home), target_is_directory=True)
    os.replace(fresh, link)  # noqa: PTH105 - says what matters here: atomic, also over an existing link


def _mart_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? "
        "and table_catalog = current_database() order by table_name",
        [SCHEMA],
    ).fetchall()
    return [name for (name,) in rows]


def _copy(connection: duckdb.DuckDBPyConnection, names: list[str], work: Path) -> dict[str, PublishedTable]:
    tables = {}
    connection.execute(f"attach {_literal(work / 'marts.duckdb')} as publication")
    try:
        for name in names:
            source = f'{SCHEMA}."{name}"'
            connection.execute(f'create table publication.main."{name}" as select * from {source} order by all')
            target = work / "parquet" / name / "data.parquet"
            target.parent.mkdir(parents=True)
            copied = f'publication.main."{name}"'
            connection.execute(
                f"copy (select * from {copied}) to {_literal(target)} (format parquet, compression zstd)"
            )
            tables[name] = PublishedTable(*checksum(connection, copied))
        connection.execute("checkpoint publication")
    finally:
        connection.execute("detach publication")
    return tables


def _remove_unfinished(publications: Path) -> None:
    for leftover in publications.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover)


def _retire(home: Path, keep: Path) -> None:
    """Keep the published publication and the ``KEPT_BEFORE`` before it."""
    finished = [
        path for path in (home / "publications").iterdir() if (path / "manifest.json").exists() and path != keep
    ]
    finished.sort(key=lambda path: json.loads((path / "manifest.json").read_text())["published_at"], reverse=True)
    for old in finished[KEPT_BEFORE:]:
        shutil.rmtree(old)


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
