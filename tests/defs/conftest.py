"""The code location, loaded once in a home of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    home: Path = tmp_path_factory.mktemp("home")
    before = os.environ.get("TOKENOMICS_HOME")
    os.environ["TOKENOMICS_HOME"] = str(home)
    from orchestration.definitions import defs

    yield defs()
    if before is None:
        del os.environ["TOKENOMICS_HOME"]
    else:
        os.environ["TOKENOMICS_HOME"] = before
