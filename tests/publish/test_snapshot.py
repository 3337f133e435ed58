"""A publication is whole, equal in both forms, counted and hashed; the old one stands until the instant of the swap."""

import json
import multiprocessing
import time
from datetime import date
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.checksum import checksum
from orchestration.publish.layout import Layout
from orchestration.publish.snapshot import NothingToPublish, Publication, publish
from orchestration.published import DamagedPublication

DAY = date(2026, 10, 31)


BIG = 50_000


def publish_as(connection: duckdb.DuckDBPyConnection, home: Path, run_id: str, **layouts: Layout) -> Publication:
    return publish(connection, home, run_id=run_id, as_of=DAY, company_id="acme", version="1", layouts=layouts)


def test_publication_holds_every_mart_in_both_forms(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish_as(warehouse, tmp_path, "one")

    published = tmp_path / "published"
    rows = pq.read_table(published / "parquet" / "fct_costs" / "data.parquet").to_pylist()
    assert [str(row["allocated_cost"]) for row in rows] == ["1.250000000", "2.500000001"]
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as reader:
        assert reader.execute("select count(*), sum(allocated_cost)::varchar from fct_costs").fetchone() == (
            2,
            "3.750000001",
        )
        assert reader.execute("select count(*) from dim_things").fetchone() == (0,)
        tables = {name for (name,) in reader.execute("select table_name from duckdb_tables()").fetchall()}
    assert tables == {"fct_costs", "dim_things"}
    assert not (published / "parquet" / "secret_rows").exists()


def test_manifest_states_run_day_company_rows_and_checksums(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish_as(warehouse, tmp_path, "one")

    manifest = json.loads((tmp_path / "published" / "manifest.json").read_text())
    assert (manifest["run_id"], manifest["as_of"], manifest["company_id"]) == ("one", "2026-10-31", "acme")
    assert {name: table["rows"] for name, table in manifest["tables"].items()} == {"fct_costs": 2, "dim_things": 0}
    assert manifest["tables"]["fct_costs"]["checksum"] == checksum(warehouse, "marts.fct_costs")[1]


def test_published_is_a_relative_link_that_survives_a_copied_home(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish_as(warehouse, tmp_path / "home", "one")

    assert (tmp_path / "home" / "published").readlink() == Path("publications/one")
    (tmp_path / "home").rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "published" / "manifest.json").is_file()


def test_two_publications_before_are_kept(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for run_id in ("one", "two", "three", "four"):
        publish_as(warehouse, tmp_path, run_id)

    assert sorted(path.name for path in (tmp_path / "publications").iterdir()) == ["four", "three", "two"]
    assert (tmp_path / "published").resolve().name == "four"


def test_unfinished_publication_is_removed_by_the_next(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    leftover = tmp_path / "publications" / ".unfinished-old"
    leftover.mkdir(parents=True)
    publish_as(warehouse, tmp_path, "one")

    assert not leftover.exists()


def test_what_was_named_and_never_published_takes_no_place_of_what_readers_hold(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id in ("one", "two", "three"):
        publish_as(warehouse, tmp_path, run_id)
    for number in range(2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("orchestration.publish.snapshot.os.replace", killed)
            publish_as(warehouse, tmp_path, f"killed{number}")
    assert (tmp_path / "published").resolve().name == "three"
    publish_as(warehouse, tmp_path, "four")

    assert sorted(path.name for path in (tmp_path / "publications").iterdir()) == ["four", "three", "two"]
    assert not list(tmp_path.glob(".published-*"))


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_without_a_published_link_no_publication_is_removed(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish_as(warehouse, tmp_path, "one")
    (tmp_path / "published").unlink()
    publish_as(warehouse, tmp_path, "two")
    assert sorted(path.name for path in (tmp_path / "publications").iterdir()) == ["one", "two"]


def test_a_damaged_manifest_stops_with_the_file_and_the_remedy(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish_as(warehouse, tmp_path, "one")
    file = (tmp_path / "published").resolve() / "manifest.json"
    file.unlink()
    file.write_text('{"a"')
    with pytest.raises(
        DamagedPublication, match=r"publications/one/manifest\.json cannot be read .* restore that file"
    ):
        publish_as(warehouse, tmp_path, "two")
    (tmp_path / "publications" / "one").joinpath("manifest.json").unlink()
    assert publish_as(warehouse, tmp_path, "three").run_id == "three"


def test_failed_copy_leaves_the_published_state(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    publish_as(warehouse, tmp_path, "one")
    before = (tmp_path / "published" / "manifest.json").read_bytes()
    warehouse.execute("create view marts.broken as select 1 / cast(owner as integer) as x from marts.fct_costs")

    with pytest.raises(duckdb.ConversionException):
        publish_as(warehouse, tmp_path, "two")

    assert (tmp_path / "published" / "manifest.json").read_bytes() == before
    warehouse.execute("drop view marts.broken")
    assert publish_as(warehouse, tmp_path, "three").tables["fct_costs"].rows == 2


def test_empty_warehouse_publishes_nothing(tmp_path: Path) -> None:
    with duckdb.connect() as empty, pytest.raises(NothingToPublish):
        publish_as(empty, tmp_path, "one")
    assert not (tmp_path / "published").exists()


def _poll(published: Path, rounds: "Synchronized[int]", answers: "multiprocessing.Queue[object]") -> None:
    """Read both forms of one resolved publication over and over; a mix of generations or an error is the answer."""
    seen: set[str] = set()
    try:
        while "last" not in seen:
            folder = published.resolve()
            manifest = json.loads((folder / "manifest.json").read_text())
            with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as reader:
                in_file = {row[0] for row in reader.execute("select distinct generation from fct_big").fetchall()}
            in_parquet = set(pq.read_table(folder / "parquet" / "fct_big")["generation"].to_pylist())
            in_parquet |= set(pq.read_table(folder / "parquet" / "fct_small")["generation"].to_pylist())
            assert pq.read_table(folder / "parquet" / "fct_big").num_rows == BIG
            assert in_file == in_parquet == {manifest["run_id"]}, (in_file, in_parquet, manifest["run_id"])
            seen.add(manifest["run_id"])
            rounds.value += 1
        answers.put(sorted(seen))
    except Exception as error:
        answers.put(f"{type(error).__name__}: {error}")


def test_readers_that_poll_through_twenty_publications_never_see_a_part(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    rounds, answers = context.Value("i", 0), context.Queue()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts")

        def publish_generation(run_id: str) -> None:
            warehouse.execute(
                "create or replace table marts.fct_big as "
                f"select '{run_id}' as generation, date '2026-08-01' + cast(range % 90 as integer) as cost_date, "
                f"range as n from range({BIG})"
            )
            warehouse.execute(f"create or replace table marts.fct_small as select '{run_id}' as generation")
            warehouse.execute("create or replace table marts.dim_still as select 1 as n")
            publish_as(warehouse, tmp_path, run_id, fct_big=Layout("cost_date"))

        publish_generation("first")
        reader = context.Process(target=_poll, args=(tmp_path / "published", rounds, answers))
        reader.start()
        for run_id in (*(f"run{number}" for number in range(2, 20)), "last"):
            read_before = rounds.value
            publish_generation(run_id)
            deadline = time.monotonic() + 60
            while rounds.value == read_before and reader.is_alive() and time.monotonic() < deadline:
                time.sleep(0.002)
        answer = answers.get(timeout=60)
        reader.join(timeout=30)
    assert isinstance(answer, list), answer
    assert len(answer) >= 10, "the reader must have met many publications"


def test_each_as_of_day_is_remembered_with_its_first_run(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def days() -> dict[str, str]:
        manifest = json.loads((tmp_path / "published" / "manifest.json").read_text())
        return {day: run["begun_at"] for day, run in manifest["as_of_days"].items()}

    def run(run_id: str, as_of: date) -> None:
        publish(warehouse, tmp_path, run_id=run_id, as_of=as_of, company_id="acme", version="1", begun_at=run_id)

    run("one", DAY)
    run("two", date(2026, 11, 1))
    run("three", DAY)
    assert days() == {"2026-10-31": "one", "2026-11-01": "two"}
