"""Metrics through MetricFlow's own engine on a small ``marts.duckdb``: equal to SQL written without it, and right where a sum of
ratios, a sum over days or an unknown part would be wrong.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.project import Home
from orchestration.transform.metrics import NothingPublished, write_metrics_project
from tests.dbt_project.published_rows import publish_rows
from tests.transform.metric_queries import EXPECTED, Answers, answers_of_sql, ask, differences, opened_engine
from tests.transform.metric_rows import ROWS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    publish_rows(home, ROWS)
    return home


@pytest.fixture(scope="module")
def expected(home: Home) -> Answers:
    """Read before MetricFlow opens the file with settings of its own."""
    return answers_of_sql(home)


@pytest.fixture(scope="module")
def engine(home: Home, expected: Answers) -> Iterator[Any]:
    with opened_engine(home) as engine:
        yield engine


def test_every_metric_is_compared(home: Home) -> None:
    assert json.loads(home.manifest.read_text())["metrics"].keys() == {f"metric.tokenomics.{name}" for name in EXPECTED}


@pytest.mark.parametrize("metric", EXPECTED)
def test_a_metric_is_what_its_definition_says_by_month_and_dimension(
    engine: Any, expected: Answers, metric: str
) -> None:
    assert expected[metric], "the rows show the metric nothing"
    assert differences(engine, metric, expected[metric]) == []


def test_money_is_exact_in_the_sql_of_an_answer(engine: Any, home: Home, tmp_path: Path) -> None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    question = MetricFlowQueryRequest.create(metric_names=["spend"], group_by_names=["department__business_unit"])
    copied = shutil.copy(home.published / "marts.duckdb", tmp_path)
    with duckdb.connect(copied, read_only=True) as connection:
        rows = dict(connection.execute(engine.explain(question).sql_statement.sql).fetchall())
    assert rows == {"New": Decimal(45), "Old": Decimal("30.000000000001"), None: Decimal(30)}


def test_a_department_is_what_it_was_on_the_day(engine: Any) -> None:
    """eng moved from Old to New on the first of October."""
    assert ask(engine, "spend", "department__business_unit department") == [
        ("New", "eng", 45.0),
        ("Old", "eng", 10.000000000001),
        ("Old", "ops", 20.0),
        (None, None, 30.0),
    ]


def test_the_share_with_an_owner_is_of_all_spend(engine: Any) -> None:
    assert ask(engine, "allocated_share") == [(pytest.approx(75 / 105),)]


def test_margin_divides_sums_and_needs_revenue(engine: Any) -> None:
    assert ask(engine, "gross_margin", "metric_time__month") == [
        ("2026-09-01", pytest.approx(110 / 300)),
        ("2026-10-01", None),
    ]


def test_a_run_rate_is_that_of_the_last_day_and_unknown_where_that_is(engine: Any) -> None:
    assert ask(engine, "run_rate", "metric_time__month") == [("2026-09-01", 600), ("2026-10-01", None)]
    assert ask(engine, "run_rate") == [(None,)]


def test_run_rates_of_departments_add_up_if_all_are_known(engine: Any) -> None:
    assert ask(engine, "department_run_rate", "metric_time__month") == [
        ("2026-09-01", 550),
        ("2026-10-01", None),
    ]


def test_an_allocation_is_not_summed_over_days(engine: Any) -> None:
    assert ask(engine, "initiative_allocation initiative_allocation_use") == [(200, 0.25)]


def test_budget_use_counts_what_was_spent_without_an_allowance(engine: Any) -> None:
    assert ask(engine, "budget_use") == [(pytest.approx(157 / 200),)]
    assert ask(engine, "budget_use", "department")[1] == ("ops", None)


def test_a_unit_cost_is_of_one_initiative_over_its_months(engine: Any) -> None:
    found = dict(ask(engine, "unit_cost", "initiative"))
    assert (found["i1"], found["i2"], found.get("i3")) == (pytest.approx(3.0), pytest.approx(0.01), None)
    assert ask(engine, "unit_cost") == [(None,)]


def test_cached_tokens_of_every_class_count_and_output_does_not(engine: Any) -> None:
    assert ask(engine, "cache_hit_rate", "provider") == [("mistral", 0.0), ("openai", pytest.approx(0.4))]
    assert ask(engine, "cache_hit_rate", "model__tier") == [("flagship", pytest.approx(0.4)), (None, 0.0)]


def test_month_to_date_starts_again_each_month(engine: Any) -> None:
    found = dict(ask(engine, "spend_month_to_date", "metric_time__day"))
    days = ("2026-09-29", "2026-09-30", "2026-10-01", "2026-10-02")
    assert [found[day] for day in days] == [10.000000000001, 60.000000000001, 40, 45]


def test_fiscal_years_are_those_of_the_calendar_table(engine: Any) -> None:
    assert ask(engine, "spend", "metric_time__fiscal_year") == [(2026, 60.000000000001), (2027, 45)]


def test_every_saved_query_answers_in_order(engine: Any, home: Home) -> None:
    """By month, then by what else it groups by; what nobody owns comes last."""
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    queries = {one["name"]: one for one in json.loads(home.manifest.read_text())["saved_queries"].values()}
    assert "month_close" in queries
    for name, query in queries.items():
        rows = engine.query(MetricFlowQueryRequest.create(saved_query_name=name)).result_df.rows
        groups = len(query["query_params"]["group_by"])
        found = [[(value is None, value) for value in row[:groups]] for row in rows]
        assert found and found == sorted(found), name
        assert query["query_params"]["order_by"] == query["query_params"]["group_by"], name


@pytest.mark.usefixtures("engine")  # which holds the file open
def test_the_command_answers_while_another_reads(home: Home) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "orchestration.transform.metrics", "query", "--metrics", "spend", "--decimals", "2"],
        env={"TOKENOMICS_HOME": str(home.root), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert "105.00" in said.stdout


def test_without_a_publication_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="tokenomics run --home"):
        write_metrics_project(Home(tmp_path))
