"""A warehouse on which single macros and models of the dbt project can be run against rows that a test writes down."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).parents[2] / "dbt_project"


@pytest.fixture(scope="session")
def compile_sql(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Render a piece of Jinja SQL with the project's macros."""
    target = tmp_path_factory.mktemp("dbt")

    def render(text: str) -> str:
        environment = {
            **os.environ,
            "DBT_PROFILES_DIR": str(PROJECT),
            "TOKENOMICS_WAREHOUSE": str(target / "warehouse.duckdb"),
        }
        command = [str(Path(sys.executable).parent / "dbt"), "-q", "compile", "--inline", text]
        command += ["--target-path", str(target), "--log-path", str(target)]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return render


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
