"""Homes that several files start from."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.demo.catalog import AS_OF
from tests.built_once import built_once
from tests.end_to_end.demo_run import publish_tables, run_tokenomics
from tests.end_to_end.tiny_company import publish_restated_company, publish_tiny_company


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a first run of the demo company, to be read or copied."""
    return built_once(tmp_path_factory, "demo_home", run_tokenomics)


@pytest.fixture(scope="session")
def demo_day_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a first run of the demo company as of the day before, to be read; no page of it is published."""
    day = AS_OF - timedelta(days=1)
    return built_once(
        tmp_path_factory, "demo_day_before", lambda home: publish_tables(home, "--as-of", day.isoformat())
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny company and the home of its first run, to be read or copied with ``copy_tiny_company``."""
    return built_once(tmp_path_factory, "tiny", publish_tiny_company)


@pytest.fixture(scope="session")
def tiny_restated(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after a second run, of which one day is new and one restated."""
    return built_once(tmp_path_factory, "tiny_restated", lambda folder: publish_restated_company(tiny, folder))
