"""The engines in which a run has the log summed itself: DuckDB over a database file or Parquet files, and Spark.

Each says which columns the log has, and answers a statement with an Arrow table. Sessions speak in UTC. Failure mode:
:class:`PermanentFailure` for a log that is not there or an engine that is not installed, :class:`TransientFailure` where
trying again may help. No message carries where the engine is: it may hold a token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa

from orchestration import utc_duckdb
from orchestration.connectors.providers.litellm.rollup.statement import SESSION
from orchestration.connectors.text_tables import literal
from orchestration.landing.errors import PermanentFailure, TransientFailure
from orchestration.transform.spark_session import LOCAL

if TYPE_CHECKING:
    from orchestration.registry import SourceConfig

SOURCE = "litellm"
FILES = "log_files"
"""What Parquet files are called in a statement."""
MEMORY_LIMIT = "1500MB"
_LOCAL_SPARK = {**LOCAL, "spark.sql.shuffle.partitions": "8"}
"""For a session of this process: what a build on Spark sets, with smaller parts of the log in memory."""
DATABASE_SUFFIXES = (".duckdb", ".db")


class Engine(Protocol):
    """``table`` is what a statement calls the log."""

    table: str

    def columns(self) -> dict[str, str]:
        """The log's columns and the engine's names of their types, in lower case."""
        ...

    def run(self, statement: str) -> pa.Table: ...


@contextmanager
def open_engine(source: "SourceConfig", folder: Path, connection: str | None, scratch: Path) -> Iterator[Engine]:
    """The engine of ``source``; ``folder`` is that of the company, ``connection`` what its variable holds."""
    if source.rollup == "spark":
        yield from _open_spark(source, folder, connection, scratch)
        return
    place = Path(connection) if connection else folder / str(source.path)
    with utc_duckdb.connect() as session:
        for told in SESSION["duckdb"]:
            session.execute(told)
        session.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        session.execute(f"set temp_directory = {literal(str(scratch))}")
        yield _open_duckdb(session, place, source.table)


class DuckDb:
    """DuckDB in this process."""

    def __init__(self, session: duckdb.DuckDBPyConnection, table: str) -> None:
        self.session, self.table = session, table

    def columns(self) -> dict[str, str]:
        try:
            found = self.session.execute(f"describe select * from {self.table}").fetchall()
        except duckdb.CatalogException:
            raise PermanentFailure(SOURCE, _no_table("duckdb", self.table)) from None
        return {name.lower(): kind.lower() for name, kind, *_ in found}

    def run(self, statement: str) -> pa.Table:
        try:
            return self.session.execute(statement).to_arrow_table()
        except duckdb.IOException as error:
            raise TransientFailure(SOURCE, f"duckdb could not read the log: {_first_line(error)}") from None
        except duckdb.Error as error:
            raise PermanentFailure(SOURCE, f"duckdb could not sum the log: {_first_line(error)}") from None


def _open_duckdb(session: duckdb.DuckDBPyConnection, place: Path, table: str | None) -> DuckDb:
    if place.suffix in DATABASE_SUFFIXES:
        if not place.is_file():
            raise PermanentFailure(SOURCE, f"the database {place.name} is not there; correct path in sources.yaml")
        try:
            session.execute(f"attach {literal(str(place))} as the_log (read_only)")
        except duckdb.IOException:
            raise TransientFailure(
                SOURCE,
                f"the database {place.name} cannot be opened; close it where it is open for writing, then run again",
            ) from None
        session.execute("use the_log")
        return DuckDb(session, str(table))
    files = ", ".join(literal(str(file)) for file in _parquet_files(place))
    absent = PermanentFailure(SOURCE, f"no Parquet file is read from {place.name}: correct path in sources.yaml")
    if not files:
        raise absent
    try:
        session.execute(f"create view {FILES} as select * from read_parquet([{files}], union_by_name = true)")
    except duckdb.IOException:
        raise absent from None
    return DuckDb(session, table or FILES)


class Spark:
    """A Spark session, of this process or behind a Connect address."""

    def __init__(self, session: Any, table: str) -> None:
        self.session, self.table = session, table

    def columns(self) -> dict[str, str]:
        try:
            schema = self.session.table(self.table).schema
        except Exception as error:  # pyspark's own kinds of it need pyspark
            if "TABLE_OR_VIEW_NOT_FOUND" not in str(error):
                raise TransientFailure(SOURCE, f"spark could not describe the log: {_first_line(error)}") from None
            raise PermanentFailure(SOURCE, _no_table("spark", self.table)) from None
        return {field.name.lower(): field.dataType.simpleString() for field in schema}

    def run(self, statement: str) -> pa.Table:
        try:
            return self.session.sql(statement).toArrow()
        except Exception as error:  # as above
            raise TransientFailure(SOURCE, f"spark could not sum the log: {_first_line(error)}") from None


def _open_spark(source: "SourceConfig", folder: Path, connection: str | None, scratch: Path) -> Iterator[Spark]:
    """A session that this opens ends with it: a build on Spark, which may follow, sets its own otherwise."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise PermanentFailure(
            SOURCE,
            "rollup: spark needs the package pyspark, which is not installed; install it, or run the statement of "
            "tokenomics rollup there and name its results",
        ) from None
    is_ours = SparkSession.getActiveSession() is None
    local = {**_LOCAL_SPARK, "spark.sql.warehouse.dir": str(scratch / "warehouse")}
    builder = SparkSession.builder.appName("tokenomics")
    for key, value in ({} if connection else local).items():
        builder = builder.config(key, value)
    try:
        session = (builder.remote(connection) if connection else builder.master("local[*]")).getOrCreate()
        session.conf.set("spark.sql.ansi.enabled", "true")
        for told in SESSION["spark"]:
            session.sql(told)
    except Exception as error:  # what the gateway to Java raises, or the address
        raise TransientFailure(
            SOURCE, f"no Spark session: {_first_line(error)}; look at Java, or at the address in connection_env"
        ) from None
    try:
        if source.path is not None:
            try:
                place = folder / source.path
                reader = session.read.option("basePath", str(place)) if place.is_dir() else session.read
                reader.parquet(*map(str, _parquet_files(place))).createOrReplaceTempView(FILES)
            except Exception:  # a path without files
                raise PermanentFailure(
                    SOURCE, f"no Parquet file is read from {source.path}: correct path in sources.yaml"
                ) from None
        yield Spark(session, source.table or FILES)
    finally:
        if is_ours:
            session.stop()


def _parquet_files(place: Path) -> list[Path]:
    """Those that both engines read: all below a folder, but what a writer hides or has not finished (``.x``, ``_x``)."""
    if not place.is_dir():
        return [place]
    below = ((path, path.relative_to(place).parts) for path in sorted(place.rglob("*.parquet")) if path.is_file())
    return [path for path, parts in below if not any(part.startswith((".", "_")) for part in parts)]


def _no_table(engine: str, table: str) -> str:
    return f"{engine} has no table or view {table}; correct table in sources.yaml"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
