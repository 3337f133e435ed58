"""Each crossing of a department's budget is told once a period; an ended period tells only that all of it was spent."""

from pathlib import Path

from orchestration.alerts.budgets import tell_budgets
from orchestration.alerts.transports import FileTransport
from orchestration.project import Home
from tests.alerts.publication import INITIATIVES, sent, write_publication

TABLE = (
    "create table budget_status_by_department_month (fiscal_period varchar, department_id varchar, budget_class varchar, "
    "budget_amount decimal(38, 9), budget_basis varchar, allowance_amount decimal(38, 12), spent_amount decimal(38, 12), "
    "status varchar, reporting_currency varchar)"
)


def tell(home: Path, as_of: str, *rows: str) -> tuple[str, ...]:
    """``rows`` as period, department, class, budget, basis, allowance, spent, status."""
    values = ", ".join(f"({row}, 'USD')" for row in rows)
    write_publication(home, as_of, TABLE, f"insert into budget_status_by_department_month values {values}")
    told = tell_budgets(Home(home), over=[FileTransport(home / "alerts")])
    assert told.faults == ()
    return told.titles


def test_thresholds_of_a_funded_budget_are_told_once_each(tmp_path: Path) -> None:
    pool = "'2026-10', 'ops', 'experimentation', 1000, 'budget', 1000"
    assert tell(tmp_path, "2026-10-10", f"{pool}, 499.999999999999, 'ok'") == ()
    assert tell(tmp_path, "2026-10-12", f"{pool}, 500, 'alert_50'") == (
        "the experimentation budget of ops for 2026-10 is spent to 50 % or more: 500.00 of 1,000.00 spent",
    )
    assert tell(tmp_path, "2026-10-13", f"{pool}, 799.999999999999, 'alert_50'") == ()
    assert len(tell(tmp_path, "2026-10-14", f"{pool}, 800, 'alert_80'")) == 1
    assert tell(tmp_path, "2026-10-20", f"{pool}, 1000, 'alert_80'") == (
        "the experimentation budget of ops for 2026-10 is exhausted: 1,000.00 of 1,000.00 spent",
    )
    assert tell(tmp_path, "2026-10-31", f"{pool}, 1700, 'over_budget'") == ()
    assert [(alert["key"], alert["severity"]) for alert in sent(tmp_path)] == [
        ("department_budget_spent_50:ops:experimentation:2026-10:1000", "info"),
        ("department_budget_spent_80:ops:experimentation:2026-10:1000", "warning"),
        ("department_budget_exhausted:ops:experimentation:2026-10:1000", "critical"),
    ]


def test_alert_carries_the_exact_figures_and_no_owner(tmp_path: Path) -> None:
    tell(
        tmp_path,
        "2026-10-12",
        "'2026-10', 'ops', 'core', 1000, 'flexible', 321.000000000001, 321.000000000002, 'over_budget'",
    )
    [alert] = sent(tmp_path)
    assert (alert["kind"], alert["entity"], alert["owner"]) == ("department_budget_exceeded", "ops", None)
    assert alert["details"] == {
        "as_of_date": "2026-10-12",
        "fiscal_period": "2026-10",
        "budget_class": "core",
        "budget_basis": "flexible",
        "budget_amount": "1000.000000000",
        "allowance_amount": "321.000000000001",
        "spent_amount": "321.000000000002",
        "reporting_currency": "USD",
    }


def test_next_period_and_other_class_are_facts_of_their_own(tmp_path: Path) -> None:
    october = (
        "'2026-10', 'ops', 'core', 10, 'budget', 10, 6, 'alert_50'",
        "'2026-10', 'ops', 'experimentation', 10, 'budget', 10, 6, 'alert_50'",
    )
    assert len(tell(tmp_path, "2026-10-12", *october)) == 2
    assert len(tell(tmp_path, "2026-11-12", *october, "'2026-11', 'ops', 'core', 10, 'budget', 10, 6, 'alert_50'")) == 1


def test_only_this_month_and_the_one_before_are_told(tmp_path: Path) -> None:
    rows = [
        f"'{month}', 'ops', 'core', 10, 'budget', 10, 11, 'over_budget'"
        for month in ("2025-12", "2026-08", "2026-09", "2026-10")
    ]
    assert [title.split(" is ")[0] for title in tell(tmp_path, "2026-10-01", *rows)] == [
        "the core budget of ops for 2026-09",
        "the core budget of ops for 2026-10",
    ]


def test_department_budgets_are_told_in_a_company_without_allocations(tmp_path: Path) -> None:
    write_publication(tmp_path, "2026-10-12", INITIATIVES)
    assert tell_budgets(Home(tmp_path), over=[]).reason == "none of 0 alerts is new"
    assert len(tell(tmp_path, "2026-10-12", "'2026-10', 'ops', 'core', 10, 'budget', 10, 9, 'alert_80'")) == 1
