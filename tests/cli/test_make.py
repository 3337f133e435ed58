"""``make run``, ``make ui``, ``make metrics`` and ``make docs`` mean the same home."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def would_do(target: str, **variables: str) -> str:
    """The commands that make would run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOKENOMICS_")}
    done = subprocess.run(
        ["make", "-n", "-o", ".venv/.ready", target],
        cwd=ROOT, env=environment | variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("variables", "home"),
    [
        ({}, ROOT / "data"),
        ({"HOME_DIR": "elsewhere"}, ROOT / "elsewhere"),
        ({"TOKENOMICS_HOME": "/srv/tokens"}, Path("/srv/tokens")),
        ({"TOKENOMICS_HOME": "mine", "HOME_DIR": "elsewhere"}, ROOT / "mine"),
    ],
)
def test_the_ui_shows_the_home_that_a_run_writes(variables: dict[str, str], home: Path) -> None:
    shown = would_do("ui", **variables)
    assert f"TOKENOMICS_HOME={home} DAGSTER_HOME={home}/dagster" in shown
    assert f"TOKENOMICS_HOME={home} .venv/bin/python -m orchestration.transform.manifest" in shown
    run = would_do("run", **variables)
    asked = variables.get("TOKENOMICS_HOME")
    assert ("--home" in run) == (asked is None)


def test_metrics_and_docs_are_of_the_home_that_a_run_writes() -> None:
    asked = would_do("metrics", TOKENOMICS_HOME="/srv/tokens", QUERY="list metrics")
    assert "TOKENOMICS_HOME=/srv/tokens .venv/bin/python -m orchestration.transform.metrics list metrics\n" in asked
    assert f"TOKENOMICS_HOME={ROOT / 'data'} .venv/bin/python -m orchestration.transform.docs\n" in would_do("docs")
