"""Spark as dbt and this process use it: one session, local or behind a Spark Connect endpoint, with the settings money needs.

Every run asserts :data:`SETTINGS` before it starts. dbt-spark 1.11.0 sets ``spark.sql.ansi.enabled`` to false for each of its
statements, under which an overflow or a bad cast becomes null without a word; statements therefore go through
:class:`GuardedConnection`, which sets nothing and reads the setting back.

Failure mode: :class:`SparkUnavailable`, one sentence with the remedy.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.settings import SettingsError, SparkSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ANSI = "spark.sql.ansi.enabled"
SETTINGS = {
    ANSI: "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.legacy.decimal.retainFractionDigitsOnTruncate": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.analyzer.maxIterations": "2000",
    "spark.sql.cteRecursionLevelLimit": "-1",
    "spark.sql.cteRecursionRowLimit": "-1",
}
"""What every statement runs under: errors where a value does not fit, exact decimals, UTC, local times without a zone. Decimals
of different scales meet in the larger scale, as in DuckDB; otherwise Spark rounds one before it compares, adds or unites them."""

LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
    "spark.sql.files.openCostInBytes": "16384",
    "spark.sql.sources.fileCompressionFactor": "20",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m",
}
"""What suits one machine; an endpoint keeps its own. Spark holds a table whole for a join if its files are small, and the sum of
a log is some twenty times as large in memory as in its files."""

JAVA_REMEDY = "install Java 17 or later and put java on the PATH or set JAVA_HOME"
CONNECT_REMEDY = "install pyspark[connect], and see that TOKENOMICS_SPARK_REMOTE is sc://host:port and answers"
PACKAGES_REMEDY = "uv pip install --require-hashes -r requirements-spark.lock"


class SparkUnavailable(SettingsError):
    """Spark cannot be used here; the message says why and what to do."""


def refuse_absence(settings: SparkSettings) -> None:
    """Raise :class:`SparkUnavailable` where a package is missing, or Java for a local session."""
    try:
        import dbt.adapters.spark
        import pyspark
    except ImportError as missing:
        raise SparkUnavailable(f"--target spark needs the package {missing.name}; run: {PACKAGES_REMEDY}") from None
    del dbt, pyspark
    if settings.remote is None and not _has_java(settings):
        raise SparkUnavailable(f"--target spark needs Java, and none answers here; {JAVA_REMEDY}")


def _has_java(settings: SparkSettings) -> bool:
    named = str(Path(settings.java_home) / "bin" / "java") if settings.java_home else "java"
    found = shutil.which(named)
    return found is not None and subprocess.run([found, "-version"], capture_output=True, check=False).returncode == 0


def open_spark(settings: SparkSettings, folder: Path) -> "SparkSession":
    """The session of this process, with :data:`SETTINGS` in force; ``folder`` holds what Spark itself writes."""
    refuse_absence(settings)
    from pyspark.sql import SparkSession

    if settings.remote is not None:
        builder = SparkSession.builder.remote(settings.remote)
    else:
        builder = SparkSession.builder.master(settings.master).appName("tokenomics")
        for name, value in {**LOCAL, "spark.sql.warehouse.dir": str(folder / "warehouse")}.items():
            builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # what the gateway to Java raises, or the packages of Spark Connect, or an address
        remedy = f"{JAVA_REMEDY}; or correct TOKENOMICS_SPARK_MASTER" if settings.remote is None else CONNECT_REMEDY
        raise SparkUnavailable(f"no Spark session: {type(error).__name__}; {remedy}") from error
    if settings.remote is None:
        session.sparkContext.setLogLevel("ERROR")
    for name, value in SETTINGS.items():
        session.conf.set(name, value)
    refuse_other_settings(session)
    return session


def refuse_other_settings(session: "SparkSession") -> None:
    """Raise :class:`SparkUnavailable` that names the settings which are not as money needs them."""
    wrong = [
        f"{name} is {found}" for name, value in SETTINGS.items() if (found := session.conf.get(name, "unset")) != value
    ]
    if wrong:
        wanted = ", ".join(f"{name}={value}" for name, value in SETTINGS.items())
        raise SparkUnavailable(f"this Spark does not keep to exact money ({'; '.join(wrong)}); it needs {wanted}")


class GuardedConnection:
    """What dbt-spark takes for its connection: statements run on ``session`` as it is, never under other settings."""

    session: "SparkSession"

    def __init__(self, **_ignored: Any) -> None:
        """Takes dbt-spark's settings for the statement, and leaves them."""

    def cursor(self) -> Any:
        from dbt.adapters.spark.session import Cursor

        class GuardedCursor(Cursor):
            def execute(cursor, sql: str, *parameters: Any) -> None:
                from dbt_common.exceptions import DbtRuntimeError
                from pyspark.errors import PySparkException

                if self.session.conf.get(ANSI) != "true":
                    raise DbtRuntimeError(f"{ANSI} is no longer true; nothing runs without it")
                try:
                    cursor._df = self.session.sql(sql % parameters if parameters else sql)
                except PySparkException as error:
                    raise DbtRuntimeError(str(error)) from error

        return GuardedCursor()


@contextmanager
def dbt_on(spark: "SparkSession") -> Iterator[None]:
    """Within the block dbt-spark's connections are :class:`GuardedConnection` on the session ``spark``."""
    from dbt.adapters.spark import session

    theirs: Any = session
    before = theirs.Connection
    theirs.Connection = type("OurConnection", (GuardedConnection,), {"session": spark})
    try:
        yield
    finally:
        theirs.Connection = before
