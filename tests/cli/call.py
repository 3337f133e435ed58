"""The command in a process of its own, as a user's shell calls it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def tokenomics(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "orchestration", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
