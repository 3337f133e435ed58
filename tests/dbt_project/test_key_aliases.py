"""A gateway's key is named by the latest alias that its log shows up to the as-of day, never by its hash alone."""

from datetime import date

import duckdb

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import request


def test_a_key_has_its_latest_alias_up_to_the_as_of_day(tmp_path):
    landing = Landing(tmp_path / "landing")
    calls = [
        request("openai", "1", 10, "2026-07-10", api_key="renamed", key_alias="old name"),
        request("openai", "2", 10, "2026-07-20", api_key="renamed", key_alias="search"),
        request("openai", "3", 10, "2026-07-21", api_key="renamed", key_alias=None),
        request("openai", "4", 10, "2026-08-02", api_key="renamed", key_alias="of a later day"),
        request("openai", "5", 10, "2026-07-10", api_key="unnamed"),
    ]
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("current", calls, first_event_at="2026-07-01T00:00:00Z", last_event_at="2026-08-03T00:00:00Z")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["dim_api_keys"])
        found = connection.execute(
            "select api_key_id, name, is_in_directory from marts.dim_api_keys order by api_key_id"
        ).fetchall()
    assert found == [("renamed", "search", False), ("unnamed", None, False)]
