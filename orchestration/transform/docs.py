"""The dbt project's documentation as one page in a home: models, columns, compiled SQL, metrics, exposures, lineage.

``HOME/docs/index.html`` opens from disk. Its policy lets the browser ask nothing of anybody, whatever dbt's own page would
like to. Generating it costs a fifth of the demo's run, so that no run does; it is written when it is asked for and the
project is not the one it shows. It is made beside a warehouse of its own, which holds every mart as its contract says and no
row: it neither waits for a run nor stops one.

Failure mode: :class:`~orchestration.project.ProjectError` where dbt cannot generate it.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from orchestration import utc_duckdb
from orchestration.files import write_atomically
from orchestration.project import Home, ProjectError
from orchestration.settings import load_settings, redact
from orchestration.transform.manifest import STAMP, ensure_manifest
from orchestration.transform.runner import as_a_child, run_dbt

QUIET = ("--quiet", "--no-print", "--log-level", "none", "--log-level-file", "none", "--no-use-colors")
GENERATE = (*QUIET, "docs", "generate", "--static", "--threads", "1")
NOTHING_FROM_OUTSIDE = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' "
    "'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)
HEAD = "<head>"


def write_docs(home: Home) -> Path:
    """Write the page of the project as it is, unless ``home`` has it; its path."""
    ensure_manifest(home)
    page, stamp = home.docs / "index.html", home.docs / STAMP
    shown = (home.dbt_target / STAMP).read_text()
    if page.exists() and stamp.exists() and stamp.read_text() == shown:
        return page
    stamp.unlink(missing_ok=True)
    write_atomically(page, _closed(_generated()))
    write_atomically(stamp, shown)
    return page


def _generated() -> str:
    with tempfile.TemporaryDirectory() as folder:
        beside = Home(Path(folder))
        _create_marts(beside, json.loads(ensure_manifest(beside).read_text()))
        with as_a_child(beside):
            ended = run_dbt(beside, GENERATE)
        file = beside.dbt_target / "static_index.html"
        if not (ended.success and file.exists()):
            raise ProjectError(f"dbt could not write the documentation: {redact(str(ended.exception).strip())}")
        return file.read_text(encoding="utf-8")


def _create_marts(home: Home, manifest: dict[str, Any]) -> None:
    """The tables that have a contract, empty: the types of their columns are read from the database."""
    with utc_duckdb.connect(home.warehouse) as connection:
        for node in manifest["nodes"].values():
            if node["resource_type"] == "model" and node["contract"]["enforced"]:
                columns = ", ".join(f'"{one["name"]}" {one["data_type"]}' for one in node["columns"].values())
                connection.execute(f'create schema if not exists "{node["schema"]}"')
                connection.execute(f'create table "{node["schema"]}"."{node["alias"]}" ({columns})')


def _closed(page: str) -> str:
    """``page`` with the policy as the first thing in its head."""
    before, head, after = page.partition(HEAD)
    if not head:
        raise ProjectError("dbt's documentation page has no head in which to forbid requests to other hosts")
    return f"{before}{head}{NOTHING_FROM_OUTSIDE}{after}"


def main() -> None:
    """Write the page for the home that the environment names, and say where it is (by ``make docs``)."""
    print(write_docs(Home(load_settings().home)))


if __name__ == "__main__":
    main()
