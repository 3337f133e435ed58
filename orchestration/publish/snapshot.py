"""Copy schema ``marts`` of the warehouse into a new publication, then make it the published one.

``HOME/publications/<run id>/`` holds ``marts.duckdb`` (tables in its schema ``main``),
``parquet/<table>/data.parquet``, ``focus/``, ``journals/``, ``evidence/`` and ``manifest.json``. ``HOME/published`` is a relative
symbolic link to one of them, replaced in one step, so a reader sees the old publication or the new one and never a
part. Until the swap nothing under ``HOME/published`` has changed: a copy that fails or is killed leaves only an
unfinished folder, which the next run removes. The publications before stay for readers that still hold them open.

Rows of a closed period come from its frozen copies, and what they would be now is booked in ``period_adjustments``;
see :mod:`orchestration.close`.
"""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.checksum import checksum
from orchestration.close.publication import queries_to_publish
from orchestration.files import utc_text
from orchestration.knowledge import FirstRun, as_json, published_days
from orchestration.publish.evidence import write_evidence
from orchestration.publish.focus import write_focus
from orchestration.publish.journals import write_journals

SCHEMA = "marts"
KEPT_BEFORE = 2
UNFINISHED = ".unfinished-"
ALARMS = ("residual_alarm_ratio", "unallocated_alarm_ratio")


class NothingToPublish(Exception):
    """The warehouse holds no marts."""


@dataclass(frozen=True)
class PublishedTable:
    """``checksum`` is over the rows in order, not over file bytes; see :mod:`orchestration.checksum`."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class Publication:
    """A finished publication. ``tables`` by name, in order."""

    run_id: str
    folder: Path
    tables: dict[str, PublishedTable]


def publish(
    connection: duckdb.DuckDBPyConnection,
    home: Path,
    *,
    run_id: str,
    as_of: date,
    company_id: str,
    version: str,
    policy_version: str | None = None,
    begun_at: str | None = None,
    known_before: str | None = None,
) -> Publication:
    """Publish every table of schema ``marts``; raises :class:`NothingToPublish` or ``FrozenPeriodError`` and leaves the
    published state as it was.

    ``begun_at``: when the run began, for the home's memory of its as-of days; ``known_before``: the moment whose
    knowledge it shows (None: now). See :mod:`orchestration.knowledge`.
    """
    names = _mart_tables(connection)
    if not names:
        raise NothingToPublish("the warehouse holds no marts; run the build first")
    queries, closed = queries_to_publish(connection, home, SCHEMA, names, as_of=as_of, known_before=known_before)
    publications = home / "publications"
    publications.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(publications)
    work = publications / f"{UNFINISHED}{run_id}"
    work.mkdir()
    tables = _copy(connection, queries, work)
    write_evidence(connection, work / "evidence")
    write_focus(connection, work / "focus")
    write_journals(work / "parquet" / "accrual_journal_lines" / "data.parquet", work / "journals")
    now = utc_text(datetime.now(UTC))
    body = {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "company_id": company_id,
        "published_at": now,
        "version": version,
        "policy_version": policy_version,
        "alarm_ratios": _alarm_ratios(connection),
        "closed_periods": closed,
        "as_of_days": _as_of_days(home / "published", as_of, FirstRun(begun_at, now) if begun_at else None),
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


def _alarm_ratios(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The policy's alarm ratios as landed with the registry, so that readers of the tables can judge by them."""
    present = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'staging' and table_name = 'stg_registry__policy'"
    ).fetchone()
    if present == (0,):
        return {}
    query = (
        f"select policy_key, policy_value from staging.stg_registry__policy where policy_key in {ALARMS} order by all"
    )
    return dict(connection.execute(query).fetchall())


def _as_of_days(published: Path, as_of: date, run: FirstRun | None) -> dict[str, dict[str, str]]:
    """Every as-of day published in this home with its first run; ``run`` is this one's, None: not to be remembered."""
    days = published_days(published)
    return as_json({as_of: run, **days} if run else days)


def _copy(connection: duckdb.DuckDBPyConnection, queries: dict[str, str], work: Path) -> dict[str, PublishedTable]:
    tables = {}
    connection.execute(f"attach {_literal(work / 'marts.duckdb')} as publication")
    try:
        for name, query in queries.items():
            connection.execute(f'create table publication.main."{name}" as select * from ({query}) order by all')
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
