"""A warehouse on which single macros and models of the dbt project can be run against rows that a test writes down."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.project import Home
from orchestration.transform.invoke import QUIET
from orchestration.transform.manifest import load_manifest
from orchestration.transform.runner import as_a_child, run_dbt

PROJECT = Path(__file__).parents[2] / "dbt_project"


@pytest.fixture(scope="session")
def compile_sql(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Render a piece of Jinja SQL with the project's macros."""
    home = Home(tmp_path_factory.mktemp("dbt"))

    def render(text: str) -> str:
        manifest = load_manifest(home)
        with as_a_child(home):
            ended = run_dbt(home, [*QUIET, "compile", "--inline", text], manifest)
        assert ended.success, ended.exception
        return str(ended.result.results[0].node.compiled_code)

    return render


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
