"""The statement that sums the gateway's log, in the SQL of the engine that holds it.

Its text is the dbt macro ``gateway_rollup``, which shares the rules of a request with the model that sums a log read here;
they stand once. The macros are rendered as dbt would, without dbt, and sqlglot puts DuckDB's SQL into the other
dialects. Failure mode: ``ValueError`` for a name that is no table; nothing is read.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlglot
from jinja2 import Environment, StrictUndefined
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from orchestration.context_bounds import context_bounds
from orchestration.project import DBT_PROJECT

ENGINES = ("duckdb", "spark", "snowflake", "bigquery", "databricks", "trino")
MACRO_FILES = ("gateway_days.sql", "gateway_tokens.sql", "gateway_sum.sql", "gateway_rollup.sql")
_SPARK = ("set time zone 'UTC'", "set spark.sql.constraintPropagation.enabled = false")
SESSION = {
    "duckdb": ("set timezone = 'UTC'",),
    "spark": _SPARK,
    "databricks": _SPARK,
    "snowflake": ("alter session set timezone = 'UTC'",),
    "bigquery": (),
    "trino": ("set time zone 'UTC'",),
}
"""What a session is told first: that it speaks in UTC, as BigQuery's does anyway, and Spark that it needs not think for minutes
about what follows from conditions on some thirty columns.
"""

_MACRO = re.compile(r"\{%-? macro (\w+)\(.*?\{%-? endmacro -?%\}", re.S)
_PLACE = "the_log"


class _Returned(Exception):
    """What dbt's ``return`` gives back."""


def statement(engine: str, table: str, days: Sequence[date]) -> str:
    """The statement for ``days`` (consecutive, at least one) of ``table``, as ``engine`` reads it."""
    return _replaced(_rendered(days), table, engine)


@cache
def rules() -> str:
    """The mark of this version of the statement: another one may sum otherwise."""
    text = str(_macros()["gateway_rollup"](_PLACE, ["2026-01-01"], "2026-01-02", context_bounds(), ""))
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


def columns_read() -> tuple[str, ...]:
    """The columns that the log must have, by their names there."""
    named = _macros()["rollup_columns"]().values()
    return ("started_at", *named, "is_served", *_macros()["gateway_counts"]())


def counts() -> tuple[str, ...]:
    """The columns of counts of tokens and uses, which are whole numbers or null."""
    return tuple(_macros()["gateway_counts"]())


def _rendered(days: Sequence[date]) -> str:
    end = days[-1] + timedelta(days=1)
    listed = [day.isoformat() for day in days]
    return str(_macros()["gateway_rollup"](_PLACE, listed, end.isoformat(), context_bounds(), rules()))


def _replaced(text: str, table: str, engine: str) -> str:
    wanted = table_name(engine, table)
    tree = sqlglot.parse_one(text, dialect="duckdb")
    for found in list(tree.find_all(exp.Table)):
        if found.name == _PLACE:
            found.replace(wanted.copy())
    return tree.sql(dialect=engine, pretty=True, unsupported_level=ErrorLevel.RAISE)


def table_name(engine: str, table: str) -> exp.Table:
    """The table that ``table`` names in the engine's own way; raises ``ValueError`` for anything else."""
    try:
        found = sqlglot.parse_one(table, dialect=engine, into=exp.Table)
    except SqlglotError:
        found = None
    if not isinstance(found, exp.Table) or not found.name or set(found.args) - {"this", "db", "catalog"} != set():
        raise ValueError(f"'{table}' is no name of a table in {engine}")
    return found


@cache
def _macros() -> dict[str, Callable[..., Any]]:
    """The macros by name. Each is a template of its own, so that one that returns a value can be called by another."""
    environment = Environment(autoescape=False, extensions=["jinja2.ext.do"], undefined=StrictUndefined)
    found: dict[str, Any] = {"return": _give_back}
    for file in MACRO_FILES:
        for block in _MACRO.finditer((DBT_PROJECT / "macros" / file).read_text(encoding="utf-8")):
            found[block[1]] = _callable(environment.from_string(block[0], globals=found), block[1])
    return found


def _give_back(value: Any) -> None:
    raise _Returned(value)


def _callable(template: Any, name: str) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return getattr(template.module, name)(*arguments, **named)
        except _Returned as returned:
            return returned.args[0]

    return call
