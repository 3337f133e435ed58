"""No digit is lost where two amounts meet: of two wide decimals DuckDB gives ``union all``, ``case`` and ``coalesce`` the smaller
scale, without a word, and rounds the other one to it.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

JUDGED = (exp.SetOperation, exp.Case, exp.Coalesce, exp.Greatest, exp.Least)


def common_tables(node: exp.Expression) -> str:
    """The ``with`` clause of all that ``node`` may name."""
    found: list[str] = []
    inner: exp.Expression | None = None
    outer: exp.Expression | None = node
    while outer is not None:
        named: list[exp.Expression] = []
        if isinstance(outer, exp.With) and inner is not None:
            named = outer.expressions[: outer.expressions.index(inner)]
        elif outer.args.get("with_") and not isinstance(inner, exp.With):
            named = outer.args["with_"].expressions
        found = [one.sql(dialect="duckdb") for one in named] + found
        inner, outer = outer, outer.parent
    return f"with {', '.join(found)} " if found else ""


def leaves(node: exp.Expression) -> Iterator[exp.Expression]:
    if isinstance(node, exp.SetOperation):
        yield from leaves(node.left)
        yield from leaves(node.right)
    else:
        yield node


def selected(node: exp.Expression) -> list[exp.Expression]:
    """The selects whose columns have to agree: the branches of a set operation, or one that gives each branch as a column."""
    if isinstance(node, exp.SetOperation):
        return list(leaves(node))
    values = node.args["ifs"] if isinstance(node, exp.Case) else [node.this, *node.expressions]
    branches = [one.args["true"] if isinstance(one, exp.If) else one for one in values]
    branches += [node.args["default"]] if node.args.get("default") else []
    around = node.find_ancestor(exp.Select)
    assert around is not None
    select = around.copy()
    for clause in ("with_", "qualify", "order", "distinct", "limit"):
        select.set(clause, None)
    select.set("expressions", [exp.alias_(branch.copy(), f"b{at}") for at, branch in enumerate(branches)])
    return [select]


def scales(types: list[str]) -> set[int]:
    return {int(kind[:-1].partition(",")[2]) for kind in types if kind.startswith("DECIMAL(38,")}


def losing(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[int, list[str]]:
    """How many meetings of a query could be judged, and those in which wide decimals of different scale meet."""
    judged, found = 0, []
    for node in sqlglot.parse_one(text, read="duckdb").find_all(*JUDGED):
        if isinstance(node.parent, exp.SetOperation) or node.find_ancestor(exp.Lambda):
            continue
        if not isinstance(node, exp.SetOperation) and node.find_ancestor(exp.Select) is None:
            continue
        tables = common_tables(node if isinstance(node, exp.SetOperation) else node.find_ancestor(exp.Select))
        try:
            described = [
                connection.execute(f"describe {tables}{select.sql(dialect='duckdb')}").fetchall()
                for select in selected(node)
            ]
        except duckdb.Error:  # names itself, or a column of a select around it
            continue
        judged += 1
        if isinstance(node, exp.SetOperation):
            columns = [[branch[at][1] for branch in described if at < len(branch)] for at in range(len(described[0]))]
        else:
            columns = [[row[1] for row in described[0]]]
        if any(len(scales(types)) > 1 for types in columns):
            found.append(node.sql(dialect="duckdb")[:200])
    return judged, found


def test_wide_decimals_of_different_scale_never_meet(tiny: Path) -> None:
    home, judged, found = tiny / "home", 0, {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set python_enable_replacements = false")
        for file in sorted((home / "dbt" / "target" / "compiled").glob("**/models/**/*.sql")):
            here, losses = losing(connection, file.read_text())
            judged += here
            if losses:
                found[file.stem] = losses
    assert judged > 1000
    assert found == {}


@pytest.mark.parametrize(
    ("query", "is_told"),
    [
        (
            "with a as (select 1::decimal(38, 9) as n), b as (select n from a union all select 2::decimal(38, 12)) from b",
            True,
        ),
        ("select n from (select 1::decimal(38, 12) as n) union all select 2::decimal(38, 12)", False),
        ("with a as (select 1::decimal(38, 9) as n, 2::decimal(38, 12) as m) select coalesce(m, n) as k from a", True),
        (
            "with a as (select 1::decimal(38, 9) as n) select case when n > 0 then n else 0.5::decimal(38, 12) end as k from a",
            True,
        ),
        ("with a as (select 1::decimal(38, 9) as n) select case when n > 0 then n else 0 end as k from a", False),
    ],
)
def test_what_meets_is_seen(query: str, is_told: bool) -> None:
    with duckdb.connect() as connection:
        judged, found = losing(connection, query)
    assert judged == 1
    assert bool(found) == is_told
