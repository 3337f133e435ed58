"""The landing area: loads whole or absent, the same content no new load, collapses refused, files that are gone withdrawn."""

import json
import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.landing.errors import CollapsedLoad
from orchestration.landing.store import Landing
from orchestration.landing.streams import stream_schema

STREAM = ("registry", "metering")


def rows(count: int, source: str = "litellm") -> list[dict[str, str]]:
    return [{"provider": f"provider_{number}", "source": source} for number in range(count)]


def land(landing: Landing, partition: str, given: list[dict[str, str]]) -> None:
    with landing.batch(*STREAM) as batch:
        batch.add_rows(partition, given)


def landed(landing: Landing) -> list[tuple[str, str]]:
    connection = duckdb.connect()
    landing.register(connection)
    return connection.execute("select provider, source from landing.registry__metering order by all").fetchall()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def test_a_stream_never_landed_is_an_empty_view_of_its_columns(landing):
    connection = duckdb.connect()
    landing.register(connection)
    described = connection.execute("describe landing.prices__price_book").fetchall()
    assert ("price_per_million", "DECIMAL(18,6)") in [row[:2] for row in described]
    assert connection.execute("select count(*) from landing.prices__price_book").fetchone() == (0,)


def test_the_same_rows_in_another_order_are_no_new_load(landing):
    land(landing, "current", rows(3))
    before = landing.manifest(*STREAM)["current"].current
    land(landing, "current", list(reversed(rows(3))))
    after = landing.manifest(*STREAM)["current"]
    assert (after.current.load_id, after.current.loaded_at) == (before.load_id, before.loaded_at)
    assert len(list(landing.folder(*STREAM).rglob("data.parquet"))) == 1


def test_a_new_load_replaces_and_the_old_one_stays_on_disk(landing):
    land(landing, "current", rows(2))
    land(landing, "current", rows(2, source="openai"))
    assert landed(landing) == [("provider_0", "openai"), ("provider_1", "openai")]
    assert len(list(landing.folder(*STREAM).rglob("data.parquet"))) == 2


def test_a_missing_or_foreign_column_is_an_error_and_lands_nothing(landing):
    for broken in ({"provider": "p"}, {"provider": "p", "source": "s", "prompt": "hello"}):
        with pytest.raises(KeyError, match="registry/metering"):
            land(landing, "current", [broken])
    assert landing.manifest(*STREAM) == {}


def test_an_error_inside_the_read_leaves_what_was_landed(landing):
    land(landing, "current", rows(2))

    def read_that_fails() -> None:
        with landing.batch(*STREAM) as batch:
            batch.add_rows("current", rows(1))
            raise ConnectionError("the provider went away")

    with pytest.raises(ConnectionError):
        read_that_fails()
    assert len(landed(landing)) == 2


def test_a_withdrawn_partition_is_gone_from_the_view(landing):
    land(landing, "one.csv", rows(1, source="one"))
    land(landing, "two.csv", rows(1, source="two"))
    with landing.batch(*STREAM) as batch:
        batch.withdraw("one.csv")
    assert landed(landing) == [("provider_0", "two")]


def test_a_collapse_in_rows_is_refused_unless_told(landing):
    def land_rejected(into: Landing, count: int) -> None:
        fault = {"file": "people.csv", "line": 1, "column_name": None, "value": None, "reason": "broken"}
        fault |= {"amount": None, "currency": None}
        with into.batch("ledgers", "rejected_rows") as batch:
            batch.add_rows("current", [{"source": f"ledger_{number}", **fault} for number in range(count)])

    def landed_rejected() -> int:
        return sum(load.rows for load in landing.visible_loads("ledgers", "rejected_rows").values())

    land_rejected(landing, 200)
    with pytest.raises(CollapsedLoad, match=r"39 rows where 200 were landed.*--allow-shrink"):
        land_rejected(landing, 39)
    assert landed_rejected() == 200
    land_rejected(landing, 40)
    assert landed_rejected() == 40
    land_rejected(Landing(landing.root, allow_shrink=True), 1)
    assert landed_rejected() == 1


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_the_manifest(root: Path) -> None:
    batch_of = Landing(root).batch(*STREAM)
    batch = batch_of.__enter__()
    batch.add_rows("current", rows(9))
    die()


def die_inside_a_load(root: Path) -> None:
    def write(path: Path) -> int:
        path.write_bytes(b"PAR1 and not the rest")
        die()
        return 9

    with Landing(root).batch(*STREAM) as batch:
        batch.add_file("current", write, load_id="0123456789abcdef")


def die_inside_the_manifest(root: Path) -> None:
    os.fsync = lambda handle: die()
    land(Landing(root), "current", rows(9))


def kill(victim: Callable[[Path], None], root: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=victim, args=(root,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def hidden(root: Path) -> list[str]:
    return sorted(re.sub(r"[^.-]*$", "", path.name) for path in root.rglob(".*"))


def test_a_kill_before_the_manifest_leaves_the_old_load_and_the_next_read_heals(landing):
    land(landing, "current", rows(2))
    kill(die_before_the_manifest, landing.root)
    assert len(landed(landing)) == 2
    land(landing, "current", rows(9))
    assert len(landed(landing)) == 9


@pytest.mark.parametrize(
    ("victim", "name"), [(die_inside_a_load, ".tmp-"), (die_inside_the_manifest, ".manifest.json.")]
)
def test_what_a_killed_writer_left_is_removed_and_nothing_else(victim, name, landing):
    land(landing, "current", rows(2))
    land(landing, ".tmp-people.csv", rows(1, source="openai"))
    land(landing, "current", rows(3))
    before = sorted(landing.root.rglob("*"))
    kill(victim, landing.root)
    assert hidden(landing.folder(*STREAM)) == sorted([name, ".tmp-people."]), "the kill came in the middle of the write"
    kept = [path for path in landing.root.rglob("*") if path not in before and name not in str(path)]

    removed = landing.remove_leftovers()

    assert [path.name.startswith(name) for path in removed] == [True]
    assert sorted(landing.root.rglob("*")) == sorted([*before, *kept])
    assert len(landed(landing)) == 4
    assert landing.remove_leftovers() == []


def test_the_manifest_is_readable_json_that_names_the_current_load(landing):
    land(landing, "current", rows(1))
    body = json.loads((landing.folder(*STREAM) / "manifest.json").read_text())
    load = body["partitions"]["current"]["current"]
    assert load["rows"] == 1
    assert (landing.folder(*STREAM) / "current" / load["load_id"] / "data.parquet").is_file()


def test_a_load_from_before_a_column_was_declared_shows_null_in_it(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    rows = [
        {name: None for name in stream_schema("litellm", "spend_logs").names if name not in ("partition", "load_id")}
    ]
    for partition in ("2026-10-01", "2026-10-02"):
        with landing.batch("litellm", "spend_logs") as batch:
            batch.add_rows(partition, [{**row, "request_id": partition, "service_tier": "flex"} for row in rows])
    old = landing.current_files("litellm", "spend_logs")[0]
    pq.write_table(pq.ParquetFile(old).read().drop_columns(["service_tier", "is_served"]), old)
    with duckdb.connect() as connection:
        landing.register(connection)
        found = connection.execute(
            "select request_id, service_tier, is_served, partition from landing.litellm__spend_logs order by 1"
        ).fetchall()
    assert found == [("2026-10-01", None, None, "2026-10-01"), ("2026-10-02", "flex", None, "2026-10-02")]


def test_a_view_is_made_again_only_when_it_shows_something_else(landing):
    numbers = "select view_name, view_oid from duckdb_views() where schema_name = 'landing'"
    shown = "select provider from landing.registry__metering order by all"
    land(landing, "current", rows(2))
    with duckdb.connect() as connection:
        landing.register(connection)
        first = dict(connection.execute(numbers).fetchall())
        landing.register(connection)
        assert dict(connection.execute(numbers).fetchall()) == first
        land(landing, "current", rows(1))
        landing.register(connection)
        second = dict(connection.execute(numbers).fetchall())
        assert connection.execute(shown).fetchall() == [("provider_0",)]
        connection.execute("drop view landing.registry__metering")
        connection.execute("create view landing.registry__metering as select 'forged' as provider")
        landing.register(connection)
        assert connection.execute(shown).fetchall() == [("provider_0",)]
    assert len(first) > 50
    assert {name for name in first if first[name] != second[name]} == {"registry__metering"}


def test_a_view_follows_a_file_that_was_written_again(landing):
    land(landing, "current", rows(1))
    (file,) = landing.current_files(*STREAM)
    with duckdb.connect() as connection:
        landing.register(connection)
        pq.write_table(pq.ParquetFile(file).read().drop_columns(["source"]), file)
        landing.register(connection)
        found = connection.execute("select provider, source from landing.registry__metering").fetchall()
    assert found == [("provider_0", None)]
