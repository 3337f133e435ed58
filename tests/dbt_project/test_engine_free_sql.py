"""Models hold no SQL that only one engine understands: the words of an engine stand in dispatch macros alone. Looked for in the
files themselves and in what dbt makes of them for DuckDB and for Spark.
"""

import json
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from orchestration.project import DBT_PROJECT
from orchestration.settings import only_child_environment
from orchestration.transform.spark_session import dbt_on
from tests.dbt_project.compiled_models import compiled

ONLY_DUCKDB = (
    r"\bvarchar\b",
    r"\bhugeint\b",
    r"\bubigint\b",
    r"\btimestamptz\b",
    r"\bat time zone\b",
    r"\bisodow\b",
    r"\bunion all by name\b",
    r"\bunpivot\b",
    r"\blambda\b",
    r"\* exclude\b",
    r"(?<!/)//(?!/)",
    r"\btrunc\([^,()]*(\([^()]*\)[^,()]*)*\)",
    r"\b(strftime|epoch|unnest|generate_series|timezone|to_hours|to_days|arg_max|arg_min)\(",
    r"\b(regexp_full_match|regexp_matches|starts_with|string_split|date_diff)\(",
    r"\b(json_extract|json_extract_string|json_keys|json_object|to_json|list_\w+)\(",
)
ONLY_SPARK = (
    r"\bdiv\b",
    r"\brlike\b",
    r"\btimestamp_(ntz|ltz)\b",
    r"\* except \(",
    r"\b(explode|sequence|startswith|date_format|convert_timezone|xxhash64|named_struct|unix_\w+|make_dt_interval)\(",
    r"\b(from_json|get_json_object|json_object_keys|map_entries|map_keys|forall|raise_error)\(",
)
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r"'(?:[^'\\]|''|\\.)*'")


def found(sql: str, words: tuple[str, ...]) -> list[str]:
    bare = TEXT.sub("''", COMMENT.sub("", sql))
    return [hit.group(0) for word in words for hit in re.finditer(word, bare)]


def sources() -> Iterator[Path]:
    for folder in ("models", "tests"):
        yield from sorted((DBT_PROJECT / folder).rglob("*.sql"))


@pytest.mark.parametrize("words", [ONLY_DUCKDB, ONLY_SPARK], ids=["duckdb", "spark"])
def test_no_file_holds_words_of_one_engine(words: tuple[str, ...]) -> None:
    assert {path.name: hits for path in sources() if (hits := found(path.read_text(), words))} == {}


def test_what_duckdb_runs_holds_no_words_of_spark() -> None:
    nodes = compiled().values()
    assert {node["name"]: hits for node in nodes if (hits := found(node["compiled_code"], ONLY_SPARK))} == {}


def test_what_spark_runs_holds_no_words_of_duckdb(tmp_path: Path) -> None:
    nodes = spark_nodes(tmp_path)
    assert len(nodes) > 250
    hits = {name: [hit for hit in found(sql, ONLY_DUCKDB) if hit != "to_json("] for name, sql in nodes.items()}
    assert {name: hit for name, hit in hits.items() if hit} == {}


def test_each_word_is_found() -> None:
    assert found("select cast(a as varchar), b // 2, trunc(abs(c)), t.* exclude (d)", ONLY_DUCKDB) == [
        "varchar",
        "* exclude",
        "//",
        "trunc(abs(c))",
    ]
    assert found("select a div 2 from b -- rlike", ONLY_SPARK) == ["div"]
    assert found("select date_trunc('month', a), ' // ' from b", ONLY_DUCKDB) == []


class NoSpark:
    """In place of a session, for what compiles without running: there is no table, and every setting is right."""

    conf = {"spark.sql.ansi.enabled": "true"}  # noqa: RUF012

    def sql(self, _statement: str) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(schema=SimpleNamespace(fields=[]), collect=list, take=lambda _count: [])


def spark_nodes(folder: Path) -> dict[str, str]:
    """The SQL of all models and data tests as Spark is given it, by name. Needs no Java."""
    pytest.importorskip("pyspark", reason="the packages of requirements-spark.lock are not installed")
    pytest.importorskip("dbt.adapters.spark", reason="the packages of requirements-spark.lock are not installed")
    from dbt.cli.main import dbtRunner

    places = {
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_TARGET_PATH": str(folder),
        "DBT_LOG_PATH": str(folder),
        "TOKENOMICS_SPARK_TABLES": str(folder),
    }
    with only_child_environment(**places), chdir(DBT_PROJECT), dbt_on(NoSpark()):  # type: ignore[arg-type]
        quiet = ["--quiet", "--no-print", "--log-level", "none", "--log-level-file", "none"]
        ended = dbtRunner().invoke([*quiet, "compile", "--target", "spark", "--threads", "1"])
        assert ended.success, ended.exception
    nodes = json.loads((folder / "manifest.json").read_text())["nodes"].values()
    return {node["name"]: node["compiled_code"] for node in nodes if node["resource_type"] in ("model", "test")}


def test_no_view_makes_a_hash() -> None:
    """DuckDB reads views over what Spark built: a number made there anew would meet none that Spark made, without a word."""
    views = [node for node in compiled().values() if node["config"].get("materialized") == "view"]
    assert views
    assert [node["name"] for node in views if re.search(r"\bhash\(", node["compiled_code"])] == []
