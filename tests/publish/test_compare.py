"""Two homes are equal or they are not: each kind of difference shows, order, parts, load times and run ids do not count."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.publish.compare import NothingPublished, compare

COSTS = (
    "select * from (values (date '2026-09-30', 1.10::decimal(38, 9), 'a'), (date '2026-10-01', 2.00, null), "
    "(date '2026-10-01', 2.00, null)) as t (cost_date, cost, owner)"
)
FACTS = f"select *, 'load of this home' as loaded_at from ({COSTS})"


def write(home: Path, table: str, *queries: str) -> None:
    """Publish ``table`` in ``home``, a part for each query."""
    folder = home / "published" / "parquet" / table
    folder.mkdir(parents=True)
    for number, query in enumerate(queries):
        duckdb.sql(query).write_parquet(str(folder / f"part{number}.parquet"))


def test_order_parts_and_moments_of_loading_do_not_count(tmp_path: Path) -> None:
    write(tmp_path / "a", "fct_costs", FACTS)
    write(
        tmp_path / "b",
        "fct_costs",
        *(f"select *, 'other' as loaded_at from ({COSTS}) where cost_date {days} order by all desc" for days in (
            "< '2026-10-01'",
            ">= '2026-10-01'",
        )),
    )  # fmt: skip
    assert compare(tmp_path / "a", tmp_path / "b") == (["fct_costs"], [])


@pytest.mark.parametrize(
    ("query", "lost", "added", "line"),
    [
        (FACTS.replace("1.10", "1.11"), 1, 1, "+ 2026-09-30, 1.110000000, a"),
        (f"{FACTS} where cost_date < '2026-10-01'", 2, 0, "- 2026-10-01, 2.000000000, None"),
        (f"select distinct * from ({FACTS})", 1, 0, "- 2026-10-01, 2.000000000, None"),
        (FACTS.replace("'a'", "''"), 1, 1, "+ 2026-09-30, 1.100000000, "),
        (f"select *, 1 as more from ({FACTS})", 0, 0, "column more is new"),
        (f"select * exclude (owner) from ({FACTS})", 0, 0, "column owner is gone"),
        (
            f"select * replace (cost::double as cost) from ({FACTS})",
            0,
            0,
            "column cost was DECIMAL(38,9) and is DOUBLE",
        ),
    ],
)
def test_every_kind_of_difference_shows(tmp_path: Path, query: str, lost: int, added: int, line: str) -> None:
    for home, rows in (("a", FACTS), ("b", query)):
        write(tmp_path / home, "fct_costs", rows)
        write(tmp_path / home, "dim_things", "select 1 as thing_id")
    equal, (found,) = compare(tmp_path / "a", tmp_path / "b")
    assert equal == ["dim_things"]
    assert (found.table, found.lost, found.added) == ("fct_costs", lost, added)
    assert line in found.lines


def test_a_table_of_one_home_alone_shows(tmp_path: Path) -> None:
    write(tmp_path / "a", "fct_costs", FACTS)
    write(tmp_path / "b", "dim_things", "select 1 as thing_id")
    _, differing = compare(tmp_path / "a", tmp_path / "b")
    assert [(one.table, *one.lines) for one in differing] == [
        ("dim_things", "only the second home publishes it"),
        ("fct_costs", "only the first home publishes it"),
    ]


def test_a_home_without_a_publication_is_no_empty_home(tmp_path: Path) -> None:
    write(tmp_path / "a", "fct_costs", FACTS)
    with pytest.raises(NothingPublished, match="b holds no publication"):
        compare(tmp_path / "a", tmp_path / "b")


def test_a_table_whose_files_are_gone_is_no_empty_table(tmp_path: Path) -> None:
    for home in ("a", "b"):
        write(tmp_path / home, "fct_costs", FACTS)
    for file in (tmp_path / "b").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(NothingPublished, match="b: no file of fct_costs"):
        compare(tmp_path / "a", tmp_path / "b")


def test_the_command_exits_with_1_on_a_difference(tmp_path: Path) -> None:
    write(tmp_path / "a", "fct_costs", FACTS)
    write(tmp_path / "b", "fct_costs", FACTS.replace("1.10", "1.11"))

    def run(*homes: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "orchestration.publish.compare", *(str(tmp_path / home) for home in homes)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run("a", "a").returncode == 0
    different = run("a", "b")
    assert different.returncode == 1
    assert "fct_costs: 1 rows only in the first, 1 only in the second" in different.stdout
    assert run("a", "nothing").returncode == 2


def test_what_the_runbook_keeps_can_be_compared(tmp_path: Path) -> None:
    """Its command copies the publication that the link ``published`` leads to into a home of its own."""
    write(tmp_path / "home", "fct_costs", FACTS)
    (tmp_path / "home" / "published").rename(tmp_path / "home" / "kept")
    (tmp_path / "home" / "published").symlink_to("kept")
    page = (Path(__file__).parents[2] / "docs" / "runbooks.md").read_text()
    (command,) = re.findall(r"Keep what was published: `([^`]+)`", page)
    subprocess.run(command.replace("HOME", "home"), cwd=tmp_path, shell=True, check=True)
    (tmp_path / "home" / "published").unlink()
    write(tmp_path / "home", "fct_costs", FACTS)
    assert not (tmp_path / "before" / "published").is_symlink()
    assert compare(tmp_path / "before", tmp_path / "home") == (["fct_costs"], [])
