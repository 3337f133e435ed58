"""Why a margin has no ratio, the same in every margin table. Real models, landed rows."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request, row

TABLES = (
    "gross_margin_by_product_day",
    "gross_margin_by_product_month",
    "gross_margin_by_customer_month",
    "gross_margin_by_initiative_month",
    "gross_margin_sensitivity_by_product_month",
)
DAY = date(2026, 7, 10)


@pytest.fixture
def margins(tmp_path: Path):
    """Of each margin table the pairs of ratio and reason on rows with revenue of customer c's product p: ten dollars of cost
    and ``amounts`` of revenue on one day.
    """

    def of(*amounts: str) -> dict[str, set[tuple[Any, Any]]]:
        landing = Landing(tmp_path / "landing")
        owner = {"initiative_id": "x", "product_id": "p", "customer_id": "c"}
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": "2026-08-01T00:00:00Z"}
        initiative = row(
            *("registry", "initiatives"),
            **owner,
            kind="customer_facing",
            stage="core",
            started_on=date(2026, 7, 1),
            department_id="d",
        )
        streams = {
            ("litellm", "spend_logs"): [request("m", "one", 1_000_000, DAY.isoformat())],
            ("prices", "price_book"): [price("m", "10")],
            ("registry", "initiatives"): [initiative],
            ("registry", "products"): [row("registry", "products", product_id="p")],
            ("registry", "ownership_rules"): [
                row("registry", "ownership_rules", rule_id="r", priority=1, initiative_id="x")
            ],
            ("registry", "cost_class_rules"): [
                row("registry", "cost_class_rules", position=1, cost_class="cost_of_goods_sold")
            ],
            ("ledgers", "revenue"): [
                row(
                    *("ledgers", "revenue"),
                    **owner,
                    file="revenue.csv",
                    line=line,
                    revenue_date=DAY,
                    amount=Decimal(amount),
                    currency="USD",
                )
                for line, amount in enumerate(amounts, start=2)
            ],
        }
        for name, rows in streams.items():
            with landing.batch(*name) as batch:
                batch.add_rows("current", rows, **(logged if name[0] == "litellm" else {}))
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, DAY)
            build(connection, TABLES)
            found = {}
            for table in TABLES:
                on = {
                    "gross_margin_by_product_day": f"where margin_date = date '{DAY}'",
                    "gross_margin_by_customer_month": "where customer_id = 'c'",
                }.get(table, "")
                query = f"select distinct gross_margin_ratio, gross_margin_null_reason from marts.{table} {on}"
                found[table] = set(connection.execute(query).fetchall())
            return found

    return of


@pytest.mark.parametrize(
    ("amounts", "reason"),
    [
        (("100", "-150"), "negative_revenue"),
        (("100", "-100"), "no_revenue"),
        ((), "revenue_not_reported"),
    ],
)
def test_a_margin_without_a_ratio_says_why_in_every_table(margins, amounts, reason):
    assert {table: found for table, found in margins(*amounts).items() if found != {(None, reason)}} == {}


def test_a_margin_with_a_ratio_needs_no_reason(margins):
    """Ten of forty are cost; as no cost of goods sold, in the sensitivity alone, the ratio is one."""
    found = margins("40")
    assert {table: pairs for table, pairs in found.items() if pairs != {(0.75, None)}} == {
        "gross_margin_sensitivity_by_product_month": {(0.75, None), (1.0, None)}
    }
