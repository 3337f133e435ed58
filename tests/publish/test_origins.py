"""A view that follows one relation by month: a month of the same origin is linked unevaluated, any other is written anew."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.checksum import checksum
from orchestration.publish.layout import Layout
from orchestration.publish.manifest import Before
from orchestration.publish.parts import write_parts
from orchestration.publish.snapshot import publish

VIEW = (
    "create or replace view marts.fct_hours as "
    "select day, 'request' as token_class, request as quantity from intermediate.placed where request > 0 "
    "union all select day, 'output', output from intermediate.placed where output > 0"
)
LAYOUT = Layout("day", parquet_only=True, parts_follow='"intermediate"."placed"')


class Home:
    """Ninety-two days of hours in a column per token class, published as rows per class."""

    def __init__(self, root: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
        self.root, self.warehouse, self.published = root, warehouse, root / "published"
        warehouse.execute("create schema marts")
        warehouse.execute("create schema intermediate")
        warehouse.execute(
            "create table intermediate.placed as select date '2026-10-31' - cast(range as integer) as day, "
            "range + 1 as request, 10 * (range % 2) as output from range(92)"
        )
        warehouse.execute(VIEW)

    def publish(self, run_id: str, root: Path | None = None) -> None:
        publish(
            self.warehouse,
            root or self.root,
            run_id=run_id,
            as_of=date(2026, 10, 31),
            company_id="acme",
            version="1",
            layouts={"fct_hours": LAYOUT},
        )

    def files(self) -> dict[str, int]:
        folder = self.published / "parquet" / "fct_hours"
        return {path.stem: path.stat().st_ino for path in folder.iterdir()}

    def table(self, root: Path | None = None) -> dict[str, Any]:
        body = json.loads(((root or self.root) / "published" / "manifest.json").read_text())
        table: dict[str, Any] = body["tables"]["fct_hours"]
        return table

    def changed_by(self, statement: str) -> set[str]:
        self.publish("before")
        before = self.files()
        self.warehouse.execute(statement)
        self.publish("after")
        after = self.files()
        return {part for part in before.keys() | after.keys() if before.get(part) != after.get(part)}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        yield Home(tmp_path, warehouse)


def assert_as_published_whole(home: Home, elsewhere: Path) -> None:
    """The table is what a home without a publication before gets, in the manifest and in the files."""
    elsewhere.mkdir()
    home.publish("whole", elsewhere)
    assert home.table() == home.table(elsewhere)
    with duckdb.connect() as reader:
        for part, content in home.table()["parts"].items():
            file = f"'{home.published}/parquet/fct_hours/{part}.parquet'"
            assert checksum(reader, file) == (content["rows"], content["checksum"])
    files = f"read_parquet('{home.published}/parquet/fct_hours/*.parquet')"
    assert checksum(home.warehouse, files) == checksum(home.warehouse, "marts.fct_hours")


@pytest.mark.parametrize(
    ("statement", "parts"),
    [
        ("select 1", set()),
        ("update intermediate.placed set request = 99 where day = '2026-09-15'", {"2026-09"}),
        ("update intermediate.placed set day = '2026-09-30' where day = '2026-10-01'", {"2026-09", "2026-10"}),
        ("insert into intermediate.placed values ('2026-11-01', 1, 0)", {"2026-11"}),
        ("insert into intermediate.placed values ('2026-11-01', 0, 0)", set()),
        ("insert into intermediate.placed values (null, 1, 0)", {"undated"}),
        ("delete from intermediate.placed where day < '2026-09-01'", {"2026-08"}),
        ("update intermediate.placed set request = 0, output = 0 where day < '2026-09-01'", {"2026-08"}),
        ("delete from intermediate.placed", {"2026-08", "2026-09", "2026-10", "data"}),
        (VIEW.replace("output > 0", "output > 9"), {"2026-08", "2026-09", "2026-10"}),
        ("alter table intermediate.placed add column more integer", {"2026-08", "2026-09", "2026-10"}),
        (
            "create table marts.kept as from marts.fct_hours; drop view marts.fct_hours; "
            "alter table marts.kept rename to fct_hours",
            {"2026-08", "2026-09", "2026-10"},
        ),
    ],
)
def test_a_linked_month_has_the_checksum_of_a_full_publication(
    home: Home, tmp_path: Path, statement: str, parts: set[str]
) -> None:
    assert home.changed_by(statement) == parts
    assert_as_published_whole(home, tmp_path / "elsewhere")


def test_the_months_are_those_that_the_rows_themselves_give(home: Home, tmp_path: Path) -> None:
    home.publish("one")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    publish(
        home.warehouse,
        elsewhere,
        run_id="rows",
        as_of=date(2026, 10, 31),
        company_id="acme",
        version="1",
        layouts={"fct_hours": Layout("day", parquet_only=True)},
    )
    assert home.table()["parts"] == home.table(elsewhere)["parts"]
    assert home.table()["columns"] == home.table(elsewhere)["columns"]


@pytest.mark.parametrize("change", ["no origin", "another origin", "touched"])
def test_a_month_of_unknown_origin_is_written_anew(home: Home, tmp_path: Path, change: str) -> None:
    home.publish("one")
    before = home.files()
    path = home.published / "manifest.json"
    body = json.loads(path.read_text())
    if change == "no origin":
        del body["tables"]["fct_hours"]["origins"]["2026-09"]
    elif change == "another origin":
        body["tables"]["fct_hours"]["origins"]["2026-09"] = "0" * 64
    else:
        file = home.published / "parquet" / "fct_hours" / "2026-09.parquet"
        file.chmod(0o644)
        file.write_bytes(file.read_bytes())
    path.write_text(json.dumps(body))
    home.publish("two")
    after = home.files()
    assert {part for part in after if after[part] != before[part]} == {"2026-09"}
    assert_as_published_whole(home, tmp_path / "elsewhere")


def test_rows_of_frozen_copies_are_never_lost(home: Home, tmp_path: Path) -> None:
    """A closed month whose rows are no longer computed, and one that came before all that are."""
    home.warehouse.execute(f"copy (from marts.fct_hours where day < '2026-09-01') to '{tmp_path}/2026-08.parquet'")
    home.warehouse.execute(
        f"copy (select date '2026-07-31' as day, 'output' as token_class, 7::bigint as quantity) to '{tmp_path}/2026-07.parquet'"
    )
    home.publish("before")
    home.warehouse.execute("delete from intermediate.placed where day < '2026-09-01'")
    query = (
        "select * from marts.fct_hours where strftime(day, '%Y-%m') not in ('2026-07', '2026-08') "
        f"union all by name from '{tmp_path}/2026-07.parquet' union all by name from '{tmp_path}/2026-08.parquet'"
    )
    before = Before.read(home.published)
    found = write_parts(home.warehouse, {"fct_hours": query}, {"fct_hours": LAYOUT}, tmp_path / "work", before)
    table = found["fct_hours"]
    assert list(table.parts) == ["2026-07", "2026-08", "2026-09", "2026-10"]
    assert list(table.origins) == ["2026-09", "2026-10"]
    assert table.parts["2026-08"] == before.tables["fct_hours"].parts["2026-08"]
    assert (table.rows, table.checksum) == checksum(home.warehouse, f"({query})")
    for part in table.parts:
        file = tmp_path / "work" / "parquet" / "fct_hours" / f"{part}.parquet"
        assert file.stat().st_nlink == 1, "another query is another origin"
