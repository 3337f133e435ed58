"""The command in a process of its own, as a user's shell calls it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.processes import run_forked


def tokenomics(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return run_forked(_command(arguments), cwd=cwd, env=_environment(environment), timeout=120)


def tokenomics_started(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Started from nothing and by the test itself: for how long it takes to answer, and for what it finds to be its shell."""
    return subprocess.run(
        [sys.executable, *_command(arguments)],
        cwd=cwd,
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def _command(arguments: tuple[str, ...]) -> list[str]:
    return ["-m", "orchestration", *arguments]


def _environment(added: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "100", **(added or {})}
