"""dbt's own runner in this process, as if it were a child: where everything is and nothing secret in its environment.

dbt reads the environment, changes the working folder and keeps the warehouse open. After a call environment and folder
are as they were and the warehouse is closed, so that anyone may open it.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from orchestration.project import DBT_PROFILES, DBT_PROJECT, Home
from orchestration.settings import only_child_environment


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
def as_a_child(home: Home, target_path: Path | None = None, duckdb_threads: int = 1) -> Iterator[None]:
    """Within the block: the environment of a dbt process, where everything is and nothing secret; dbt writes to ``target_path``,
    by default the home's, and DuckDB works with ``duckdb_threads``. The folder comes back, and the root logger, to which a
    library of dbt's adds a handler when it is imported.
    """
    output = target_path or home.dbt_target
    output.mkdir(parents=True, exist_ok=True)
    home.dbt_logs.mkdir(parents=True, exist_ok=True)
    places = {
        "TOKENOMICS_WAREHOUSE": str(home.warehouse),
        "DBT_PROFILES_DIR": str(DBT_PROFILES),
        "DBT_PROJECT_DIR": str(DBT_PROJECT),
        "DBT_TARGET_PATH": str(output),
        "DBT_LOG_PATH": str(home.dbt_logs),
        "TOKENOMICS_SPARK_TABLES": str(home.spark / "tables"),
        "TOKENOMICS_DUCKDB_THREADS": str(duckdb_threads),
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
