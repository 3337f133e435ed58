"""Landing what was read: partitions by day, directories that forget nobody, and a process that dies half-way."""

import os
from datetime import UTC, date, datetime

import duckdb
import pytest

from orchestration.connectors.reads import (
    PartitionRead,
    StreamRead,
    day_partitions,
    days_read,
    directory_read,
    land_reads,
    landed_days,
    refuse_duplicates,
)
from orchestration.landing.errors import CollapsedLoad, SchemaDrift
from orchestration.landing.store import Batch, Landing

FIRST, SECOND, THIRD, FOURTH = (datetime(2026, 10, day, tzinfo=UTC) for day in (1, 2, 3, 4))


def user(name: str, user_id: str = "user_1") -> dict[str, str]:
    return {"user_id": user_id, "name": name, "email": f"{user_id}@x.example"}


def land_users(landing: Landing, rows: list[dict[str, str]], read_at: datetime) -> None:
    read = directory_read(landing, "openai", "users", key="user_id", rows=rows, read_at=read_at, origin="/users")
    land_reads(landing, "openai", [read])


def landed_users(landing: Landing) -> list[tuple[object, ...]]:
    connection = duckdb.connect()
    landing.register(connection)
    return connection.execute("select user_id, name, read_at from landing.openai__users order by user_id").fetchall()


def test_every_day_of_a_window_carries_its_rows_and_the_watermark_of_its_answer():
    asked: list[tuple[datetime, datetime]] = []

    def answer(start: datetime, end: datetime) -> tuple[list[dict[str, object]], datetime]:
        asked.append((start, end))
        return [{"start_time": start, "model": "m", "tokens": len(asked)}], end

    def read(*windows: tuple[datetime, datetime]) -> StreamRead:
        shape = {"measures": ("tokens",), "start": "start_time", "origin": "/usage"}
        return days_read("openai", "costs", windows, answer, **shape)

    found = read((FIRST, THIRD), (THIRD, FOURTH))
    assert [(part.partition, len(part.rows), part.facts["watermark_at"][:10]) for part in found.partitions] == [
        ("2026-10-01", 1, "2026-10-03"),
        ("2026-10-02", 0, "2026-10-03"),
        ("2026-10-03", 1, "2026-10-04"),
    ]
    with pytest.raises(SchemaDrift, match="stream costs: the same group came twice"):
        read((FIRST, SECOND), (FIRST, SECOND))


def test_every_day_read_is_a_partition_also_without_rows():
    rows = [{"start_time": SECOND.replace(hour=hour), "model": "m"} for hour in (9, 3)]
    parts = day_partitions(
        rows, {date(2026, 10, 2): SECOND, date(2026, 10, 1): FIRST}, start="start_time", origin="/usage"
    )
    assert [(part.partition, [row["start_time"].hour for row in part.rows]) for part in parts] == [
        ("2026-10-01", []),
        ("2026-10-02", [3, 9]),
    ]
    assert parts[0].facts == {
        "watermark_at": "2026-10-01T00:00:00.000000Z",
        "window_start": "2026-10-01T00:00:00.000000Z",
        "window_end": "2026-10-02T00:00:00.000000Z",
        "first_event_at": None,
        "last_event_at": None,
        "origin": "/usage",
    }
    assert parts[1].facts["first_event_at"] == "2026-10-02T03:00:00.000000Z"
    assert parts[1].facts["last_event_at"] == "2026-10-02T09:00:00.000000Z"


def test_the_order_of_rows_does_not_depend_on_the_order_of_arrival():
    rows = [{"start_time": FIRST, "key": key, "amount": str(n)} for n, key in enumerate(["b", None, "a"])]
    forward, backward = (
        day_partitions(given, {FIRST.date(): FIRST}, start="start_time", origin="/")[0].rows
        for given in (rows, rows[::-1])
    )
    assert forward == backward
    assert [row["key"] for row in forward] == [None, "a", "b"]


def test_an_unchanged_directory_is_no_new_load(tmp_path):
    landing = Landing(tmp_path)
    land_users(landing, [user("Ann")], FIRST)
    land_users(landing, [user("Ann")], SECOND)
    part = landing.manifest("openai", "users")["current"]
    assert part.history == []
    assert part.current is not None and part.current.watermark_at == "2026-10-02T00:00:00.000000Z"
    assert landed_users(landing) == [("user_1", "Ann", FIRST)]


def test_who_vanished_keeps_a_name_and_who_changed_gets_the_new_one(tmp_path):
    landing = Landing(tmp_path)
    land_users(landing, [user("Ann"), user("Bo", "user_2")], FIRST)
    land_users(landing, [user("Anna")], SECOND)
    assert landed_users(landing) == [("user_1", "Anna", SECOND), ("user_2", "Bo", FIRST)]


def test_the_same_group_twice_is_refused():
    rows = [{"day": 1, "key": "a", "amount": "1"}, {"day": 1, "key": "a", "amount": "2"}]
    with pytest.raises(SchemaDrift, match=r"openai: stream costs: the same group came twice \(1, a\)"):
        refuse_duplicates("openai", "costs", rows, ("amount",))
    refuse_duplicates("openai", "costs", [rows[0], {**rows[1], "key": None}], ("amount",))


def usage_row(tokens: int) -> dict[str, object]:
    texts = ("organization_id", "workspace_id", "api_key_id", "model", "service_tier", "context_window")
    counts = (
        "uncached_input_tokens",
        "cache_creation_5m_input_tokens",
        "cache_creation_1h_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "web_search_requests",
        "requests",
    )
    times = {"starting_at": FIRST, "ending_at": SECOND}
    return {**times, **dict.fromkeys(texts, "x"), **dict.fromkeys(counts, tokens)}


def cost_row(amount: str) -> dict[str, object]:
    texts = ("organization_id", "workspace_id", "api_key_id", "model", "service_tier", "context_window", "cost_type")
    money = {"token_type": None, "amount_cents": amount, "list_amount_cents": amount, "currency": "USD"}
    return {"starting_at": FIRST, "ending_at": SECOND, **dict.fromkeys(texts, "x"), **money}


def both(tokens: int, amount: str) -> list[StreamRead]:
    return [
        StreamRead("usage", [PartitionRead("2026-10-01", [usage_row(tokens)])]),
        StreamRead("costs", [PartitionRead("2026-10-01", [cost_row(amount)])]),
    ]


def land_and_die(landing: Landing, reads: list[StreamRead], after_commits: int) -> None:
    """Land in a child process that is gone, without any clean-up, once so many manifests were replaced."""
    child = os.fork()
    if child == 0:
        done, commit = [], Batch.commit

        def dying(batch: Batch) -> None:
            if len(done) == after_commits:
                os._exit(9)
            commit(batch)
            done.append(batch.stream)

        Batch.commit = dying  # type: ignore[method-assign]
        land_reads(landing, "anthropic", reads)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


def landed_figures(landing: Landing) -> tuple[list[int], list[str]]:
    connection = duckdb.connect()
    landing.register(connection)
    usage = connection.execute("select output_tokens from landing.anthropic__usage").fetchall()
    costs = connection.execute("select amount_cents from landing.anthropic__costs").fetchall()
    return [row[0] for row in usage], [row[0] for row in costs]


@pytest.mark.parametrize(
    ("after_commits", "left"), [(0, ([], [])), (1, ([], ["1.5"]))], ids=["before-any", "between-two"]
)
def test_a_first_read_killed_while_landing_is_read_again(tmp_path, after_commits, left):
    landing = Landing(tmp_path)
    land_and_die(landing, both(5, "1.5"), after_commits)
    assert landed_figures(landing) == left
    assert landed_days(landing, "anthropic", ("usage", "costs")) == set()
    land_reads(landing, "anthropic", both(5, "1.5"))
    assert landed_figures(landing) == ([5], ["1.5"])
    assert landed_days(landing, "anthropic", ("usage", "costs")) == {date(2026, 10, 1)}


@pytest.mark.parametrize("after_commits", [0, 1])
def test_a_restatement_killed_while_landing_leaves_whole_streams_and_heals(tmp_path, after_commits):
    landing = Landing(tmp_path)
    land_reads(landing, "anthropic", both(5, "1.5"))
    land_and_die(landing, both(6, "2.5"), after_commits)
    assert landed_figures(landing) == ([5], [["1.5"], ["2.5"]][after_commits])
    land_reads(landing, "anthropic", both(6, "2.5"))
    assert landed_figures(landing) == ([6], ["2.5"])
    for stream in ("usage", "costs"):
        assert len(landing.manifest("anthropic", stream)["2026-10-01"].history) == 1


def test_a_collapsed_stream_leaves_every_stream_as_it_was(tmp_path):
    landing = Landing(tmp_path)
    many = [{**usage_row(tokens), "model": f"m{tokens}"} for tokens in range(100)]
    land_reads(landing, "anthropic", [StreamRead("usage", [PartitionRead("2026-10-01", many)]), both(0, "1.5")[1]])
    with pytest.raises(CollapsedLoad, match="anthropic: stream usage came back with 1 rows where 100 were landed"):
        land_reads(landing, "anthropic", both(6, "2.5"))
    usage, costs = landed_figures(landing)
    assert (len(usage), costs) == (100, ["1.5"])
    land_reads(Landing(tmp_path, allow_shrink=True), "anthropic", both(6, "2.5"))
    assert landed_figures(landing) == ([6], ["2.5"])
