"""The product's commands in processes of their own, forked from one that has loaded the libraries already.

Dagster, dbt, Great Expectations and the rest are a quarter of a small run to import. Nothing of ours is loaded before: a process
imports it anew, with the environment and the folder it was given. Where pyspark is, Great Expectations is not loaded before: see
``expectations.validation``.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = (
    "dagster.components",
    "dagster_dbt",
    "dbt.adapters.duckdb",
    "dbt.cli.main",
    "dbt.task.build",
    *(["great_expectations"] if find_spec("pyspark") is None else []),
    "pyarrow.parquet",
    "scipy.special",
    "sqlalchemy.dialects.sqlite",
)
os.environ["GX_ANALYTICS_ENABLED"] = "false"  # as the product says before it loads the library
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(list(LIBRARIES))


def run_forked(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float
) -> "subprocess.CompletedProcess[str]":
    """What ``subprocess.run`` gives for Python with this command (``-m module ...`` or ``-c code ...``) and no input."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("out", "err")]
        process = FORKED.Process(target=_become, args=(list(command), cwd, dict(env), outputs))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(command), timeout)
        return subprocess.CompletedProcess(
            list(command), process.exitcode, *(path.read_text(encoding="utf-8") for path in outputs)
        )


def _become(command: list[str], cwd: Path, env: dict[str, str], outputs: list[Path]) -> None:
    """Be the process that ``python`` with this command would have been."""
    for number, path in enumerate(outputs, start=1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    flag, what, *arguments = command
    sys.argv = [flag, *arguments]
    if flag == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
