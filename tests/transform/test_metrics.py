"""Metrics through MetricFlow's own engine on a small ``marts.duckdb``: equal to SQL written without it, and right where a sum of
ratios, a sum over days or an unknown part would be wrong.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.project import Home
from orchestration.transform.manifest import ensure_manifest
from orchestration.transform.metrics import NothingPublished, write_metrics_project
from tests.dbt_project.published_rows import write_published
from tests.transform.metric_queries import EXPECTED, Answers, answers_of_sql, ask, differences, opened_engine

FOREVER = {"valid_from": date(1, 1, 1), "valid_to": date(9999, 12, 31), "is_current": True}


def cost(day: str, amount: str, department: str | None, **given: Any) -> dict[str, Any]:
    owned = {"allocation_method": "direct"} if department else {"allocation_method": "unallocated"}
    row = {
        "cost_date": day,
        "provider": "openai",
        "model_id": "sol",
        "product_id": "p1",
        "cost_class": "cost_of_goods_sold",
    }
    return row | {"department_id": department, "allocated_cost": Decimal(amount)} | owned | given


def used(token_class: str, quantity: int, **given: Any) -> dict[str, Any]:
    unit = "requests" if token_class == "request" else "tokens"
    requests = quantity if token_class == "request" else 0
    row = {"usage_date": "2026-09-03", "provider": "openai", "model_id": "sol", "is_counted": True, "unit": unit}
    return row | {"token_class": token_class, "quantity": quantity, "requests": requests} | given


def margin(period: str, product: str, revenue: str | None, profit: str | None, ratio: float | None) -> dict[str, Any]:
    row = {"fiscal_period": period, "other_cogs": Decimal(10), "gross_margin_ratio": ratio}
    return row | {"product_id": product, "revenue": revenue, "gross_profit": profit}


def rate(day: str, monthly: str | None, **entity: str) -> dict[str, Any]:
    return {"as_of_date": day, "run_rate_monthly": monthly, **entity}


ROWS: dict[str, list[dict[str, Any]]] = {
    "dim_dates": [
        {"calendar_date": date(2026, month, day), "fiscal_year": 2026 if month < 10 else 2027}
        for month in (9, 10)
        for day in range(1, 31)
    ],
    "dim_departments": [
        {"department_id": "eng", "business_unit": "Old", **FOREVER, "valid_to": date(2026, 10, 1), "is_current": False},
        {"department_id": "eng", "business_unit": "New", **FOREVER, "valid_from": date(2026, 10, 1)},
        {"department_id": "ops", "business_unit": "Old", **FOREVER},
    ],
    "dim_models": [{"model_id": "sol", "provider": "openai", "tier": "flagship"}],
    "fct_allocated_costs": [
        cost("2026-09-01", "10.000000000001", "eng"),
        cost("2026-09-30", "20", "ops", provider="anthropic", product_id="p2"),
        cost("2026-09-30", "30", None, cost_class=None),
        cost("2026-10-01", "40", "eng", cost_class="research_and_development"),
        cost("2026-10-02", "5", "eng"),
    ],
    "fct_usage": [
        used("input_uncached", 600),
        used("cache_read", 300),
        used("audio_cache_read", 100),
        used("output", 5000),
        used("request", 7),
        used("cache_read", 9_999, is_counted=False),
        used("input_uncached", 50, provider="mistral", model_id="small"),
    ],
    # 90 of 100 and 20 of 200: together 110 of 300, no mean of the two; p3 reports no revenue, p4's is negative
    "gross_margin_by_product_month": [
        margin("2026-09", "p1", "100", "90", 0.9),
        margin("2026-09", "p2", "200", "20", 0.1),
        margin("2026-09", "p3", None, None, None),
        margin("2026-10", "p4", "-10", "-5", None),
    ],
    "gross_margin_by_customer_month": [
        {"fiscal_period": "2026-09", "customer_id": "c", "revenue": 50, "gross_profit": 10, "gross_margin_ratio": 0.2}
    ],
    "run_rate_by_company_day": [
        rate("2026-09-29", "500", company_id="c"),
        rate("2026-09-30", "600", company_id="c"),
        rate("2026-10-01", "610", company_id="c"),
        rate("2026-10-02", None, company_id="c"),
    ],
    "run_rate_by_department_day": [
        rate("2026-09-30", "400", department_id="eng"),
        rate("2026-09-30", "150", department_id="ops"),
        rate("2026-10-02", "450", department_id="eng"),
        rate("2026-10-02", None, department_id="ops"),
    ],
    "run_rate_by_initiative_day": [rate("2026-10-02", "33", initiative_id="i1")],
    "budget_status_by_department_month": [
        {"fiscal_period": "2026-09", "department_id": department, "budget_class": kind}
        | {"budget_amount": budget, "allowance_amount": allowance, "spent_amount": spent}
        for department, kind, budget, allowance, spent in (
            ("eng", "core", 90, 100, 50),
            ("eng", "experimentation", 100, 100, 100),
            ("ops", "core", 0, 0, 7),
        )
    ],
    "budget_status_by_initiative": [
        {
            "as_of_date": day,
            "initiative_id": "i1",
            "allocated_amount": 200,
            "spent_amount": spent,
            "burn_ratio": spent / 200,
        }
        for day, spent in (("2026-09-29", 10), ("2026-09-30", 20), ("2026-10-02", 50))
    ],
    "unit_economics_by_initiative_month": [
        {
            "fiscal_period": "2026-09",
            "initiative_id": "i1",
            "units": 4,
            "compared_cost": 10,
            "cost_per_unit": Decimal("2.5"),
        },
        {
            "fiscal_period": "2026-10",
            "initiative_id": "i1",
            "units": 6,
            "compared_cost": 20,
            "cost_per_unit": Decimal("3.333333333333"),
        },
        {
            "fiscal_period": "2026-10",
            "initiative_id": "i2",
            "units": 1000,
            "compared_cost": 10,
            "cost_per_unit": Decimal("0.01"),
        },
        {"fiscal_period": "2026-10", "initiative_id": "i3", "units": None, "compared_cost": 77, "cost_per_unit": None},
    ],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.published.mkdir()
    manifest = json.loads(ensure_manifest(home).read_text())
    write_published(home.published / "marts.duckdb", manifest, ROWS)
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


def test_every_saved_query_answers(engine: Any, home: Home) -> None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    names = [one["name"] for one in json.loads(home.manifest.read_text())["saved_queries"].values()]
    assert "month_close" in names
    for name in names:
        assert engine.query(MetricFlowQueryRequest.create(saved_query_name=name)).result_df.row_count > 0, name


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
