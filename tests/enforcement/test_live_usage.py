"""Requests counted once, whatever is read twice, and priced by hand-worked figures."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.connectors.providers.litellm.live import LiveRows, typed
from orchestration.enforcement.feed import OVERLAP, WIDE_EVERY, WIDE_OVERLAP, Reading, poll
from orchestration.enforcement.live_usage import KEY, TEAM, LiveUsage, LiveUsageDamaged
from orchestration.landing.errors import TransientFailure
from orchestration.prices.calls import CallPrices
from tests.connectors.test_litellm_api import log_row

NOW = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)
PRICES = CallPrices([], "USD")
CALL_COST = Decimal("0.0001964")
"""gpt-6-luna: 960 uncached at 0.10, 40 cached at 0.01 and 200 of output at 0.50 a million."""


class FakeLog:
    """Rows in the gateway's shape, answered by their start; ``fault`` is raised instead."""

    source = "litellm"

    def __init__(self, rows: Sequence[dict[str, Any]] = ()) -> None:
        self.rows = list(rows)
        self.asked: list[tuple[datetime, datetime]] = []
        self.fault: Exception | None = None

    def between(self, start: datetime, end: datetime) -> LiveRows:
        self.asked.append((start, end))
        if self.fault is not None:
            raise self.fault
        return typed(row for row in self.rows if start <= datetime.fromisoformat(row["startTime"]) <= end)


def row(name: str, at: datetime, **changes: Any) -> dict[str, Any]:
    return log_row(request_id=name, startTime=at.isoformat(), **changes)


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[LiveUsage]:
    with LiveUsage(tmp_path / "live.sqlite") as opened:
        yield opened


def test_a_request_read_in_two_overlapping_polls_counts_once(usage: LiveUsage) -> None:
    log = FakeLog([row("a", NOW - timedelta(minutes=3)), row("b", NOW - timedelta(minutes=2))])
    first = poll(log, PRICES, usage, NOW - timedelta(hours=12), NOW)
    log.rows.append(row("late", NOW - timedelta(minutes=4)))
    second = poll(log, PRICES, usage, NOW - timedelta(hours=12), NOW + timedelta(seconds=30))
    assert (first.new, second.new, second.rows) == (2, 1, 3)
    use = usage.use(KEY, "hash-1", NOW - timedelta(hours=1), NOW)
    assert (use.cost, use.requests) == (3 * CALL_COST, 3)
    assert usage.use(TEAM, "t1", NOW - timedelta(hours=1), NOW) == use


def test_a_call_logged_twice_counts_once_with_its_larger_tokens(usage: LiveUsage) -> None:
    at = NOW - timedelta(minutes=3)
    log = FakeLog(
        [
            row("a", at, litellm_call_id="call", completion_tokens=0),
            row("b", at, litellm_call_id="call"),
            row("c", at, litellm_call_id="call", completion_tokens=100),
        ]
    )
    poll(log, PRICES, usage, NOW - timedelta(hours=1), NOW)
    use = usage.use(KEY, "hash-1", NOW - timedelta(hours=1), NOW)
    assert (use.cost, use.requests) == (CALL_COST, 1)


def test_polls_read_minutes_again_and_sometimes_hours(usage: LiveUsage) -> None:
    log, since = FakeLog(), NOW - timedelta(hours=1)
    for seconds in range(0, 1800, 60):
        poll(log, PRICES, usage, since, NOW + timedelta(seconds=seconds))
    back = [end - timedelta(minutes=1) - start for start, end in log.asked]
    spans = [(n, span) for n, span in enumerate(back) if span > OVERLAP + timedelta(minutes=1)]
    assert [n for n, _ in spans] == [0, 15], "the first read, and the one a quarter of an hour later"
    log.asked.clear()
    for minutes in range(30, 90):
        poll(log, PRICES, usage, NOW - timedelta(hours=12), NOW + timedelta(minutes=minutes))
    spans = [end - start for start, end in log.asked]
    assert sum(span > WIDE_OVERLAP for span in spans) >= 4
    assert sum(span <= OVERLAP + timedelta(minutes=2) for span in spans) > 50


def test_a_call_that_ended_an_hour_late_is_counted_by_a_wide_poll(usage: LiveUsage) -> None:
    log, since = FakeLog(), NOW - timedelta(hours=12)
    poll(log, PRICES, usage, since, NOW)
    log.rows.append(row("slow", NOW - timedelta(minutes=50)))
    moment = NOW
    while moment < NOW + WIDE_EVERY:
        moment += timedelta(seconds=45)
        poll(log, PRICES, usage, since, moment)
    assert usage.use(KEY, "hash-1", since, NOW).requests == 1


def test_a_log_that_is_away_moves_nothing_and_says_why(usage: LiveUsage) -> None:
    log = FakeLog([row("a", NOW - timedelta(minutes=3))])
    poll(log, PRICES, usage, NOW - timedelta(hours=1), NOW)
    log.fault = TransientFailure("litellm", "away")
    reading = poll(log, PRICES, usage, NOW - timedelta(hours=1), NOW + timedelta(minutes=4))
    assert reading.fault == "litellm: away" and reading.until == NOW
    assert reading.is_fresh(NOW + timedelta(minutes=2), timedelta(minutes=3))
    assert not reading.is_fresh(NOW + timedelta(minutes=4), timedelta(minutes=3))


def test_a_first_read_stopped_half_way_goes_on_where_it_stopped(usage: LiveUsage) -> None:
    since = NOW - timedelta(hours=20)
    rows = [row(f"r{hour}", since + timedelta(hours=hour)) for hour in range(20)]
    log = FakeLog(rows)
    answered = log.between

    def stops(start: datetime, end: datetime) -> LiveRows:
        if start > since + timedelta(hours=7):
            raise TransientFailure("litellm", "stopped")
        return answered(start, end)

    log.between = stops  # type: ignore[method-assign]
    reading = poll(log, PRICES, usage, since, NOW)
    assert (reading.since, reading.until) == (since, since + timedelta(hours=12))
    log.between = answered  # type: ignore[method-assign]
    poll(log, PRICES, usage, since, NOW)
    assert usage.use(KEY, "hash-1", since, NOW).requests == 20


def test_a_longer_window_reads_the_log_further_back_without_a_gap(usage: LiveUsage) -> None:
    rows = [row(f"r{hour}", NOW - timedelta(hours=hour)) for hour in range(1, 40)]
    log = FakeLog(rows)
    poll(log, PRICES, usage, NOW - timedelta(hours=3), NOW)
    poll(log, PRICES, usage, NOW - timedelta(hours=30), NOW + timedelta(minutes=1))
    assert usage.counted("litellm") == (NOW - timedelta(hours=30), NOW + timedelta(minutes=1))
    assert usage.use(KEY, "hash-1", NOW - timedelta(hours=30), NOW).requests == 30


def test_what_has_no_price_is_counted_as_such_and_never_as_nothing(usage: LiveUsage) -> None:
    at = NOW - timedelta(minutes=3)
    log = FakeLog(
        [
            row("a", at),
            row("b", at, model="house-model"),
            row("c", at, prompt_tokens=0, completion_tokens=0, metadata={}),
        ]
    )
    poll(log, PRICES, usage, NOW - timedelta(hours=1), NOW)
    use = usage.use(KEY, "hash-1", NOW - timedelta(hours=1), NOW)
    assert (use.cost, use.requests, use.unpriced) == (CALL_COST, 3, 2)


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"prompt_tokens": -5}, 1),
        ({"completion_tokens": None}, 1),
        ({"completion_tokens": "1.5"}, 1),
        ({"metadata": "not json"}, 1),
        ({"request_id": None}, 1),
        ({"prompt_tokens": -5, "status": "failure"}, 0),  # a failed call costs nothing
        ({"prompt_tokens": -5, "api_key": "hash-2"}, 0),
        ({"prompt_tokens": -5, "api_key": ""}, 0),
    ],
)
def test_a_malformed_row_is_a_request_of_unknown_cost_of_its_key(
    usage: LiveUsage, changes: dict[str, Any], unknown: int
) -> None:
    at = NOW - timedelta(minutes=3)
    log = FakeLog([row("good", at), row("bad", at) | changes])
    for seconds in (0, 30):  # once, however often it is read
        reading = poll(log, PRICES, usage, NOW - timedelta(hours=1), NOW + timedelta(seconds=seconds))
        assert (reading.rows, reading.bad) == (1, 1)
    use = usage.use(KEY, "hash-1", NOW - timedelta(hours=1), NOW)
    assert (use.cost, use.requests, use.unpriced) == (CALL_COST, 1 + unknown, unknown)
    assert sum(minute.calls for minute in usage.minutes("hash-1", NOW - timedelta(hours=1), NOW).values()) == 1


def test_a_malformed_row_without_a_time_counts_where_it_was_read(usage: LiveUsage) -> None:
    class Timeless(FakeLog):
        def between(self, start: datetime, end: datetime) -> LiveRows:
            return typed([row("bad", NOW) | {"startTime": "at noon"}])

    for seconds in (0, 30):
        poll(Timeless(), PRICES, usage, NOW - timedelta(hours=1), NOW + timedelta(seconds=seconds))
    assert usage.use(KEY, "hash-1", NOW - timedelta(minutes=1), NOW).unpriced == 1


def test_refusals_are_kept_and_other_failures_are_not(usage: LiveUsage) -> None:
    at = NOW - timedelta(minutes=3)
    budget = {"status": "failure", "error_information": {"error_class": "BudgetExceededError"}}
    other = {"status": "failure", "error_information": {"error_class": "APIError"}}
    log = FakeLog([row("a", at, status="failure", metadata=budget), row("b", at, status="failure", metadata=other)])
    poll(log, PRICES, usage, NOW - timedelta(hours=1), NOW)
    (refusal,) = usage.refusals(KEY, "hash-1", NOW - timedelta(hours=1))
    assert (refusal.request_id, refusal.reason, refusal.at) == ("a", "BudgetExceededError", at)
    assert usage.names(KEY, NOW - timedelta(hours=1)) == ["hash-1"]


def test_minutes_name_what_most_of_their_calls_had_in_common(usage: LiveUsage) -> None:
    at = NOW - timedelta(minutes=3)
    rows = [row(f"a{n}", at + timedelta(seconds=n)) for n in range(3)]
    rows += [row("b", at + timedelta(seconds=9), prompt_tokens=2000)]
    poll(FakeLog(rows), PRICES, usage, NOW - timedelta(hours=1), NOW)
    (minute,) = usage.minutes("hash-1", NOW - timedelta(hours=1), NOW).values()
    assert (minute.minute, minute.calls, minute.prompt_tokens) == (at, 4, 5000)
    assert (minute.signature, minute.repeated) == ("gpt-6-luna/1000", 3)
    assert minute.cost == 4 * CALL_COST + Decimal("0.0001")


def test_forgetting_says_from_when_the_log_is_still_counted(usage: LiveUsage) -> None:
    poll(FakeLog([row("a", NOW - timedelta(minutes=50))]), PRICES, usage, NOW - timedelta(hours=1), NOW)
    usage.forget_before(NOW - timedelta(minutes=30))
    assert usage.counted("litellm") == (NOW - timedelta(minutes=30), NOW)
    assert usage.use(KEY, "hash-1", NOW - timedelta(hours=1), NOW).requests == 0


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "live.sqlite").write_text("no database at all, but long enough to be looked at as one" * 20)
    with pytest.raises(LiveUsageDamaged, match="remove that file"):
        LiveUsage(tmp_path / "live.sqlite")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 4))
def test_any_order_of_overlapping_reads_counts_every_request_once(reads: list[int], step: int) -> None:
    rows = [row(f"r{n}", NOW + timedelta(seconds=20 * n)) for n in range(30)]
    with LiveUsage(Path(":memory:")) as usage:
        moment, log = NOW, FakeLog(rows)
        for skipped in reads:
            moment += timedelta(seconds=30 * step * (skipped + 1))
            poll(log, PRICES, usage, NOW, moment)
        counted = usage.use(KEY, "hash-1", NOW, moment + timedelta(hours=1))
    expected = sum(datetime.fromisoformat(one["startTime"]) <= moment + timedelta(minutes=1) for one in rows)
    assert counted.requests == expected


def contract(**values: Any) -> Any:
    from orchestration.registry.contracts import Contract

    return Contract.model_validate({"contract_id": "c", "provider": "openai", **values})


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ([], CALL_COST),
        ([contract(kind="discount", discount_ratio="0.25")], Decimal("0.0001473")),
        ([contract(kind="discount", discount_ratio="0.25", valid_from=date(2026, 10, 3))], CALL_COST),
        (
            [contract(kind="price", price_per_million="0.20", models=["gpt-6-*"], token_class="output")],
            Decimal("0.0001364"),
        ),
        (
            [contract(kind="price", price_per_million="0.2", models=["gpt-6-*"], token_class="output", currency="EUR")],
            None,
        ),
    ],
)
def test_contracts_price_single_calls(contracts: list[Any], expected: Decimal | None) -> None:
    rows = typed([row("a", NOW)]).rows
    assert CallPrices(contracts, "USD").costs(rows) == [expected]


def test_tiers_variants_and_calls_that_cost_nothing() -> None:
    rows = typed(
        [
            row("long", NOW, prompt_tokens=300_000, metadata={}),
            row("hit", NOW + timedelta(seconds=1), cache_hit="True"),
            row("failed", NOW + timedelta(seconds=2), status="failure"),
            row("batch", NOW + timedelta(seconds=3), metadata={"service_tier": "batch"}),
        ]
    ).rows
    assert PRICES.costs(rows) == [Decimal("0.06015"), 0, 0, Decimal("0.0001")]


def test_classes_are_those_of_the_warehouse() -> None:
    """The macro that dbt sums with is the one that prices single calls: an audio call has parts of its own."""
    from orchestration.prices.calls import _classes

    counts = dict.fromkeys(SimpleNamespace(**typed([row("a", NOW)]).rows[0]).__dict__, 0)
    counts |= {
        "prompt_tokens": 1000,
        "cache_read_tokens": 100,
        "audio_input_tokens": 300,
        "audio_cache_read_tokens": 40,
    }
    (classes,) = _classes([counts])
    assert {name: value for name, value in classes.items() if value} == {
        "input_uncached": 600,
        "cache_read": 60,
        "audio_input": 300,
        "audio_cache_read": 40,
    }


def test_costs_beyond_any_invoice_are_summed_and_one_that_cannot_be_kept_has_none(tmp_path):
    """Three requests of 4,000,000 dollars are 12,000,000; one of 50,000,000 is a request whose cost nobody knows."""
    began = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
    costs = [Decimal(4_000_000)] * 3 + [Decimal(50_000_000)]
    rows = [typed([row(f"r{n}", began + timedelta(seconds=n))]).rows[0] for n in range(len(costs))]
    key = rows[0]["api_key"]
    with LiveUsage(tmp_path / "live.sqlite") as usage:
        usage.add("litellm", rows, costs, (began, began + timedelta(hours=1)))
        found = usage.use("key", key, began, began + timedelta(hours=1))
        by_key = usage.by_key("key", key, began, began + timedelta(hours=1))
    assert (found.cost, found.requests, found.unpriced) == (Decimal(12_000_000), 4, 1)
    assert by_key == {key: found}


def test_a_key_in_clear_is_read_as_its_token_hash():
    (read,) = typed([row("r1", datetime(2026, 10, 2, 9, 0, tzinfo=UTC), api_key="sk-in-clear")]).rows
    assert read["api_key"] == hashlib.sha256(b"sk-in-clear").hexdigest()


def test_a_log_that_is_not_counted_from_a_windows_begin_on_says_nothing_of_it():
    reading = Reading("litellm", NOW - timedelta(hours=2), NOW - timedelta(minutes=1))
    assert reading.known_at(NOW - timedelta(hours=1), NOW) == NOW - timedelta(minutes=1)
    assert reading.known_at(NOW - timedelta(hours=3), NOW) is None
    assert Reading("litellm", None, None).known_at(NOW, NOW) is None
