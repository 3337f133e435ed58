"""A small dbt project beside ours: our profile and macros, and the models that a test writes down."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from orchestration import project
from orchestration.project import Home
from orchestration.transform import invoke as called
from orchestration.transform import runner

ROOT = Path(__file__).parents[2]
PROJECT = """
name: tokenomics
version: "1.0.0"
profile: tokenomics
config-version: 2
flags: {send_anonymous_usage_stats: false}
models:
  +schema: marts
"""


@dataclass
class SmallProject:
    """``write`` models and properties, ``build`` them, look at ``rows``."""

    folder: Path
    home: Home
    ended: list[str] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        path = self.folder / "models" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def build(self, *arguments: str) -> dict[str, called.NodeResult]:
        results = called.invoke(self.home, ["build", *arguments], self.ended.append)
        return {result.unique_id.split(".")[2]: result for result in results}

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.home.warehouse)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    folder = tmp_path / "project"
    (folder / "macros").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    shutil.copy(ROOT / "dbt_project" / "profiles.yml", folder)
    for name in ("materializations.sql", "generate_schema_name.sql"):
        shutil.copy(ROOT / "dbt_project" / "macros" / name, folder / "macros")
    monkeypatch.setattr(project, "DBT_PROJECT", folder)
    monkeypatch.setattr(runner, "DBT_PROJECT", folder)
    monkeypatch.setattr(runner, "DBT_PROFILES", folder)
    return SmallProject(folder, Home(tmp_path / "home"))


Contract = Callable[[str, str], None]


@pytest.fixture
def contracted(small: SmallProject) -> Contract:
    """Write model ``amounts`` of these rows under a contract of these columns (``name type, name type``)."""

    def write(query: str, columns: str) -> None:
        lines = ["models:", "  - name: amounts", "    config: {contract: {enforced: true}}", "    columns:"]
        for column in columns.split(";"):
            name, kind = column.split()
            lines.append(f'      - {{name: {name}, data_type: "{kind}"}}')
        small.write("amounts.sql", "{{ config(materialized='table') }}\n" + query)
        small.write("amounts.yml", "\n".join(lines))

    return write
