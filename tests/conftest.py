"""For every test: nothing of this machine's own company or home is used. Also a small published state."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.publish.snapshot import publish
from tests.built_once import built_once

ACCEPTANCE_KIT = Path(__file__).parents[2] / "shared" / "acceptance"
AS_OF = date(2026, 10, 31)
LONG = {"end_to_end", "reference", "warehouse"}
FIRST = ("test_demo_truths.py", "test_faults.py")
TABLES = {
    "graduation_readiness": (
        "initiative_id varchar, as_of_date date, is_ready boolean, first_ready_date date, blocking_gates varchar, "
        "verified_run_rate decimal(38,9), verified_run_rate_low decimal(38,9), verified_run_rate_high decimal(38,9)"
    ),
    "graduation_gates": (
        "initiative_id varchar, as_of_date date, gate_number integer, gate_name varchar, status varchar, "
        "metric_value decimal(38,9), reason varchar, evidence_id varchar"
    ),
    "dim_initiatives": "initiative_id varchar, owner varchar, is_current boolean",
    "fct_allocated_costs": (
        "cost_date date, provider varchar, model_id varchar, allocation_method varchar, cost_basis varchar, "
        "allocated_cost decimal(38,9), reporting_currency varchar"
    ),
}
READY_ROW = "('exp_ready', date '2026-10-31', true, date '2026-10-31', '', 1234.5, 1200, 1300)"
WAITING_ROW = "('exp_short', date '2026-10-31', false, null, '4', null, null, null)"
ROWS = {
    "graduation_gates": (
        "('exp_ready', date '2026-10-31', 4, 'stability', 'pass', 0.04, 'stable', 'ev1')",
        "('exp_short', date '2026-10-31', 4, 'stability', 'insufficient', null, 'short_history', 'ev2')",
    ),
    "dim_initiatives": ("('exp_ready', 'lead@company.example', true)",),
    "fct_allocated_costs": (
        "(date '2026-10-05', 'openai', 'gpt-6-sol', 'direct', 'billed', 80.000000001, 'USD')",
        "(date '2026-10-06', 'openai', 'gpt-6-sol', 'unallocated', 'billed', 20, 'USD')",
        "(date '2026-08-30', 'openai', 'gpt-6-sol', 'direct', 'billed', 999, 'USD')",
    ),
}


def _publish_state(home: Path, run_id: str = "one", ready: bool = True, returned_on: str | None = None) -> None:
    """Publish into ``home``: exp_short waits for gate 4, exp_ready is ready if ``ready``, and was returned to experimentation
    on ``returned_on``.
    """
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        for name, columns in TABLES.items():
            connection.execute(f"create table marts.{name} ({columns})")
        readiness = (READY_ROW, WAITING_ROW) if ready else (WAITING_ROW,)
        for name, rows in {**ROWS, "graduation_readiness": readiness}.items():
            connection.execute(f"insert into marts.{name} values {', '.join(rows)}")
        if returned_on:
            connection.execute(
                "create table marts.fct_budget_movements as select 'exp_ready' as initiative_id, kind, account, "
                "cast(? as date) as effective_on from (values ('return', 'core:ops'), ('return', 'corporate'), "
                "('grant', 'allocation:exp_ready')) as booked (kind, account)",
                [returned_on],
            )
        publish(connection, home, run_id=run_id, as_of=AS_OF, company_id="acme", version="1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of the longest tests first, so that workers that share the files end together. The first two build what others
    start from, one each, so that no worker waits for the other.
    """
    items.sort(key=lambda item: (LONG.isdisjoint(item.path.parts), item.path.name not in FIRST))


@pytest.fixture(scope="session")
def acceptance_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated company of the acceptance kit with its truth, to be read or copied."""
    build = ACCEPTANCE_KIT / "build.py"
    if not build.exists():
        pytest.skip("the acceptance kit is not beside this project")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(folder: Path) -> None:
        subprocess.run([sys.executable, build, folder], check=True, env=environment, capture_output=True)

    return built_once(tmp_path_factory, "acceptance", run)


@pytest.fixture
def publish_state() -> Callable[..., None]:
    return _publish_state


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKENOMICS_HOME", "TOKENOMICS_COMPANY", "DAGSTER_HOME", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "true")
