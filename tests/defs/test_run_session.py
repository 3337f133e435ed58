"""Opening a run's session: what killed runs left in the landing area goes, and only while no other run is at work."""

from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRun, DagsterRunStatus, RunsFilter

from orchestration.defs.control.unkept import unkept_instance
from orchestration.defs.history import HOME_TAG
from orchestration.defs.run import Run
from orchestration.lock import HomeIsBusy, home_lock
from orchestration.project import Home
from orchestration.registry.starter import write_company_folder


@pytest.fixture
def company(tmp_path: Path) -> Path:
    write_company_folder(tmp_path / "company")
    (tmp_path / "company" / "sources.yaml").write_text("sources: {}\n")
    (tmp_path / "company" / "ownership.yaml").write_text("rules: []\n")
    return tmp_path / "company"


@pytest.fixture
def leftover(tmp_path: Path) -> Path:
    """As a writer killed in the middle of a load leaves it."""
    folder = tmp_path / "home" / "landing" / "openai" / "costs" / "2026-10-01" / ".tmp-k2x9"
    folder.mkdir(parents=True)
    (folder / "data.parquet").write_bytes(b"PAR1")
    return folder


def test_the_next_run_removes_what_a_killed_one_left(company: Path, leftover: Path, tmp_path: Path) -> None:
    run = Run(company=str(company), home=str(tmp_path / "home"), as_of="2026-10-31")
    with run.yield_for_execution(dg.build_init_resource_context()):
        assert not leftover.exists()
        assert leftover.parent.exists()


def test_a_run_that_finds_another_at_work_removes_nothing(company: Path, leftover: Path, tmp_path: Path) -> None:
    run = Run(company=str(company), home=str(tmp_path / "home"), as_of="2026-10-31")
    with (
        home_lock(Home(tmp_path / "home").lock),
        pytest.raises(HomeIsBusy),
        run.yield_for_execution(dg.build_init_resource_context()),
    ):
        pass
    assert (leftover / "data.parquet").exists()


@dg.op
def at_work(run: Run) -> bool:
    return run.is_launched


@dg.job
def small() -> None:
    at_work()


def executed(instance: dg.DagsterInstance, run: Run) -> dg.ExecuteInProcessResult:
    job = dg.Definitions(jobs=[small], resources={"run": run}).resolve_job_def("small")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def test_a_launched_run_claims_its_home_and_ends_the_runs_that_died_in_it(company: Path, tmp_path: Path) -> None:
    run = Run(company=str(company), home=str(tmp_path / "home"), as_of="2026-10-31")
    (tmp_path / "records").mkdir()
    with dg.DagsterInstance.from_config(str(tmp_path / "records")) as instance:
        dead = [
            instance.add_run(
                DagsterRun("small", status=DagsterRunStatus.STARTED, tags={HOME_TAG: str(tmp_path / home)})
            )
            for home in ("home", "another_home")
        ]
        with home_lock(Home(tmp_path / "home").lock):
            refused = executed(instance, run)
        assert not refused.success and HOME_TAG not in instance.get_runs(RunsFilter([refused.run_id]))[0].tags
        done = executed(instance, run)
        found = {one.run_id: (one.status.value, one.tags.get(HOME_TAG)) for one in instance.get_runs()}
    assert done.output_for_node("at_work") is True
    assert found[done.run_id] == ("SUCCESS", str(tmp_path / "home"))
    assert [found[one.run_id][0] for one in dead] == ["FAILURE", "STARTED"]


def test_a_run_from_the_command_line_is_not_launched(company: Path, tmp_path: Path) -> None:
    run = Run(company=str(company), home=str(tmp_path / "home"), as_of="2026-10-31")
    with unkept_instance() as instance:
        assert executed(instance, run).output_for_node("at_work") is False
