"""What a call through the gateway counts and costs: landed rows of every odd kind, and the classes that they come to.

Prices are per million: 3 for input, 15 for output. The expected figures are worked out by hand.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.landing.store import Landing
from orchestration.landing.streams import stream_schema
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import declared_source, moment, price, request, row

MODELS = (
    "int_usage_valued",
    "int_gateway_duplicates_valued",
    "int_usage_keys_numbered",
    "rejected_rows",
    "ingestion_outcomes",
)
SEEN = {"first_event_at": "2026-07-10T00:00:00.000000Z", "last_event_at": "2026-07-11T00:00:00.000000Z"}
NEW_COLUMNS = slice(
    stream_schema("litellm", "spend_logs").get_field_index("call_type"),
    stream_schema("litellm", "spend_logs").get_field_index("partition"),
)
"""What a load landed before these were read does not have."""
CALL: dict[str, Any] = {"prompt_tokens": 100_000, "completion_tokens": 10_000}


def rows() -> list[dict[str, Any]]:
    """Each api key is one kind."""

    def call(key: str, request_id: str, **given: Any) -> dict[str, Any]:
        return request("openai", request_id, 0, **{"api_key": key, **CALL, **given})

    bridged = {"call_id": "call-1"}
    return [
        call("plain", "p1"),
        call("cached", "c1"),
        call("cached", "c2", is_cache_hit=True, is_served=False),
        call("cached", "c3", call_type="aget_responses", is_served=False),
        call("listed", "l1", prompt_tokens=0, completion_tokens=0, has_token_evidence=False, is_served=False),
        call("bridged", "b1", **bridged),
        call("bridged", "b2", **bridged),
        call("bridged", "b3", call_id="call-2"),
        call("bridged", "call-2"),
        call("retried", "r1", status="failure", call_id="call-3"),
        call("retried", "r2", call_id="call-3"),
        call("exported", "e1"),
        call("exported", "e1", call_id="call-4"),
        call("exported", "e2", call_id="call-4"),
        call("two_days", "t1", call_id="call-5"),
        call("two_days", "t2", call_id="call-5", started_at=moment("2026-07-11")),
        call("flex", "f1", service_tier="flex"),
        call("default", "d1", service_tier="default"),
        call(
            *("parts", "m1"),
            cache_read_tokens=20_000,
            cache_write_tokens=30_000,
            cache_write_5m_tokens=5_000,
            cache_write_1h_tokens=10_000,
            audio_input_tokens=4_000,
            audio_cache_read_tokens=3_000,
            image_input_tokens=2_000,
            image_cache_read_tokens=1_000,
            video_input_tokens=500,
            audio_output_tokens=600,
            image_output_tokens=700,
            web_search_requests=2,
            other_tool_requests=1,
        ),
    ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("gateway")
    landing = Landing(home / "landing")
    for stream, content in {
        ("litellm", "spend_logs"): rows(),
        ("litellm", "rejected_rows"): [
            row("litellm", "rejected_rows", source="litellm", file="one", line=7, reason="odd", amount=Decimal("0.25")),
            row("litellm", "rejected_rows", source="litellm", file="one", line=8, reason="odd"),
        ],
        ("registry", "sources"): [declared_source("litellm")],
        ("prices", "price_book"): [
            price("openai", per_million, token_class=name, price_variant=variant)
            for variant, name, per_million in (
                *(("standard", "input_uncached", "3"), ("standard", "output", "15")),
                *(("flex", "input_uncached", "1.5"), ("flex", "output", "7.5")),
            )
        ],
    }.items():
        with landing.batch(*stream) as batch:
            batch.add_rows("one", content, **(SEEN if stream[0] == "litellm" else {}))
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("before", [request("openai", "o1", 0, api_key="older", **CALL)], **SEEN)
    (before, _) = landing.current_files("litellm", "spend_logs")
    rows_before = pq.ParquetFile(before).read()
    pq.write_table(rows_before.drop_columns(rows_before.column_names[NEW_COLUMNS]), before)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, MODELS)
        yield connection


def quantities(warehouse: duckdb.DuckDBPyConnection, key: str) -> dict[str, int]:
    return dict(
        warehouse.execute(
            "select token_class, cast(sum(quantity) as bigint) from intermediate.int_usage_valued "
            "inner join intermediate.int_usage_keys_numbered using (usage_key_id) where api_key_id = ? group by all",
            [key],
        ).fetchall()
    )


def cost(warehouse: duckdb.DuckDBPyConnection, key: str) -> Decimal | None:
    found = warehouse.execute(
        "select sum(list_cost) from intermediate.int_usage_valued "
        "inner join intermediate.int_usage_keys_numbered using (usage_key_id) where api_key_id = ?",
        [key],
    ).fetchone()
    return found[0] if found else None


@pytest.mark.parametrize(
    ("key", "calls", "requests"),
    [
        ("plain", 1, 1),
        ("older", 1, 1),
        ("cached", 1, 3),
        ("bridged", 2, 2),
        ("retried", 1, 1),
        ("exported", 1, 1),
        ("two_days", 2, 2),
    ],
)
def test_a_call_counts_once_and_what_generated_nothing_is_a_request_alone(
    warehouse: duckdb.DuckDBPyConnection, key: str, calls: int, requests: int
) -> None:
    wanted = {"input_uncached": 100_000 * calls, "output": 10_000 * calls, "request": requests}
    assert quantities(warehouse, key) == wanted
    assert cost(warehouse, key) == Decimal("0.45") * calls


def test_a_request_that_generates_nothing_is_measured_and_free(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select token_class, quantity, list_cost, pricing_status from intermediate.int_usage_valued "
        "inner join intermediate.int_usage_keys_numbered using (usage_key_id) where api_key_id = 'listed'"
    ).fetchall()
    assert found == [("request", 1, Decimal(0), "priced")]


def test_a_failed_attempt_of_a_call_that_succeeded_stays_a_failed_request(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select sum(failed_requests), sum(request) from intermediate.int_gateway_usage_summed_by_hour "
        "where api_key_id = 'retried' and not is_duplicate"
    ).fetchone()
    assert found == (1, 1)


def test_what_was_removed_is_valued(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Two of ``bridged`` and two of ``exported``, 0.45 each."""
    found = warehouse.execute("select removed_cost from intermediate.int_gateway_duplicates_valued").fetchall()
    assert found == [(Decimal("1.80"),)]


def test_a_service_tier_pays_its_own_price(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert (cost(warehouse, "flex"), cost(warehouse, "default")) == (Decimal("0.225"), Decimal("0.45"))
    tiers = warehouse.execute(
        "select distinct service_tier from intermediate.int_usage_keys_numbered order by 1"
    ).fetchall()
    assert tiers == [("flex",), ("standard",)]


def test_the_parts_of_a_call_are_disjoint_and_sum_to_its_tokens(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = quantities(warehouse, "parts")
    assert found == {
        "input_uncached": 43_500,
        "cache_read": 16_000,
        "cache_write_other": 15_000,
        "cache_write_5m": 5_000,
        "cache_write_1h": 10_000,
        "audio_input": 4_000,
        "audio_cache_read": 3_000,
        "image_input": 2_000,
        "image_cache_read": 1_000,
        "video_input": 500,
        "output": 8_700,
        "audio_output": 600,
        "image_output": 700,
        "web_search": 2,
        "other_tools": 1,
        "request": 1,
    }
    assert sum(found.values()) - 2 - 1 - 1 == 110_000


def test_a_class_without_a_price_is_unpriced(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select count(*) from intermediate.int_usage_valued "
        "where token_class not in ('input_uncached', 'output', 'request') and pricing_status <> 'unpriced'"
    ).fetchone()
    assert found == (0,)


def test_rows_set_aside_show_with_their_count_and_amount(warehouse: duckdb.DuckDBPyConnection) -> None:
    rejected = warehouse.execute("select file, line, reason, amount from marts.rejected_rows order by line").fetchall()
    assert rejected == [("one", 7, "odd", Decimal("0.25")), ("one", 8, "odd", None)]
    found = warehouse.execute(
        "select reason from marts.ingestion_outcomes where stream = 'spend_logs' and partition = 'one'"
    ).fetchall()
    assert found == [("2 bad rows were set aside, 0.250000000 USD by the gateway's own count: see rejected_rows",)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_rows_of_one_request_that_tie_count_alike_in_whatever_order_they_lie(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Three rows of one id, moment and total: of equal totals the least of the prompts counts, of equal prompts the first key."""
    tied = [
        request("openai", "one", 60, api_key="a", completion_tokens=40),
        request("openai", "one", 50, api_key="c", completion_tokens=50),
        request("openai", "one", 50, api_key="b", completion_tokens=50),
    ]
    landing = Landing(tmp_path / "landing")
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("one", [tied[number] for number in order], **SEEN)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["int_gateway_usage_summed_by_hour"])
        found = connection.execute(
            "select api_key_id, is_duplicate from intermediate.int_gateway_usage_summed_by_hour order by 1"
        ).fetchall()
    assert found == [("a", True), ("b", False), ("c", True)]


def test_a_web_search_through_the_gateway_pays_its_fee_and_another_tool_has_no_price(tmp_path: Path) -> None:
    """0.45 for the tokens and two searches at a cent each; what the other tool cost is not known, never zero."""
    fees = [("input_uncached", "3"), ("output", "15"), ("web_search", "10000")]
    landing = Landing(tmp_path / "landing")
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("one", [request("openai", "s", 0, web_search_requests=2, other_tool_requests=1, **CALL)], **SEEN)
    with landing.batch("prices", "price_book") as batch:
        batch.add_rows("one", [price("openai", per_million, token_class=name) for name, per_million in fees])
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["int_usage_valued"])
        found = connection.execute(
            "select token_class, list_cost, pricing_status from intermediate.int_usage_valued "
            "where token_class <> 'request' order by 1"
        ).fetchall()
    assert found == [
        ("input_uncached", Decimal("0.3"), "priced"),
        ("other_tools", None, "unpriced"),
        ("output", Decimal("0.15"), "priced"),
        ("web_search", Decimal("0.02"), "priced"),
    ]
