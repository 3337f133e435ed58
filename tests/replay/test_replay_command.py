"""What the command refuses before it replays anything, in words that say what to do."""

import io
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.knowledge import begin
from orchestration.lock import HomeIsBusy, home_lock
from orchestration.project import Home
from orchestration.replay.command import ReplayFailed, replay_once
from orchestration.settings import RunSettings

AS_OF = date(2026, 10, 31)


def settings_of(home: Path) -> RunSettings:
    return RunSettings(
        company=home / "company",
        home=home,
        as_of=None,
        offline=True,
        full_refresh=False,
        allow_shrink=False,
        target="duckdb",
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose last run counted October and was published."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_evaluation_calendar as "
            "select date '2026-10-31' as as_of_date, 'v' as policy_version"
        )
        connection.execute("create table intermediate.int_cost_object_daily_costs (cost_date date)")
        connection.execute("create table intermediate.int_product_daily_economics (margin_date date)")
        connection.execute("insert into intermediate.int_cost_object_daily_costs values ('2026-10-01')")
    return Home(tmp_path)


def refusal(home: Home, first: date | None = None, last: date | None = None) -> str:
    with pytest.raises(ReplayFailed) as refused:
        replay_once(settings_of(home.root), "gates", first, last, io.StringIO())
    return str(refused.value)


def test_a_home_without_a_warehouse_is_told_to_run(tmp_path: Path) -> None:
    assert "tokenomics run" in refusal(Home(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


def test_a_run_that_was_not_published_is_not_replayed(home: Home) -> None:
    begin(home, AS_OF)
    assert "not published" in refusal(home)


def test_a_warehouse_that_was_never_built_is_told_to_run(home: Home) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("drop table intermediate.int_cost_object_daily_costs")
    assert "tokenomics run" in refusal(home)


def test_a_company_without_any_cost_has_no_history(home: Home) -> None:
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from intermediate.int_cost_object_daily_costs")
    assert "no history" in refusal(home)


def test_days_after_the_last_run_are_refused(home: Home) -> None:
    assert "--as-of 2026-11-01" in refusal(home, last=date(2026, 11, 1))


def test_days_in_the_wrong_order_are_refused(home: Home) -> None:
    assert "is after --to" in refusal(home, first=date(2026, 10, 20), last=date(2026, 10, 10))


def test_a_home_at_work_is_left_alone(home: Home) -> None:
    with home_lock(home.lock), pytest.raises(HomeIsBusy):
        replay_once(settings_of(home.root), "gates", None, None, io.StringIO())
