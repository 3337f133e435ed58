"""Months of a large table are files of their own; what did not change is the same file, what did change is not."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.checksum import checksum
from orchestration.publish.layout import Layout
from orchestration.publish.parts import PublicationError
from orchestration.publish.snapshot import publish, publish_again

LAYOUTS = {"fct_costs": Layout("cost_date"), "fct_hours": Layout("started_at", parquet_only=True)}
DAY = date(2026, 10, 31)


class Home:
    """Three months of costs, hours that are Parquet alone, a dimension and a table that says when it was loaded."""

    def __init__(self, root: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
        self.root, self.warehouse, self.published = root, warehouse, root / "published"
        warehouse.execute("set TimeZone = 'UTC'")
        warehouse.execute("create schema marts")
        warehouse.execute(
            "create table marts.fct_costs as select date '2026-10-31' - cast(range as integer) as cost_date, "
            "cast(range as decimal(38, 9)) as cost from range(92)"
        )
        warehouse.execute(
            "create table marts.fct_hours as select cost_date + interval 5 hour as started_at, cost from marts.fct_costs"
        )
        warehouse.execute("create table marts.dim_things as select 3 - range as thing_id from range(3)")
        warehouse.execute("create table marts.ingestion as select 'openai' as source, 'first' as loaded_at")

    def publish(self, run_id: str, layouts: dict[str, Layout] | None = None, write_pages: Any = None) -> None:
        publish(
            self.warehouse,
            self.root,
            run_id=run_id,
            as_of=DAY,
            company_id="acme",
            version="1",
            layouts=LAYOUTS if layouts is None else layouts,
            write_pages=write_pages,
        )

    def files(self) -> dict[str, int]:
        """Inode by path of every published file but the manifest."""
        folder = self.published.resolve()
        return {
            str(path.relative_to(folder)): path.stat().st_ino
            for path in folder.rglob("*")
            if path.is_file() and path.name != "manifest.json"
        }

    def manifest(self) -> dict[str, Any]:
        return json.loads((self.published / "manifest.json").read_text())

    def changed_by(self, statement: str) -> set[str]:
        """The files that are other ones after the next publication."""
        self.publish("before")
        before = self.files()
        self.warehouse.execute(statement)
        self.publish("after")
        after = self.files()
        assert before.keys() <= after.keys()
        return {name for name in after if after[name] != before.get(name)}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        yield Home(tmp_path, warehouse)


def test_each_month_is_a_part_in_the_order_of_its_days(home: Home) -> None:
    home.publish("one")
    folder = home.published / "parquet"
    assert [path.name for path in sorted((folder / "fct_costs").iterdir())] == [
        "2026-08.parquet",
        "2026-09.parquet",
        "2026-10.parquet",
    ]
    september = duckdb.sql(f"select * from '{folder}/fct_costs/2026-09.parquet'").fetchall()
    assert september == [(date(2026, 9, day), Decimal(61 - day)) for day in range(1, 31)]
    assert [path.name for path in (folder / "dim_things").iterdir()] == ["data.parquet"]
    assert duckdb.sql(f"select * from '{folder}/dim_things/data.parquet'").fetchall() == [(1,), (2,), (3,)]


def test_a_part_too_long_to_be_sorted_is_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.publish.parts.SORTED_ROWS", 30)
    home.publish("before")
    rows = home.warehouse.execute(f"select * from '{home.published}/parquet/fct_costs/2026-10.parquet'").fetchall()
    assert (
        sorted(rows)
        == home.warehouse.execute(
            "select * from marts.fct_costs where cost_date >= '2026-10-01' order by all"
        ).fetchall()
    )
    assert home.manifest()["tables"]["fct_costs"]["rows"] == 92


def test_the_database_holds_a_large_fact_in_the_order_of_its_days(home: Home) -> None:
    home.publish("one")
    with duckdb.connect(str(home.published / "marts.duckdb"), read_only=True) as reader:
        days = [day for (day,) in reader.execute("select cost_date from fct_costs order by rowid").fetchall()]
    assert len(days) == 92 and days == sorted(days)


def test_a_reader_of_the_folder_sees_the_columns_of_the_table_and_no_more(home: Home) -> None:
    home.publish("one")
    read = duckdb.sql(f"select * from '{home.published}/parquet/fct_costs/**/*.parquet'")
    assert read.columns == ["cost_date", "cost"]
    assert len(read) == 92


def test_checksums_of_parts_add_up_and_are_those_of_both_forms(home: Home) -> None:
    home.publish("one")
    tables = home.manifest()["tables"]
    for name, table in tables.items():
        total = sum(int(part["checksum"], 16) for part in table["parts"].values()) % 2**64
        assert (table["rows"], table["checksum"]) == (
            sum(part["rows"] for part in table["parts"].values()),
            f"{total:016x}",
        )
        with duckdb.connect() as reader:
            files = f"read_parquet('{home.published}/parquet/{name}/*.parquet')"
            assert checksum(reader, files) == (table["rows"], table["checksum"])
            if not table["parquet_only"]:
                reader.execute(f"attach '{home.published}/marts.duckdb' as marts (read_only)")
                assert checksum(reader, f"marts.main.{name}") == (table["rows"], table["checksum"])
    assert {part: facts["rows"] for part, facts in tables["fct_costs"]["parts"].items()} == {
        "2026-08": 31,
        "2026-09": 30,
        "2026-10": 31,
    }


def test_a_table_that_is_parquet_alone_is_not_in_the_database(home: Home) -> None:
    home.publish("one")
    with duckdb.connect(str(home.published / "marts.duckdb"), read_only=True) as reader:
        tables = {name for (name,) in reader.execute("select table_name from duckdb_tables()").fetchall()}
    assert tables == {"fct_costs", "dim_things", "ingestion"}
    assert len(list((home.published / "parquet" / "fct_hours").iterdir())) == 3


def test_nothing_changed_is_the_same_files(home: Home) -> None:
    assert home.changed_by("select 1") == set()
    assert home.manifest()["run_id"] == "after"


@pytest.mark.parametrize(
    ("statement", "parts"),
    [
        ("update marts.fct_costs set cost = cost + 1 where cost_date = '2026-09-15'", {"fct_costs/2026-09"}),
        ("delete from marts.fct_costs where cost_date = '2026-08-31'", {"fct_costs/2026-08"}),
        ("insert into marts.fct_costs values ('2026-11-01', 1)", {"fct_costs/2026-11"}),
        ("insert into marts.fct_costs values (null, 1)", {"fct_costs/undated"}),
        ("insert into marts.fct_costs select * from marts.fct_costs where cost = 61", {"fct_costs/2026-08"}),
        ("update marts.dim_things set thing_id = 9 where thing_id = 1", {"dim_things/data"}),
        ("update marts.ingestion set loaded_at = 'second'", {"ingestion/data"}),
        ("alter table marts.dim_things rename thing_id to id", {"dim_things/data"}),
        ("create table marts.dim_more as select 1 as n", {"dim_more/data"}),
    ],
)
def test_only_what_changed_is_written(home: Home, statement: str, parts: set[str]) -> None:
    assert home.changed_by(statement) == {"marts.duckdb", *(f"parquet/{part}.parquet" for part in parts)}


def test_a_change_of_a_table_that_is_parquet_alone_leaves_the_database(home: Home) -> None:
    changed = home.changed_by("update marts.fct_hours set cost = 99 where started_at >= '2026-10-31'")
    assert changed == {"parquet/fct_hours/2026-10.parquet"}


def test_a_month_without_rows_has_no_part_and_an_empty_table_keeps_its_columns(home: Home) -> None:
    home.publish("one")
    home.warehouse.execute("delete from marts.fct_costs where cost_date < '2026-09-01'")
    home.publish("two")
    assert list(home.manifest()["tables"]["fct_costs"]["parts"]) == ["2026-09", "2026-10"]
    home.warehouse.execute("delete from marts.fct_costs")
    home.publish("three")
    assert duckdb.sql(f"select * from '{home.published}/parquet/fct_costs/*.parquet'").columns == ["cost_date", "cost"]
    with duckdb.connect(str(home.published / "marts.duckdb"), read_only=True) as reader:
        assert reader.execute("select count(*) from fct_costs").fetchone() == (0,)


def touch(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes())


def lose(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("name", ["parquet/fct_costs/2026-09.parquet", "marts.duckdb"])
@pytest.mark.parametrize("harm", [touch, lose])
def test_a_file_that_was_touched_or_lost_is_written_anew(home: Home, harm: Callable[[Path], None], name: str) -> None:
    home.publish("one")
    before = home.files()
    harm(home.published / name)
    assert publish_again(home.root, run_id="again") is None
    home.publish("two")
    after = home.files()
    assert {path for path in after if after[path] != before[path]} == {name}
    assert duckdb.sql(f"from '{home.published}/parquet/fct_costs/*.parquet'").aggregate("count(*)").fetchone() == (92,)


def test_what_another_version_wrote_is_written_anew(home: Home) -> None:
    home.publish("one")
    before = home.files()
    path = home.published / "manifest.json"
    path.write_text(json.dumps({**home.manifest(), "writer": "older"}))
    assert publish_again(home.root, run_id="again") is None
    home.publish("two")
    assert set(before.values()) & set(home.files().values()) == set()


def test_a_manifest_of_before_there_were_parts_is_no_obstacle(home: Home) -> None:
    home.publish("one")
    tables = {name: {"rows": 1, "checksum": "0" * 64} for name in home.manifest()["tables"]}
    body = {name: value for name, value in home.manifest().items() if name not in ("writer", "checksum_method")}
    (home.published / "manifest.json").write_text(json.dumps({**body, "tables": tables}))
    home.publish("two")
    assert home.manifest()["tables"]["fct_costs"]["rows"] == 92


def test_published_files_are_read_only(home: Home) -> None:
    home.publish("one")
    folder = home.published.resolve()
    assert {(folder / name).stat().st_mode & 0o777 for name in home.files()} == {0o444}


def test_publishing_again_links_everything_under_the_new_run(home: Home) -> None:
    home.publish("one")
    before, stated = home.files(), home.manifest()
    done = publish_again(home.root, run_id="two", begun_at="2026-11-01T00:00:00.000000Z")
    assert done is not None and done.folder == home.published.resolve()
    assert home.files() == before
    now = home.manifest()
    assert now["run_id"] == "two" and now["published_at"] > stated["published_at"]
    assert list(now["as_of_days"]) == ["2026-10-31"]
    mine = ("run_id", "published_at", "as_of_days")
    assert {k: v for k, v in now.items() if k not in mine} == {k: v for k, v in stated.items() if k not in mine}


@pytest.mark.parametrize(("faults", "is_linked"), [({}, True), ({"margin": "OSError"}, False)])
def test_pages_are_linked_too_unless_one_could_not_be_written(
    home: Home, faults: dict[str, str], is_linked: bool
) -> None:
    def write_pages(folder: Path, manifest: dict) -> dict[str, str]:
        (folder / "index.html").write_text(manifest["run_id"])
        return faults

    home.publish("one", write_pages=write_pages)
    again = publish_again(home.root, run_id="two")
    assert (again is not None) == is_linked
    assert (home.published / "index.html").read_text() == "one"


def test_nothing_published_cannot_be_published_again(tmp_path: Path) -> None:
    assert publish_again(tmp_path, run_id="one") is None


def test_a_type_that_parquet_does_not_keep_stops_the_publication(home: Home) -> None:
    home.warehouse.execute("create table marts.fct_wide as select 1::hugeint as total")
    with pytest.raises(PublicationError, match=r"fct_wide: Parquet does not keep the type of total \(HUGEINT\)"):
        home.publish("one")
    assert not home.published.exists()
