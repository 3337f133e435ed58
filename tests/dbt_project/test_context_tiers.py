"""Which price of a model with a dearer one for long prompts a single request pays, at the limit and one token past it."""

from datetime import date
from decimal import Decimal

import duckdb

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request


def test_the_long_price_begins_one_token_past_the_limit_and_holds_for_the_whole_request(tmp_path):
    """Two dollars a million up to 200,000 tokens, four beyond: 0.40 and 0.800004."""
    landing = Landing(tmp_path / "landing")
    landed = {
        ("litellm", "spend_logs"): [
            request("openai", "at the limit", 200_000, api_key="at"),
            request("openai", "past the limit", 200_001, api_key="past"),
        ],
        ("prices", "price_book"): [price("openai", "2"), price("openai", "4", context_tier_start=200_000)],
    }
    for (source, stream), rows in landed.items():
        with landing.batch(source, stream) as batch:
            batch.add_rows("current", rows, first_event_at="2026-07-10T00:00:00Z", last_event_at="2026-07-11T00:00:00Z")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["int_usage_owned"])
        found = connection.execute(
            "select api_key_id, sum(quantity) filter (where unit = 'tokens'), sum(list_cost) from intermediate.int_usage_owned "
            "group by all order by all"
        ).fetchall()
    assert found == [("at", 200_000, Decimal("0.4")), ("past", 200_001, Decimal("0.800004"))]
