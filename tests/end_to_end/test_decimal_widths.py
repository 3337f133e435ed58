"""No product is cut off: of two decimals of at most eighteen digits DuckDB keeps a product of at most eighteen, its decimals
included, and a statement ends where an amount needs more.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

NARROW = 18


def products(plan: Any) -> Iterator[dict[str, Any]]:
    """Every multiplication in a plan that DuckDB has written as JSON."""
    if isinstance(plan, dict):
        if plan.get("expression_class") == "BOUND_FUNCTION" and plan.get("name") == "*":
            yield plan
        plan = list(plan.values())
    for one in plan if isinstance(plan, list) else []:
        yield from products(one)


def width(kind: dict[str, Any]) -> int:
    return int(kind["type_info"]["width"]) if kind["id"] == "DECIMAL" else 0


def factor_width(factor: dict[str, Any]) -> int:
    """The digits of a factor before DuckDB cast it to the width of the product."""
    inner = factor["child"] if factor["expression_class"] == "BOUND_CAST" else factor
    return width(inner.get("return_type") or inner["value"]["type"]) or width(factor["return_type"])


def cut_off(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[int, list[str]]:
    """How many products of decimals a query has, and those of which digits may be cut off."""
    row = connection.execute("select json_serialize_plan(?)", [text]).fetchone()
    assert row is not None
    plan = json.loads(row[0])
    assert not plan["error"], plan
    of_decimals = [one for one in products(plan) if width(one["return_type"])]
    widths = [(width(one["return_type"]), *map(factor_width, one["children"])) for one in of_decimals]
    return len(widths), [
        f"{left} and {right} digits" for whole, left, right in widths if whole <= NARROW < left + right
    ]


def test_no_product_of_a_model_or_test_is_kept_in_eighteen_digits(tiny: Path) -> None:
    home, judged, found = tiny / "home", 0, {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        for file in sorted((home / "dbt" / "target" / "compiled").glob("**/*.sql")):
            here, narrow = cut_off(connection, file.read_text())
            judged += here
            if narrow:
                found[file.stem] = narrow
    assert judged > 500
    assert found == {}


@pytest.mark.parametrize(
    ("product", "is_told"),
    [
        ("cast(1 as decimal(18, 0)) * cast(1 as decimal(18, 6))", True),
        ("cast(1 as decimal(18, 0)) * cast(1 as decimal(10, 9))", True),
        ("cast(1 as decimal(19, 0)) * cast(1 as decimal(18, 6))", False),
        ("cast(1 as decimal(9, 0)) * cast(1 as decimal(9, 9))", False),
    ],
)
def test_what_is_cut_off_is_seen(product: str, is_told: bool) -> None:
    with duckdb.connect() as connection:
        judged, found = cut_off(connection, f"select {product} as value")
    assert judged == 1
    assert bool(found) == is_told
