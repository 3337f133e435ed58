"""Anthropic bills in cents and fractions of one: what is landed as it was written is dollars from staging on."""

from decimal import Decimal

import duckdb

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build
from tests.dbt_project.warehouse_rows import moment, row


def test_cents_are_hundredths_of_a_dollar(tmp_path):
    landing = Landing(tmp_path / "landing")
    cost = row(
        *("anthropic", "costs"),
        starting_at=moment("2026-07-10"),
        ending_at=moment("2026-07-11"),
        amount_cents="1234.5",
        list_amount_cents="-0.25",
        currency="USD",
    )
    with landing.batch("anthropic", "costs") as batch:
        batch.add_rows("2026-07-10", [cost])
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        landing.register(connection)
        build(connection, ["stg_anthropic__costs"])
        found = connection.execute("select billed_amount, list_amount from staging.stg_anthropic__costs").fetchall()
    assert found == [(Decimal("12.345"), Decimal("-0.0025"))]
