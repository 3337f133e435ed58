"""Every block of ``docs/bi_tools.md`` is run on a small publication, with what it has to give worked out from the rows."""

import re
import shlex
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.project import Home
from orchestration.transform.metrics import ask
from tests.dbt_project.published_rows import publish_rows
from tests.transform.metric_rows import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "bi_tools.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OWNED_BY_ENG = Decimal("55.000000000001")


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(PAGE.read_text()) if name == language]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder whose home is ``data``."""
    folder = tmp_path_factory.mktemp("work")
    publish_rows(Home(folder / "data"), ROWS)
    return folder


@pytest.fixture(scope="module")
def made(folder: Path) -> dict[str, Any]:
    """What the Python blocks leave behind, run one after the other."""
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for text in blocks("python"):
            exec(compile(text, str(PAGE), "exec"), names)
    return names


def test_the_database_answers_and_describes_itself(made: dict[str, Any]) -> None:
    rows = made["spend"].set_index(["month", "department_id"])["spend"]
    assert rows["2026-10", "eng"] == 45
    assert dict(made["described"])["fct_allocated_costs"].startswith("One row per day")


def test_parquet_keeps_every_digit(made: dict[str, Any]) -> None:
    assert made["by_department"]["eng"] == OWNED_BY_ENG
    assert sum(made["october"]["allocated_cost"].to_pylist()) == 45


def test_a_table_as_csv_keeps_every_digit(made: dict[str, Any], folder: Path) -> None:
    lines = (folder / "gross_margin_by_product_month.csv").read_text().splitlines()
    assert lines[0].startswith("fiscal_period,product_id,revenue,")
    assert any(line.startswith("2026-09,p1,700.000000000,") for line in lines)


@pytest.mark.parametrize("command", [line for text in blocks("sh") for line in text.splitlines()])
def test_metrics_are_answered_as_the_page_says(folder: Path, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    said = re.fullmatch(r'make metrics(?: QUERY="(.*)")?', command)
    assert said, command
    assert ask(Home(folder / "data"), shlex.split(said[1] or "")) == 0
    shown = capfd.readouterr().out
    wanted = {"list": "gross_margin", "--explain": "run_rate_by_company_day", "--csv": "margin.csv"}
    assert next((text for part, text in wanted.items() if part in command), "ai_cost_of_goods_sold") in shown
    assert "--csv" not in command or (folder / "data" / "dbt" / "metrics" / "margin.csv").exists()


def test_who_resolved_the_link_reads_one_publication_while_the_next_comes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish_rows(home, ROWS)
    before = home.published.resolve()
    later = {**ROWS, "fct_allocated_costs": [{"cost_date": date(2026, 11, 1), "allocated_cost": Decimal(1)}]}
    with duckdb.connect(str(before / "marts.duckdb"), read_only=True) as open_before:
        publish_rows(home, later, run_id="two")
        costs = "select sum(allocated_cost) from fct_allocated_costs"
        parquet = costs.replace("fct_allocated_costs", f"'{before}/parquet/fct_allocated_costs/*.parquet'")
        assert open_before.execute(costs).fetchall() == open_before.execute(parquet).fetchall()
        assert open_before.execute(costs).fetchall() == [(Decimal("105.000000000001"),)]
    with duckdb.connect(str(home.published / "marts.duckdb"), read_only=True) as after:
        assert after.execute(costs).fetchall() == [(Decimal(1),)]


def test_the_versions_of_the_page_are_those_that_the_test_runs_with() -> None:
    lock = (PAGE.parents[1] / "requirements.lock").read_text()
    said = PAGE.read_text()
    for package in ("duckdb", "pandas", "pyarrow", "dbt-metricflow"):
        (version,) = re.findall(rf"^{package}==(\S+)", lock, re.MULTILINE)
        assert f"{package} {version}" in " ".join(said.split()), package
