"""A replay publishes its table beside all others; later runs keep it; a run of an earlier day does not show it."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.end_to_end.command_line import published_tables, query, tokenomics_tables
from tests.end_to_end.tiny_company import KEY, PUBLISHED_AS_OF

REPLAYED = {"gate_replay", "breaker_replay", "budget_framework_backtest"}


@pytest.fixture(scope="module")
def folder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(tiny, tmp_path_factory.mktemp("replayed") / "site", symlinks=True)


def command(folder: Path, *arguments: str) -> str:
    where = ("--company", folder / "company", "--home", folder / "home")
    done = tokenomics_tables(*arguments, *where, OPENAI_ADMIN_KEY=KEY)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_replayed_tables_are_empty_until_replayed_then_stay(folder: Path) -> None:
    home = folder / "home"
    tables = set(published_tables(home))
    assert tables >= REPLAYED
    assert all(query(home, name, "select count(*) from t") == [(0,)] for name in REPLAYED)

    told = command(folder, "replay", "budgets")
    assert "published budget_framework_backtest" in told
    spent = "select sum(spend) from t where framework = 'no_policy'"
    cost = "select sum(allocated_cost) from t where initiative_id is not null"
    assert query(home, "budget_framework_backtest", spent) == query(home, "fct_allocated_costs", cost)
    assert set(published_tables(home)) == tables

    rows = query(home, "budget_framework_backtest", "select * from t order by all")
    command(folder, "run", "--offline", "--as-of", PUBLISHED_AS_OF.isoformat())
    assert query(home, "budget_framework_backtest", "select * from t order by all") == rows

    command(folder, "run", "--offline", "--as-of", date(2026, 10, 3).isoformat())
    assert query(home, "budget_framework_backtest", "select count(*) from t") == [(0,)]
