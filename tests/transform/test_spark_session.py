"""Spark is refused in a sentence where it cannot be used, or would not keep to exact money; a build is whole or absent."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import SettingsError, SparkSettings
from orchestration.transform import spark_session
from orchestration.transform.spark_session import SETTINGS, GuardedConnection, SparkUnavailable, refuse_other_settings
from orchestration.transform.spark_tables import _alternatives, whole_builds

NEEDS = "the packages of requirements-spark.lock are not installed"


class Session:
    """Keeps settings, as a session of Spark does, and the statements that it was given."""

    def __init__(self, **changed: str) -> None:
        self.conf = {**SETTINGS, **{name.replace("__", "."): value for name, value in changed.items()}}
        self.statements: list[str] = []

    def sql(self, statement: str) -> Any:
        self.statements.append(statement)


def test_a_package_that_is_not_there_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dbt.adapters.spark", None)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(
        SettingsError, match=r"needs the package .*; run: uv pip install --require-hashes -r requirements-spark"
    ):
        spark_session.refuse_absence(SparkSettings())


def test_java_that_is_not_there_is_named_with_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason=NEEDS)
    with pytest.raises(SparkUnavailable, match="needs Java, and none answers here; install Java 17"):
        spark_session.refuse_absence(SparkSettings(java_home=str(tmp_path)))
    spark_session.refuse_absence(SparkSettings(remote="sc://there:15002", java_home=str(tmp_path)))


def test_an_endpoint_that_does_not_answer_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the packages of Spark Connect are missing or the address is none."""
    pytest.importorskip("dbt.adapters.spark", reason=NEEDS)
    pytest.importorskip("pyspark", reason=NEEDS)
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
    monkeypatch.delenv("SPARK_CONNECT_MODE_ENABLED")  # pyspark sets it; taken back with the rest
    with pytest.raises(
        SparkUnavailable, match=r"no Spark session: .*install pyspark\[connect\].*TOKENOMICS_SPARK_REMOTE"
    ) as told:
        spark_session.open_spark(SparkSettings(remote="there;token=secret"), tmp_path)
    assert "secret" not in str(told.value)


def test_settings_that_money_needs_are_read_back() -> None:
    refuse_other_settings(Session())  # type: ignore[arg-type]
    other: Any = Session(spark__sql__ansi__enabled="false")
    with pytest.raises(SparkUnavailable, match=r"spark.sql.ansi.enabled is false.*it needs .*allowPrecisionLoss=false"):
        refuse_other_settings(other)


def test_no_statement_runs_without_ansi_mode() -> None:
    pytest.importorskip("dbt.adapters.spark", reason=NEEDS)
    pytest.importorskip("pyspark", reason=NEEDS)
    from dbt_common.exceptions import DbtRuntimeError

    for session, runs in ((Session(), True), (Session(spark__sql__ansi__enabled="false"), False)):
        connection = type("Ours", (GuardedConnection,), {"session": session})(server_side_parameters={"a": "b"})
        if runs:
            connection.cursor().execute("select 1")
        else:
            with pytest.raises(DbtRuntimeError, match="no longer true"):
                connection.cursor().execute("select 1")
        assert session.statements == (["select 1"] if runs else [])


def test_the_newest_whole_build_is_the_table_and_all_else_goes(tmp_path: Path) -> None:
    for number, (name, is_whole) in enumerate((("old", True), ("new", True), ("killed", False))):
        build = tmp_path / "marts" / "costs" / name
        build.mkdir(parents=True)
        if is_whole:
            (build / "_SUCCESS").touch()
            os.utime(build / "_SUCCESS", (number, number))
    (tmp_path / "marts" / "never_whole" / "killed").mkdir(parents=True)
    assert [(built.schema, built.table, built.folder.name) for built in whole_builds(tmp_path)] == [
        ("marts", "costs", "new")
    ]
    assert sorted(path.name for path in (tmp_path / "marts").glob("*/*")) == ["new"]


def test_a_path_means_exactly_these_files() -> None:
    assert _alternatives([Path("/a/b/1/x.parquet")]) == "/a/b/1/x.parquet"
    assert _alternatives([Path("/a/b/1/x.parquet"), Path("/a/b/2/x.parquet")]) == "/a/b/{1/x.parquet,2/x.parquet}"
    assert _alternatives([Path("/a/[b]*/x.parquet")]) == r"/a/\[b\]\*/x.parquet"
