"""Graduate, close and enforce as jobs: what the launchpad offers, what it does, and that as offered it does nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from orchestration.close.register import read_register
from orchestration.publish.snapshot import publish
from orchestration.registry.starter import write_company_folder

JOBS = {"graduate_initiative": "graduate", "close_period": "close", "enforce_guardrails": "enforce"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_company_folder(tmp_path / "company")
    monkeypatch.setenv("TOKENOMICS_COMPANY", str(tmp_path / "company"))
    monkeypatch.setenv("TOKENOMICS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def launched(definitions: dg.Definitions, job: str, config: Any) -> tuple[bool, str]:
    """Whether the job succeeded, and what it said."""
    result = definitions.resolve_job_def(job).execute_in_process(run_config=config, raise_on_error=False)
    if result.success:
        (output,) = [event for event in result.all_events if event.is_successful_output]
        return True, str(output.step_output_data.metadata["said"].value)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    told = failed.step_failure_data.user_failure_data
    return False, str(told.description if told else failed.step_failure_data.error)


@pytest.mark.parametrize("job", JOBS)
def test_a_person_finds_an_example_and_a_launchpad_that_is_filled_in(definitions: dg.Definitions, job: str) -> None:
    found = definitions.resolve_job_def(job)
    text = found.description or ""
    example = yaml.safe_load(text.partition("```yaml")[2].partition("```")[0])
    filled = found.run_config
    assert filled is not None
    assert [*example["ops"]] == [*filled["ops"]] == [JOBS[job]]
    assert {*example["ops"][JOBS[job]]["config"]} <= {*filled["ops"][JOBS[job]]["config"]}
    dg.validate_run_config(found, example)


def test_as_offered_nothing_is_booked_or_closed(definitions: dg.Definitions, home: Path) -> None:
    found = {job: launched(definitions, job, definitions.resolve_job_def(job).run_config) for job in JOBS}
    assert found["graduate_initiative"] == (
        False, f"{home} holds no warehouse yet; first: tokenomics run --home {home}"
    )  # fmt: skip
    assert not found["close_period"][0] and "YYYY-MM" in found["close_period"][1]
    assert not (home / "closed").exists() and not (home / "budget").exists()


def test_a_period_is_closed_and_opened_again(definitions: dg.Definitions, home: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_allocated_costs as select date '2026-09-30' as cost_date, 'openai' as provider, "
            "'chat' as initiative_id, 60.00::decimal(38, 12) as allocated_cost, 'USD' as reporting_currency"
        )
        connection.execute(
            "create table marts.dim_dates as select date '2026-09-30' as calendar_date, '2026-09' as fiscal_period"
        )
        publish(
            connection, home, run_id="one", as_of=date(2026, 10, 31), company_id="c", version="1", policy_version="p",
            begun_at="2026-11-01T00:00:00Z",
        )  # fmt: skip
    closing = {"ops": {"close": {"config": {"period": "2026-09", "approver": "controller@company.example"}}}}
    done, said = launched(definitions, "close_period", closing)
    assert done and "2026-09 is closed: 1 rows of 1 tables are frozen." in said
    closing["ops"]["close"]["config"]["reopen"] = True  # type: ignore[assignment]
    assert launched(definitions, "close_period", closing)[0]
    decisions = [(one.action, one.period, one.approver) for one in read_register(home)]
    assert decisions == [(action, "2026-09", "controller@company.example") for action in ("close", "reopen")]
