"""Homes that several files start from."""

from pathlib import Path

import pytest

from tests.built_once import built_once
from tests.end_to_end.demo_run import run_tokenomics
from tests.end_to_end.tiny_company import publish_tiny_company


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a first run of the demo company, to be read or copied."""
    return built_once(tmp_path_factory, "demo_home", run_tokenomics)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny company and the home of its first run, to be read or copied with ``copy_tiny_company``."""
    return built_once(tmp_path_factory, "tiny", publish_tiny_company)
