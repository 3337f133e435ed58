"""Read the sums of a log that stays where it is: run the statement there, or take the results that the engine left.

Connected (``duckdb``, ``spark``): the days that are due are summed, :data:`DAYS_AT_ONCE` at a time; a day that was summed by
an earlier version of the statement is due as well, and stays as it is where the log no longer has it. Results
(``results``): what the files say of each day, the latest statement last; a day that no file states any more is withdrawn.
Failure mode: that of ``engines.py``, ``log_columns.py`` and ``day_sums.py``; nothing is landed here.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import utc_duckdb
from orchestration.connectors.http import utc_now
from orchestration.connectors.providers.litellm.rollup.day_sums import (
    STREAM,
    DaySums,
    day_sums,
    refuse_other_version,
)
from orchestration.connectors.providers.litellm.rollup.engines import SOURCE, Engine, open_engine
from orchestration.connectors.providers.litellm.rollup.log_columns import refuse_wrong_columns
from orchestration.connectors.providers.litellm.rollup.statement import SESSION, rules, statement
from orchestration.connectors.text_tables import literal
from orchestration.connectors.window import day_windows, days_between, read_days
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing

if TYPE_CHECKING:
    from orchestration.registry import Company, SourceConfig

DAYS_AT_ONCE = 7
UNDATED = "select count(*) as n from {table} where started_at is null"


def read_sums(
    company: "Company", landing: Landing, as_of: date, connection: str | None, scratch: Path, *, full_refresh: bool
) -> list[DaySums]:
    """The days to land. ``connection``: what the variable ``connection_env`` holds."""
    source = company.sources[SOURCE]
    if source.results is not None:
        return list(_from_results(landing, company.folder, source.results, scratch))
    days = _due(company, landing, as_of, full_refresh=full_refresh)
    if not days:
        return []
    with open_engine(source, company.folder, connection, scratch) as engine:
        refuse_unfit(engine)
        found = [
            day for window in day_windows(days, DAYS_AT_ONCE) for day in _run(engine, source, days_between(*window))
        ]
    again_from = as_of - timedelta(days=source.lookback_days)
    return [sums for sums in found if full_refresh or sums.day >= again_from or not _is_lost(landing, sums)]


def refuse_unfit(engine: Engine) -> None:
    """Raise :class:`SchemaDrift` for a log with other columns than promised, or with rows of no day."""
    refuse_wrong_columns(engine.table, engine.columns())
    undated = engine.run(UNDATED.format(table=engine.table)).column(0)[0].as_py()
    if undated:
        raise SchemaDrift(
            SOURCE,
            f"{engine.table}: started_at is empty on {undated:,} rows, which belong to no day; correct the view, or leave "
            "these rows out of it",
        )


def result_files(folder: Path, pattern: str) -> list[Path]:
    """The files of results, in order. None at all is an error: an unread result is not an empty one."""
    found = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith((".", "_")))
    if not found:
        raise PermanentFailure(
            SOURCE,
            f"no file matches results {pattern} in the company folder: run the statement of tokenomics rollup where the log "
            "is and put its result there as Parquet",
        )
    return found


def _due(company: "Company", landing: Landing, as_of: date, *, full_refresh: bool) -> list[date]:
    mark = f"statement {rules()}"
    landed = {
        date.fromisoformat(name)
        for name, part in landing.manifest(SOURCE, STREAM).items()
        if part.current is not None and str(part.current.origin).endswith(mark)
    }
    return read_days(company.sources[SOURCE], set() if full_refresh else landed, as_of, company.config.zone)


def _run(engine: Engine, source: "SourceConfig", days: list[date]) -> Iterator[DaySums]:
    began = utc_now()
    result = engine.run(statement(str(source.rollup), engine.table, days))
    with utc_duckdb.connect() as session:
        for told in SESSION["duckdb"]:
            session.execute(told)
        session.register("answer", result)
        found = list(day_sums(session, "answer", began, engine.table))
    missing = set(days) - {sums.day for sums in found}
    if missing:
        raise SchemaDrift(SOURCE, f"{engine.table}: the result does not state {min(missing)}; nothing was landed")
    yield from found


def _is_lost(landing: Landing, sums: DaySums) -> bool:
    """The log has no row of a landed day that only another version of the statement made due."""
    part = landing.manifest(SOURCE, STREAM).get(sums.day.isoformat())
    return not sums.table.num_rows and part is not None and part.current is not None and part.current.rows > 0


def _from_results(landing: Landing, folder: Path, pattern: str, scratch: Path) -> Iterator[DaySums]:
    files = ", ".join(literal(str(path)) for path in result_files(folder, pattern))
    held = landing.manifest(SOURCE, STREAM)
    with utc_duckdb.connect() as session:
        for told in SESSION["duckdb"]:
            session.execute(told)
        session.execute(f"set temp_directory = {literal(str(scratch))}")
        for sums in day_sums(session, f"read_parquet([{files}], union_by_name = true)", None, pattern):
            part = held.get(sums.day.isoformat())
            if part is None or part.current is None or part.current.load_id != sums.load_id:
                refuse_other_version(sums)
            yield sums
