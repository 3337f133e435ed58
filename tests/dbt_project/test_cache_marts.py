"""What caching saves and what a broken cache costs, from landed requests. Uncached input costs 10 dollars a million tokens,
a read 1, a write 12; expected amounts are worked out in the docstrings.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import price, request

D = Decimal
Query = Callable[[str], list[tuple[Any, ...]]]
PRICES = (
    price("openai", "10"),
    price("openai", "1", token_class="cache_read"),
    price("openai", "12", token_class="cache_write_other"),
    price("mistral", "10"),
)


@pytest.fixture
def marts(tmp_path: Path) -> Callable[[list[dict[str, Any]]], Query]:
    """A query on the cache marts of a company, as of 31 July, that made these requests."""

    def of(requests: list[dict[str, Any]]) -> Query:
        landing = Landing(tmp_path / "landing")
        with landing.batch("litellm", "spend_logs") as batch:
            first, last = "2026-06-01T00:00:00Z", "2026-08-01T00:00:00Z"
            batch.add_rows("current", requests, first_event_at=first, last_event_at=last)
        with landing.batch("prices", "price_book") as batch:
            batch.add_rows("current", list(PRICES))
        connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, date(2026, 7, 31))
        build(connection, ["cache_savings_by_model_month", "cache_losses"])
        connection.execute("set search_path = 'marts'")
        return lambda sql: connection.execute(sql).fetchall()

    return of


def day_of(provider: str, day: int, reads: int, writes: int = 0, month: int = 7) -> dict[str, Any]:
    """A million input tokens on a day, ``reads`` of them from the cache."""
    return request(
        provider,
        f"{provider}-{month}-{day}",
        1_000_000,
        f"2026-{month:02}-{day:02}",
        cache_read_tokens=reads,
        cache_write_tokens=writes,
    )


def test_reads_save_and_writes_count_against_it(marts):
    """June: 300,000 uncached at 10, 600,000 read at 1, 100,000 written at 12 a million: 3 + 0.6 + 1.2 for what costs 10.
    July: nothing cached, nothing saved.
    """
    query = marts([day_of("openai", 10, 600_000, 100_000, month=6), day_of("openai", 10, 0)])
    assert query(
        "select fiscal_period, input_tokens, cache_read_tokens, cache_write_tokens, cache_hit_ratio, input_list_cost, "
        "uncached_list_cost, saved_amount from cache_savings_by_model_month order by 1"
    ) == [
        ("2026-06", D(1_000_000), D(600_000), D(100_000), 0.6, D("4.8"), D(10), D("5.2")),
        ("2026-07", D(1_000_000), D(0), D(0), 0.0, D(10), D(10), D(0)),
    ]


def test_a_read_without_a_price_saves_an_unknown_amount_and_not_zero(marts):
    query = marts([day_of("mistral", 10, 600_000), day_of("mistral", 11, 0)])
    assert query("select cache_hit_ratio, uncached_list_cost, saved_amount from cache_savings_by_model_month") == [
        (0.3, None, None)
    ]


def test_a_broken_cache_is_dated_and_costs_what_its_reads_saved(marts):
    """From the 11th on 300,000 of a million tokens come from the cache instead of 800,000: 500,000 a day cost 9 dollars a
    million more, 4.50 a day, times 365.25 / 12 days.
    """
    query = marts([day_of("openai", day, 800_000 if day < 11 else 300_000) for day in range(1, 32)])
    assert query(
        "select changed_on, cache_hit_ratio_before, cache_hit_ratio_after, cache_hit_ratio_latest, input_tokens_after, "
        "lost_amount_monthly, status from cache_losses"
    ) == [(date(2026, 7, 11), 0.8, 0.3, 0.3, D(7_000_000), D("136.96875"), "lost")]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        pytest.param(lambda day: 300_000 if 11 <= day < 18 else 800_000, ["recovered"], id="back again"),
        pytest.param(lambda day: 800_000 - 10_000 * day, [], id="ten days of drift by a hundredth"),
        pytest.param(lambda day: 800_000 if day < 11 else 720_000, [], id="a fall of eight hundredths"),
        pytest.param(lambda day: 300_000 if day < 11 else 800_000, [], id="a rise"),
        pytest.param(lambda day: 800_000 if day < 28 else 300_000, [], id="four days ago, too early to say"),
        pytest.param(
            lambda day: None if day > 20 else 800_000 if day < 11 else 300_000, ["ended"], id="no longer used"
        ),
        pytest.param(lambda day: 300_000 if day == 15 else 800_000, [], id="one bad day"),
    ],
)
def test_what_is_a_loss_and_what_became_of_it(marts, reads, expected):
    days = [(day, reads(day)) for day in range(1, 32)]
    query = marts([day_of("openai", day, tokens) for day, tokens in days if tokens is not None])
    assert [status for (status,) in query("select status from cache_losses")] == expected
