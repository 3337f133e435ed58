"""A closed period keeps its rows whatever a later run computes; the difference is booked once, in the open period."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.close.decide import CloseRefused, close_period, reopen_period
from orchestration.close.frozen import FrozenPeriodError
from orchestration.close.periods import NotAPeriod
from orchestration.close.register import closed_periods, read_register
from orchestration.people import DEPARTMENTS_ONLY, NAMES, PSEUDONYMS
from orchestration.publish.layout import Layout
from tests.close.conftest import SmallHome

CFO = "cfo@company.example"
SEPTEMBER = {
    "fct_allocated_costs": "cost_date between '2026-09-01' and '2026-09-30'",
    "reconciliation_by_provider_month": "fiscal_period = '2026-09'",
    "accrual_journal_lines": "journal_id like '%-2026-09'",
    "fct_business_metrics": "metric_date = '2026-09-30'",
}
LATE_ROW = (
    "insert into marts.fct_allocated_costs values "
    "('2026-09-30', 'openai', 'chat', 5.5, null, 'USD', null, null, null, null, null)"
)


def closed_through_september(home: SmallHome) -> None:
    home.publish()
    close_period(home.root, "2026-08", CFO)
    close_period(home.root, "2026-09", CFO)


def test_a_closed_month_keeps_its_checksum_and_the_difference_is_booked(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    before = small_home.checksums(SEPTEMBER)
    small_home.change(LATE_ROW)
    small_home.change("update marts.fct_allocated_costs set allocated_cost = 58 where allocated_cost = 60")
    small_home.change("update marts.reconciliation_by_provider_month set amount = 103.500000000001 where amount > 100")
    small_home.change("update marts.accrual_journal_lines set debit_amount = 103.5 where debit_amount = 100")
    small_home.change("update marts.fct_business_metrics set value = 8")
    small_home.publish()

    assert small_home.checksums(SEPTEMBER) == before
    assert small_home.adjustments() == [
        ("2026-09", "2026-10", "fct_allocated_costs", "allocated_cost", "provider=openai", "-2"),
        ("2026-09", "2026-10", "fct_allocated_costs", "allocated_cost", "provider=openai, initiative_id=chat", "5.5"),
        (
            *("2026-09", "2026-10", "reconciliation_by_provider_month", "amount"),
            *("provider=openai, bridge_line=billed_cost", "3.5"),
        ),
    ]
    assert small_home.rows("select sum(allocated_cost)::decimal(9, 1)::varchar from fct_allocated_costs") == [
        ("115.0",)
    ]


def test_a_table_that_is_parquet_alone_is_frozen_too(small_home: SmallHome) -> None:
    small_home.layouts = {"fct_business_metrics": Layout("metric_date", parquet_only=True)}
    closed_through_september(small_home)
    part = small_home.root / "published" / "parquet" / "fct_business_metrics" / "2026-09.parquet"
    before = part.stat().st_ino
    small_home.change("update marts.fct_business_metrics set value = 8")
    small_home.publish()
    assert duckdb.sql(f"select value::int from '{part}'").fetchall() == [(7,)]
    assert part.stat().st_ino == before, "the month is the same file"


def test_an_open_month_is_published_as_computed(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    small_home.change("update marts.fct_allocated_costs set allocated_cost = 9 where cost_date = '2026-10-01'")
    small_home.change("update marts.run_rate_by_company_day set run_rate_monthly = 1")
    small_home.publish()
    assert small_home.rows("select allocated_cost::int from fct_allocated_costs where cost_date > '2026-09-30'") == [
        (9,)
    ]
    assert small_home.rows("select run_rate_monthly::int from run_rate_by_company_day") == [(1,)]
    assert small_home.adjustments() == []


def test_a_vanished_row_is_booked_as_a_negative_amount(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    small_home.change("delete from marts.fct_allocated_costs where cost_date < '2026-10-01'")
    small_home.publish()
    assert [(row[0], row[4], row[5]) for row in small_home.adjustments()] == [
        ("2026-08", "provider=openai, initiative_id=chat", "-10"),
        ("2026-09", "provider=openai", "-60"),
        ("2026-09", "provider=openai, initiative_id=chat", "-40.000000000001"),
    ]


def test_what_one_period_has_booked_is_not_booked_again_in_the_next(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    small_home.change(LATE_ROW)
    small_home.publish(date(2026, 10, 31))
    close_period(small_home.root, "2026-10", CFO)
    small_home.change(
        "insert into marts.fct_allocated_costs values "
        "('2026-09-29', 'openai', 'chat', 1, null, 'USD', null, null, null, null, null)"
    )
    small_home.publish(date(2026, 11, 5))
    assert [(row[0], row[1], row[5]) for row in small_home.adjustments()] == [
        ("2026-09", "2026-10", "5.5"),
        ("2026-09", "2026-11", "1"),
    ]


def test_the_month_of_the_as_of_day_closed_itself_books_into_the_next(small_home: SmallHome) -> None:
    small_home.publish(date(2026, 9, 30))
    close_period(small_home.root, "2026-08", CFO)
    close_period(small_home.root, "2026-09", CFO)
    small_home.change(LATE_ROW)
    small_home.publish(date(2026, 9, 30))
    assert [row[:2] for row in small_home.adjustments()] == [("2026-09", "2026-10")]


def test_reopening_lifts_the_freeze_and_closing_again_takes_the_new_rows(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    before = small_home.checksums(SEPTEMBER)
    small_home.change(LATE_ROW)
    reopen_period(small_home.root, "2026-09", CFO)
    small_home.publish()
    after = small_home.checksums(SEPTEMBER)
    assert after["fct_allocated_costs"][0] == before["fct_allocated_costs"][0] + 1
    assert small_home.adjustments() == []

    second = close_period(small_home.root, "2026-09", "cao@company.example")
    small_home.change("delete from marts.fct_allocated_costs")
    small_home.publish()
    assert small_home.checksums(SEPTEMBER) == after
    decisions = [(one.action, one.period, one.approver) for one in read_register(small_home.root)]
    assert decisions == [
        ("close", "2026-08", CFO),
        ("close", "2026-09", CFO),
        ("reopen", "2026-09", CFO),
        ("close", "2026-09", "cao@company.example"),
    ]
    assert second.decision.policy_version == "p1" and second.decision.run_id == "run2"
    assert (small_home.root / "closed" / "2026-09" / "1" / "manifest.json").exists(), (
        "the first close stays as evidence"
    )


def test_a_close_writes_nothing_outside_its_own_folder(
    small_home: SmallHome, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    small_home.publish()
    before = tree(small_home.root)
    close_period(small_home.root, "2026-08", CFO)
    after = tree(small_home.root)
    assert {name: text for name, text in after.items() if not name.startswith("closed/")} == before
    assert not [name for name in after if ".unfinished" in name]


@pytest.mark.parametrize(
    ("period", "approver", "message"),
    [
        ("2026-10", CFO, "2026-10 has not ended: the published state is as of 2026-10-15"),
        ("2026-09", CFO, "earlier periods are open: 2026-08"),
        ("2026-07", CFO, "no published table has a row of 2026-07"),
        ("2026-08", "the cfo", "is not an e-mail address"),
    ],
)
def test_a_close_that_may_not_be_is_refused(small_home: SmallHome, period: str, approver: str, message: str) -> None:
    small_home.publish()
    with pytest.raises(CloseRefused, match=message):
        close_period(small_home.root, period, approver)
    assert not (small_home.root / "closed").exists()


def test_a_second_close_and_a_wrong_reopening_are_refused(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    with pytest.raises(CloseRefused, match=f"2026-09 is closed since .*approved by {CFO}"):
        close_period(small_home.root, "2026-09", CFO)
    with pytest.raises(CloseRefused, match="reopen 2026-09 first"):
        reopen_period(small_home.root, "2026-08", CFO)
    with pytest.raises(CloseRefused, match="2026-10 is not closed"):
        reopen_period(small_home.root, "2026-10", CFO)
    with pytest.raises(NotAPeriod, match="YYYY-MM"):
        close_period(small_home.root, "2026-13", CFO)


def test_nothing_published_is_nothing_to_close(tmp_path: Path) -> None:
    with pytest.raises(CloseRefused, match="nothing is published"):
        close_period(tmp_path, "2026-09", CFO)


def test_a_changed_table_stops_the_publication_and_says_what_to_do(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    small_home.change("alter table marts.fct_allocated_costs add column cost_class varchar")
    small_home.change("drop table marts.fct_business_metrics")
    wanted = (
        r"\(fct_allocated_costs: cost_class; fct_business_metrics: metric_date, metric_id, value\): 2026-08, 2026-09\. "
        r".*close 2026-09 --approver EMAIL --reopen"
    )
    with pytest.raises(FrozenPeriodError, match=wanted):
        small_home.publish()
    assert json.loads((small_home.root / "published" / "manifest.json").read_text())["run_id"] == "run1"


@pytest.mark.parametrize("name", ["fct_allocated_costs.parquet", "manifest.json"])
def test_a_damaged_copy_stops_the_publication(small_home: SmallHome, name: str) -> None:
    closed_through_september(small_home)
    path = small_home.root / "closed" / "2026-09" / "1" / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FrozenPeriodError, match=r"2026-09.*restore it"):
        small_home.publish()
    path.unlink()
    with pytest.raises(FrozenPeriodError, match=r"2026-09.*restore it"):
        small_home.publish()


def test_a_run_that_shows_what_was_known_before_the_close_is_not_frozen(small_home: SmallHome) -> None:
    closed_through_september(small_home)
    august, september = closed_periods(read_register(small_home.root)).values()
    small_home.change(LATE_ROW)
    small_home.publish(date(2026, 9, 30), known_before=september.at)
    assert small_home.rows("select count(*) from fct_allocated_costs where cost_date = '2026-09-30'") == [(2,)]
    manifest = json.loads((small_home.root / "published" / "manifest.json").read_text())
    assert manifest["closed_periods"] == ["2026-08"]
    small_home.publish(date(2026, 9, 29))
    manifest = json.loads((small_home.root / "published" / "manifest.json").read_text())
    assert manifest["closed_periods"] == ["2026-08"], "a period that has not ended by the as-of day is not frozen"
    assert august.at < september.at


@pytest.mark.parametrize(
    ("closed_as", "published_as"),
    [
        (NAMES, PSEUDONYMS),
        (NAMES, DEPARTMENTS_ONLY),
        (DEPARTMENTS_ONLY, NAMES),
        (PSEUDONYMS, NAMES),
        (PSEUDONYMS, PSEUDONYMS),
    ],
)
def test_how_people_appear_is_no_change_of_a_closed_period(
    small_home: SmallHome, closed_as: str, published_as: str
) -> None:
    for actor, cost in (("usr_Quillon7", 3), ("usr_Zorn88", 4)):
        small_home.change(
            "insert into marts.fct_allocated_costs (cost_date, provider, allocated_cost, reporting_currency, actor_id) "
            f"values ('2026-08-30', 'openai', {cost}, 'USD', '{actor}')"
        )
    small_home.people = closed_as
    small_home.publish()
    close_period(small_home.root, "2026-08", CFO)
    small_home.people = published_as
    small_home.publish()

    assert small_home.adjustments() == []
    august = (
        "select sum(allocated_cost), list(distinct actor_id) from fct_allocated_costs where cost_date < '2026-09-01'"
    )
    ((cost, actors),) = small_home.rows(august)
    assert cost == 17
    assert not {"usr_Quillon7", "usr_Zorn88"} & set(actors)

    small_home.change("update marts.fct_allocated_costs set allocated_cost = 5 where actor_id = 'usr_Zorn88'")
    small_home.publish()
    ((*_, entity, amount),) = small_home.adjustments()
    assert amount == "1"
    assert "usr_Zorn88" not in entity
