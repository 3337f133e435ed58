"""Copy schema ``marts`` of the warehouse into a new publication, then make it the published one.

``HOME/publications/<run id>/`` holds ``marts.duckdb`` (tables in its schema ``main``),
``parquet/<table>/<part>.parquet`` (see :mod:`orchestration.publish.parts`), ``focus/``, ``journals/``, ``evidence/`` and
``manifest.json``. ``HOME/published`` is a relative symbolic link to one of them, replaced in one step, so a reader sees the old
publication or the new one and never a part. Until the swap nothing under ``HOME/published`` has changed: a copy that
fails or is killed leaves only an unfinished folder, which the next run removes. The publications before stay for
readers that still hold them open; files of equal content are shared between them, and are read-only.

Rows of a closed period come from its frozen copies, and what they would be now is booked in ``period_adjustments``;
see :mod:`orchestration.close`.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from orchestration import utc_duckdb
from orchestration.checksum import METHOD
from orchestration.close.periods import ACCRUALS
from orchestration.close.publication import queries_to_publish
from orchestration.files import utc_text
from orchestration.knowledge import FirstRun, as_json, published_days
from orchestration.people import NAMES, STRICTNESS
from orchestration.publish.evidence import TABLES as EVIDENCE_TABLES
from orchestration.publish.evidence import write_evidence
from orchestration.publish.focus import TABLES as FOCUS_TABLES
from orchestration.publish.focus import write_focus
from orchestration.publish.journals import write_journals
from orchestration.publish.layout import Layout
from orchestration.publish.manifest import Before, PublishedTable, link, seal, writer
from orchestration.publish.parts import SCHEMA, write_marts, write_parts
from orchestration.publish.people import Hiding
from orchestration.publish.private_facts import forget_facts, keep_facts, keep_facts_again
from orchestration.published import MANIFEST, DamagedPublication, read_manifest
from orchestration.quoting import literal

KEPT_BEFORE = 2
UNFINISHED, FRESH_LINK = ".unfinished-", ".published-"
ALARMS = ("residual_alarm_ratio", "unallocated_alarm_ratio")


class NothingToPublish(Exception):
    """The warehouse holds no marts."""


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
    company_name: str | None = None,
    version: str,
    policy_version: str | None = None,
    begun_at: str | None = None,
    known_before: str | None = None,
    layouts: Mapping[str, Layout] = MappingProxyType({}),
    is_simulated: bool = False,
    write_pages: Callable[[Path, dict[str, Any]], Mapping[str, str]] | None = None,
    people: str = NAMES,
) -> Publication:
    """Publish every table of schema ``marts``; raises :class:`NothingToPublish` or ``FrozenPeriodError`` and leaves the
    published state as it was.

    ``begun_at``: when the run began, for the home's memory of its as-of days; ``known_before``: the moment whose
    knowledge it shows (None: now). See :mod:`orchestration.knowledge`. ``layouts`` by table; one part is the default.
    ``is_simulated``: no figure of the company is real, which whoever shows one must say.
    ``write_pages(folder, manifest)`` writes what people look at into the folder of the files, before anybody sees
    it, and says what of it could not be written and why; it is kept in the manifest.
    ``people``: how they appear, see :mod:`orchestration.people`; when they appear less than before, what was published before
    is not kept.
    """
    names = _mart_tables(connection)
    if not names:
        raise NothingToPublish("the warehouse holds no marts; run the build first")
    hiding = Hiding(connection, home, people, names, SCHEMA)
    queries, closed = queries_to_publish(
        connection,
        home,
        SCHEMA,
        names,
        as_of=as_of,
        known_before=known_before,
        people=people,
        shown_as=hiding.shown_as,
    )
    if people != NAMES:
        queries = {name: f"select * from ({query}) /* {hiding.fingerprint} */" for name, query in queries.items()}
    before = Before.read(home / "published")
    work = _begin(home, run_id)
    tables = write_parts(connection, queries, layouts, work, before)
    write_marts(connection, tables, work, before, layouts)
    _write_derived(connection, tables, work, before)
    now = utc_text(datetime.now(UTC))
    body: dict[str, Any] = {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "company_id": company_id,
        "company_name": company_name,
        "is_simulated": is_simulated,
        "published_at": now,
        "version": version,
        "policy_version": policy_version,
        "people": people,
        "alarm_ratios": _alarm_ratios(connection),
        "closed_periods": closed,
        "as_of_days": _as_of_days(home / "published", as_of, FirstRun(begun_at, now) if begun_at else None),
        "writer": writer(),
        "checksum_method": METHOD,
        "tables": {name: table.as_json() for name, table in tables.items()},
    }
    if write_pages is not None:
        body["pages_not_written"] = dict(write_pages(work, body))
    body |= {"files": seal(work), "sealed_at": utc_text(datetime.now(UTC))}
    if people != NAMES:
        keep_facts(connection, home, run_id, names, SCHEMA)
    return Publication(run_id, _finish(home, work, body), tables)


def publish_again(home: Path, *, run_id: str, begun_at: str | None = None) -> Publication | None:
    """Publish the published files once more under ``run_id``, for a run in which nothing changed.

    None, and nothing done, when nothing is published, another program wrote it, a file was touched since or a page could
    not be written, which is tried again.
    """
    before, body = Before.read(home / "published"), read_manifest(home / "published")
    if body is None or not before.is_whole or body.get("pages_not_written"):
        return None
    work = _begin(home, run_id)
    for path in before.files:
        link(before.folder / path, work / path)
    now, as_of = utc_text(datetime.now(UTC)), date.fromisoformat(body["as_of"])
    days = _as_of_days(before.folder, as_of, FirstRun(begun_at, now) if begun_at else None)
    keep_facts_again(home, body["run_id"], run_id)
    body |= {"run_id": run_id, "published_at": now, "as_of_days": days}
    return Publication(run_id, _finish(home, work, body), before.tables)


def _write_derived(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, PublishedTable], work: Path, before: Before
) -> None:
    """The folders that follow from some of the tables: linked if these are what they were, written anew otherwise."""
    parquet = work / "parquet"
    derived: dict[str, tuple[Sequence[str], Callable[[Path], object]]] = {
        "evidence": (EVIDENCE_TABLES, lambda folder: _write_evidence(parquet, folder)),
        "focus": (FOCUS_TABLES, lambda folder: write_focus(connection, parquet, folder)),
        "journals": ([ACCRUALS], lambda folder: write_journals(parquet / ACCRUALS / "data.parquet", folder)),
    }
    for name, (sources, write) in derived.items():
        used = {source: tables[source] for source in sources if source in tables}
        if not (before.has(used) and before.link(name, work)):
            write(work / name)


def _write_evidence(parquet: Path, folder: Path) -> None:
    """The packs of the rows as they are published."""
    with utc_duckdb.connect() as connection:
        connection.execute("create schema marts")
        for table in EVIDENCE_TABLES:
            if (parquet / table).exists():
                files = literal(parquet / table / "*.parquet")
                connection.execute(
                    f"create view marts.{table} as from read_parquet({files}, hive_partitioning = false)"
                )
        write_evidence(connection, folder)


def _begin(home: Path, run_id: str) -> Path:
    """A new folder for the files of ``run_id``; what killed runs left is removed: folders that were not finished or never
    published, and links that were not put in place.
    """
    publications = home / "publications"
    publications.mkdir(parents=True, exist_ok=True)
    known = _published_before(home)
    for folder in publications.iterdir():
        if folder.name.startswith(UNFINISHED) or (known and folder.resolve() not in known):
            shutil.rmtree(folder)
    for fresh in home.glob(f"{FRESH_LINK}*"):
        fresh.unlink()
    work = publications / f"{UNFINISHED}{run_id}"
    work.mkdir()
    return work


def _finish(home: Path, work: Path, body: dict[str, Any]) -> Path:
    """Write the manifest, name the folder, swap it in, retire old ones."""
    (work / MANIFEST).write_text(json.dumps(body, indent=1) + "\n")
    folder = home / "publications" / body["run_id"]
    work.rename(folder)
    swap(home, folder)
    _retire(home, keep=folder, people=body.get("people", NAMES))
    forget_facts(home)
    return folder


def swap(home: Path, folder: Path) -> None:
    """Point ``HOME/published`` at ``folder`` in one step, by a relative link, so that a copied home stays whole."""
    current = home / "published"
    fresh = home / f"{FRESH_LINK}{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(folder, home), target_is_directory=True)
    os.replace(fresh, current)  # noqa: PTH105 - says what matters here: atomic, also over an existing link


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


def _retire(home: Path, keep: Path, people: str) -> None:
    """Keep the published publication and the ``KEPT_BEFORE`` before it, but none that shows more of people."""
    before = [path for path in _published_before(home) if path != keep]
    for number, old in enumerate(before):
        shows = (read_manifest(old) or {}).get("people", NAMES)
        if number >= KEPT_BEFORE or STRICTNESS.index(shows) < STRICTNESS.index(people):
            shutil.rmtree(old)


def _published_before(home: Path) -> list[Path]:
    """Finished publications up to the published one, the latest first: one that is later was named and never published. None
    where nothing is published.
    """
    current = read_manifest(home / "published")
    if current is None:
        return []
    found = []
    for folder in (home / "publications").iterdir():
        with suppress(DamagedPublication):
            body = read_manifest(folder)
            if body is not None and body["published_at"] <= current["published_at"]:
                found.append((body["published_at"], folder.resolve()))
    return [folder for _, folder in sorted(found, reverse=True)]
