"""Opening a run's session: what killed runs left in the landing area goes, and only while no other run is at work."""

from pathlib import Path

import dagster as dg
import pytest

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
