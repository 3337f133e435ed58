"""Budget alerts that stand and core initiatives flagged for return are in the summary, exact as JSON and readable as text;
where there are none, nothing is printed.
"""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from orchestration.publish.snapshot import publish
from orchestration.summary.collect import collect
from orchestration.summary.show import plain_text, write_rich
from tests.summary.small_marts import write_small_marts

TABLES = (
    "create table dim_initiatives as select 'exp' as initiative_id, 'Lead research' as name, "
    "'person@company.example' as owner, true as is_current",
    "create table dim_departments as select 'ops' as department_id, 'Operations' as name, true as is_current",
    "create table budget_status_by_initiative (as_of_date date, initiative_id varchar, allocated_amount decimal(38, 9), "
    "spent_amount decimal(38, 12), starts_on date, expires_on date, status varchar, projected_exhaustion_date date, "
    "reporting_currency varchar)",
    "create table budget_status_by_department_month (fiscal_period varchar, department_id varchar, budget_class varchar, "
    "budget_amount decimal(38, 9), budget_basis varchar, allowance_amount decimal(38, 12), spent_amount decimal(38, 12), "
    "burn_ratio double, status varchar, reporting_currency varchar)",
    "create table fct_budget_movements (movement_id varchar, kind varchar, account varchar, effective_on date, "
    "amount decimal(38, 9), initiative_id varchar, department_id varchar, reporting_currency varchar)",
    "create table core_demotions_by_initiative (initiative_id varchar, unit_cost decimal(38, 12), "
    "limit_unit_cost decimal(38, 12), verified_unit_cost decimal(38, 12), above_since date, days_above bigint, "
    "is_flagged_for_return boolean)",
)
QUIET = (
    "insert into budget_status_by_initiative values "
    "('2026-10-20', 'exp', 100, 10, '2026-09-01', '2026-12-31', 'ok', '2027-03-01', 'USD'), "
    "('2026-10-19', 'exp', 100, 90, '2026-09-01', '2026-12-31', 'alert_80', null, 'USD')",
    "insert into budget_status_by_department_month values ('2026-10', 'ops', 'core', 9, 'flexible', 80, 79, 0.9875, 'ok', 'USD')",
    "insert into fct_budget_movements values "
    "('fund', 'fund', 'pool:experimentation:ops', '2026-10-01', 100, null, 'ops', 'USD'), "
    "('grant', 'grant', 'pool:experimentation:ops', '2026-10-02', -100, 'exp', 'ops', 'USD')",
    "insert into core_demotions_by_initiative values ('chat', 1, 1.25, 1, '2026-10-19', 2, false)",
)
ALLOCATION = (
    "update budget_status_by_initiative set spent_amount = 80.000000000001, status = 'alert_80' "
    "where as_of_date = '2026-10-20'"
)
EXPIRED = (
    "update budget_status_by_initiative set status = 'expired', expires_on = '{day}' where as_of_date = '2026-10-20'"
)
DEPARTMENT = "update budget_status_by_department_month set spent_amount = 80.000000000001, status = 'over_budget'"
POOL = "update fct_budget_movements set amount = -130.5 where kind = 'grant'"
DEMOTION = (
    "insert into core_demotions_by_initiative values "
    "('code', 0.139363527032, 0.111633003530, 0.089306402824, '2026-09-10', 41, true)"
)
TITLES = ("Budget alerts", "Flagged for return")


def summary(home: Path, *statements: str) -> dict[str, Any]:
    with duckdb.connect() as connection:
        write_small_marts(connection, *TABLES, *QUIET, *statements)
        publish(connection, home, run_id="one", as_of=date(2026, 10, 20), company_id="acme", version="1")
    return collect(home / "published")


def rich_text(found: dict[str, Any]) -> str:
    stream = io.StringIO()
    write_rich(found, Console(file=stream, width=200))
    return stream.getvalue()


def test_where_nothing_stands_nothing_is_printed(tmp_path: Path) -> None:
    found = summary(tmp_path)
    assert (found["budget_alerts"], found["core_demotions"]) == ([], [])
    assert not set(found["missing_tables"]) & {"dim_initiatives", "core_demotions_by_initiative"}
    for title in TITLES:
        assert title not in plain_text(found)
        assert title not in rich_text(found)


def test_what_stands_is_readable(tmp_path: Path) -> None:
    found = summary(tmp_path, ALLOCATION, DEPARTMENT, POOL, DEMOTION)
    parts = plain_text(found).split("\n\n")
    alerts, flags = (next(part for part in parts if part.startswith(title)) for title in TITLES)
    assert alerts.splitlines() == [
        "Budget alerts",
        "  - the allocation of Lead research is spent to 80 % or more: 80.00 of 100.00",
        "    spent",
        "  - the core budget of Operations for 2026-10 exceeds its flexible budget: 80.00",
        "    spent, 80.00 allowed so far",
        "  - the experimentation pool of Operations is overdrawn by 30.50: a grant to",
        "    Lead research took 130.50 on 2026-10-02",
    ]
    assert flags.splitlines() == [
        "Flagged for return to experimentation",
        "                   cost per",
        "  core initiative      unit     limit  verified  above since",
        "  code             0.139364  0.111633  0.089306   2026-09-10",
        "                                                   (41 days)",
        "  To do: lower its cost per unit, or return it: tokenomics budget return code",
        "  AMOUNT --approver EMAIL",
    ]
    wide = rich_text(found)
    assert (
        "the core budget of Operations for 2026-10 exceeds its flexible budget: 80.00 spent, 80.00 allowed so far"
        in wide
    )


def test_what_stands_is_exact_as_json_and_names_no_person(tmp_path: Path) -> None:
    found = json.loads(json.dumps(summary(tmp_path, ALLOCATION, DEPARTMENT, POOL, DEMOTION)))
    allocation, department, pool = found["budget_alerts"]
    assert (allocation["kind"], allocation["entity"]) == ("budget_spent_80", "exp")
    assert (allocation["spent_amount"], allocation["allocated_amount"]) == ("80.000000000001", "100.000000000")
    assert (department["kind"], department["entity"]) == ("department_budget_exceeded", "ops")
    assert (department["spent_amount"], department["allowance_amount"]) == ("80.000000000001", "80.000000000000")
    assert (pool["kind"], pool["overdrawn_amount"]) == ("pool_overdrawn", "30.500000000")
    assert found["core_demotions"] == [
        {
            "initiative_id": "code",
            "unit_cost": "0.139363527032",
            "limit_unit_cost": "0.111633003530",
            "verified_unit_cost": "0.089306402824",
            "above_since": "2026-09-10",
            "days_above": 41,
            "name": None,
            "remedy": "lower its cost per unit, or return it: tokenomics budget return code AMOUNT --approver EMAIL",
        }
    ]
    assert "person@company.example" not in json.dumps(found)


def test_an_expiry_is_shown_until_the_month_after_has_ended(tmp_path: Path) -> None:
    [expired] = summary(tmp_path / "news", EXPIRED.format(day="2026-09-01"))["budget_alerts"]
    assert expired["kind"] == "budget_expired"
    assert summary(tmp_path / "old", EXPIRED.format(day="2026-08-31"))["budget_alerts"] == []


def test_an_unpublished_table_is_named_missing_and_the_others_are_shown(tmp_path: Path) -> None:
    absent = ("drop table budget_status_by_department_month", "drop table core_demotions_by_initiative")
    found = summary(tmp_path, ALLOCATION, *absent)
    assert [row["entity"] for row in found["budget_alerts"]] == ["exp"]
    assert found["core_demotions"] == []
    assert {"budget_status_by_department_month", "core_demotions_by_initiative"} <= set(found["missing_tables"])
