"""Runs from the command line in the records of the UI: what they made, how they ended, and nothing that costs the run."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.utils import make_new_run_id

from orchestration.defs import history
from orchestration.defs.control.unkept import unkept_instance
from orchestration.defs.history import Record, end_dead_runs, records_folder, tags
from orchestration.project import Home
from orchestration.settings import redactor

SECRET = 'sk-planted-"77aa88bb'
REFUSED = f"refused: Bearer {SECRET} is expired"
CHECK = dg.AssetCheckSpec("is_positive", asset="amount", description="The amount is above zero.")


class Amount(dg.Config):
    value: int
    is_refused: bool = False
    pause_seconds: float = 0


@dg.asset(check_specs=[CHECK])
def amount(context: dg.AssetExecutionContext, config: Amount) -> Iterator[dg.MaterializeResult]:
    time.sleep(config.pause_seconds)
    if config.is_refused:
        context.log.warning(REFUSED)
        raise ValueError(REFUSED)
    yield dg.MaterializeResult(
        metadata={"dagster/row_count": config.value}, check_results=[dg.AssetCheckResult(passed=config.value > 0)]
    )


@dg.asset(deps=[amount])
def below() -> None: ...


JOB = dg.Definitions(
    assets=[amount, below], jobs=[dg.define_asset_job("both", executor_def=dg.in_process_executor)]
).resolve_job_def("both")


def recorded(home: Home, **config: object) -> tuple[dg.ExecuteInProcessResult, Record]:
    """One run of two small assets, recorded as the command line records its own."""
    with unkept_instance() as instance:
        record = Record(home, make_new_run_id(), instance, redactor(extra=[SECRET]))
        instance.add_event_listener(record.run_id, record.hear)
        try:
            result = JOB.execute_in_process(
                run_config={"ops": {"amount": {"config": config}}},
                instance=instance,
                raise_on_error=False,
                run_id=record.run_id,
                tags=tags(home),
            )
        finally:
            record.close()
    return result, record


def read(home: Home) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(home.dagster))


def statuses(home: Home) -> dict[str, str]:
    with read(home) as instance:
        return {run.run_id: run.status.value for run in instance.get_runs()}


def is_at_work(home: Home) -> bool:
    """Read without Dagster, which would make the tables that the other process is about to make."""
    try:
        with sqlite3.connect(f"file:{home.dagster}/history/runs.db?mode=ro", uri=True) as connection:
            return connection.execute("select status from runs").fetchall() == [("STARTED",)]
    except sqlite3.OperationalError:
        return False


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_what_a_run_made_and_checked_is_read_by_another_process(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for value in (7, -7):
        result, record = recorded(home, value=value)
        assert (result.success, record.fault) == (True, None)
    with read(home) as instance:
        made = instance.get_latest_materialization_event(dg.AssetKey("amount"))
        (check,) = instance.event_log_storage.get_latest_asset_check_execution_by_key([CHECK.key]).values()
        runs = instance.get_run_records()
        steps = {event.step_key for event in instance.all_logs(runs[0].dagster_run.run_id) if event.step_key}
        plan = runs[0].dagster_run.execution_plan_snapshot_id
        assert plan and instance.get_execution_plan_snapshot(plan).step_keys_to_execute == ["amount", "below"]
    assert made is not None and made.asset_materialization is not None
    assert made.asset_materialization.metadata["dagster/row_count"].value == -7
    assert (check.status.value, check.run_id) == ("FAILED", runs[0].dagster_run.run_id)
    assert [run.dagster_run.status.value for run in runs] == ["SUCCESS", "SUCCESS"]
    assert all(run.start_time and run.end_time and run.start_time <= run.end_time for run in runs)
    assert steps == {"amount", "below"}


def test_a_failed_run_is_shown_as_failed_and_without_its_secret(tmp_path: Path) -> None:
    home = Home(tmp_path)
    result, record = recorded(home, value=1, is_refused=True)
    assert (result.success, record.fault) == (False, None)
    assert [*statuses(home).values()] == ["FAILURE"]
    kept = bytes_of(home.dagster)
    assert b"Bearer [redacted] is expired" in kept
    assert b"77aa88bb" not in kept


def test_a_run_that_was_killed_is_marked_as_failed_by_the_next(tmp_path: Path) -> None:
    home, other = Home(tmp_path / "home"), Home(tmp_path / "other")
    body = (
        "import sys; from pathlib import Path; from orchestration.project import Home\n"
        "from tests.defs.test_history import recorded\n"
        "recorded(Home(Path(sys.argv[1])), value=1, pause_seconds=60)"
    )
    process = subprocess.Popen([sys.executable, "-c", body, str(home.root)], cwd=Path(__file__).parents[2])
    try:
        deadline = time.monotonic() + 60
        while not is_at_work(home):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.2)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    (killed,) = statuses(home)
    with read(home) as instance:
        end_dead_runs(instance, other, "a run in another home")
    assert statuses(home) == {killed: "STARTED"}
    _, record = recorded(home, value=1)
    assert statuses(home) == {killed: "FAILURE", record.run_id: "SUCCESS"}
    with read(home) as instance:
        assert any("was killed" in event.message for event in instance.all_logs(killed))


@pytest.mark.parametrize("file", ["runs.db", "runs/index.db"])
def test_a_locked_database_costs_the_record_and_not_the_run(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    recorded(home, value=1)
    monkeypatch.setattr(history, "LOCK_WAIT_SECONDS", 0.05)
    holder = sqlite3.connect(home.dagster / "history" / file, isolation_level=None)
    holder.execute("begin immediate")
    try:
        result, record = recorded(home, value=2)
    finally:
        holder.close()
    assert result.success and result.output_for_node("below") is None
    assert record.fault is not None and "database is locked" in record.fault and str(home.dagster) in record.fault
    _, after = recorded(home, value=3)
    assert after.fault is None
    assert [*statuses(home).values()] == ["SUCCESS", "SUCCESS"]


@pytest.mark.parametrize("file", ["history/runs.db", "history/runs/index.db", "dagster.yaml"])
def test_broken_records_cost_the_record_and_not_the_run(file: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    recorded(home, value=1)
    (home.dagster / file).write_bytes(b"\x00 no database, no yaml: [")
    result, record = recorded(home, value=2)
    assert result.success
    assert record.fault is not None and "Nothing else is affected" in record.fault and "Traceback" not in record.fault


def test_records_stand_where_dagster_home_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere))
    home = Home(tmp_path / "home")
    result, record = recorded(home, value=1)
    assert (result.success, record.fault, records_folder(home)) == (True, None, elsewhere)
    assert not home.dagster.exists() and (elsewhere / "history" / "runs" / "index.db").exists()
    assert [entry.name for entry in elsewhere.glob("*.yaml")] == []


def test_old_runs_are_forgotten_and_what_was_last_made_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    monkeypatch.setattr(history, "KEPT_RUNS", 2)
    _, first = recorded(home, value=1)
    refused = [recorded(home, value=2, is_refused=True)[1] for _ in range(2)]
    files = {file.name for file in (home.dagster / "history" / "runs").glob("*.db")}
    assert [first.fault, *(one.fault for one in refused)] == [None] * 3
    assert {*statuses(home)} == {one.run_id for one in refused}
    assert files == {"index.db", *(f"{one.run_id}.db" for one in refused)}
    with read(home) as instance:
        (made,) = instance.get_asset_records([dg.AssetKey("amount")])
    assert made.asset_entry.last_materialization is not None
    assert made.asset_entry.last_materialization.run_id == first.run_id


def test_nothing_of_this_is_sent_anywhere(tmp_path: Path) -> None:
    import yaml

    written = yaml.safe_load((records_folder(Home(tmp_path)) / "dagster.yaml").read_text())
    assert written["telemetry"] == {"enabled": False}
