"""Revenue in the middle of a month: what comes by the month is known in part, and the data test finds what spreading loses."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import PROJECT
from tests.dbt_project.warehouse_rows import build_warehouse, row

DATA_TEST = PROJECT / "tests" / "integrity" / "revenue_spread_equals_reported.sql"


def sold(line: int, day: str, product: str, amount: str, until: str | None = None) -> dict[str, Any]:
    return row(
        *("ledgers", "revenue"),
        file="r.csv",
        line=line,
        revenue_date=date.fromisoformat(day),
        recognition_end_date=until and date.fromisoformat(until),
        product_id=product,
        amount=Decimal(amount),
        currency="USD",
    )


REVENUE = [
    sold(2, "2026-09-01", "monthly", "3000"),
    sold(3, "2026-10-01", "monthly", "3100"),
    sold(4, "2026-09-15", "monthly", "-90"),
    sold(5, "2026-07-01", "quarterly", "9200"),
    sold(6, "2026-10-01", "quarterly", "9200"),
    sold(7, "2026-10-05", "daily", "70"),
    sold(8, "2026-09-30", "spread", "50", until="2026-10-19"),
]


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    landing = Landing(tmp_path / "landing")
    with landing.batch("ledgers", "revenue") as batch:
        batch.add_rows("r.csv", REVENUE)
    return build_warehouse(tmp_path, landing, ["fct_revenue"], as_of="2026-10-20")


def broken(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    schemas = {"stg": "staging", "int": "intermediate", "fct": "marts"}
    sql = re.sub(r"\{\{ ref\('((\w{3})_\w+)'\) \}\}", lambda hit: f"{schemas[hit[2]]}.{hit[1]}", DATA_TEST.read_text())
    return connection.execute(re.sub(r"\{[#{].*?[#}]\}", "", sql, flags=re.DOTALL)).fetchall()


def test_what_is_known_of_an_open_month_is_its_days(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        months = connection.execute(
            "select product_id, strftime(revenue_date, '%Y-%m'), sum(revenue), count(*) from marts.fct_revenue group by 1, 2"
        ).fetchall()
    assert {(product, month): (amount, days) for product, month, amount, days in months} == {
        ("monthly", "2026-09"): (Decimal(2910), 30),
        ("monthly", "2026-10"): (Decimal(2000), 20),
        ("quarterly", "2026-07"): (Decimal(3100), 31),
        ("quarterly", "2026-08"): (Decimal(3100), 31),
        ("quarterly", "2026-09"): (Decimal(3000), 30),
        ("quarterly", "2026-10"): (Decimal(2000), 20),
        ("daily", "2026-10"): (Decimal(70), 1),
        ("spread", "2026-09"): (Decimal("2.5"), 1),
        ("spread", "2026-10"): (Decimal("47.5"), 19),
    }


def test_a_month_that_has_not_ended_is_nothing_that_spreading_lost(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        assert broken(connection) == []
        connection.execute("delete from marts.fct_revenue where product_id = 'daily'")
        connection.execute("update marts.fct_revenue set revenue = revenue + 1 where revenue_date = date '2026-10-19'")
        found = {product: recognised - reported for product, reported, recognised in broken(connection) if recognised}
        lost = [product for product, _, recognised in broken(connection) if recognised is None]
    assert (found, lost) == ({"spread": 1}, ["daily"]), "products whose last month is open are not judged"
