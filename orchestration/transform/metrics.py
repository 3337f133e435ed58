"""The metrics of the dbt project, asked of a home's published tables by MetricFlow's own command ``mf``.

``HOME/dbt/metrics`` is a small dbt project for it: the semantic manifest with the published tables in place of the
warehouse's, and a profile that opens ``HOME/published/marts.duckdb`` read-only, so that a query neither waits for a run nor
stops one. It is written anew for each call; nothing is parsed for a home that has run.

Failure modes: :class:`NothingPublished`, and whatever ``mf`` says of a metric that there is not.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.files import write_atomically
from orchestration.project import DBT_PROJECT, Home
from orchestration.settings import child_environment, load_settings
from orchestration.transform.manifest import load_manifest

MARTS, CATALOG, SCHEMA = "marts.duckdb", "marts", "main"
FIRST_QUESTION = ("query", "--saved-query", "month_close", "--decimals", "4")


class NothingPublished(Exception):
    """The home holds no publication; the message says what to do."""


def write_metrics_project(home: Home) -> Path:
    """Write the folder in which ``mf`` answers for ``home``."""
    if not (home.published / MARTS).exists():
        raise NothingPublished(f"{home.root}: nothing is published yet; run first: tokenomics run --home {home.root}")
    folder = home.dbt_target.parent / "metrics"
    (folder / "target").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DBT_PROJECT / "dbt_project.yml", folder / "dbt_project.yml")
    write_atomically(folder / "profiles.yml", json.dumps(_profile(home), indent=1) + "\n")
    write_atomically(folder / "target" / "semantic_manifest.json", json.dumps(semantic_manifest(home)) + "\n")
    return folder


def semantic_manifest(home: Home) -> dict[str, Any]:
    """What the project says of metrics, with every table where it is published."""
    from dbt.contracts.graph.semantic_manifest import SemanticManifest

    body: dict[str, Any] = json.loads(SemanticManifest(load_manifest(home))._get_pydantic_semantic_manifest().json())
    spines = body["project_configuration"]["time_spines"]
    for relation in [one["node_relation"] for one in [*body["semantic_models"], *spines]]:
        name = f'"{CATALOG}"."{SCHEMA}"."{relation["alias"]}"'
        relation |= {"database": CATALOG, "schema_name": SCHEMA, "relation_name": name}
    return body


def _profile(home: Home) -> dict[str, Any]:
    """JSON is YAML."""
    published = {
        "type": "duckdb",
        "path": str(home.published.absolute() / MARTS),
        "schema": SCHEMA,
        "threads": 1,
        "config_options": {"access_mode": "READ_ONLY"},
        "settings": {"TimeZone": "UTC"},
    }
    return {"tokenomics": {"target": "published", "outputs": {"published": published}}}


def ask(home: Home, arguments: Sequence[str]) -> int:
    """Run ``mf`` with ``arguments`` on what ``home`` has published; its exit code."""
    folder = write_metrics_project(home)
    command = [str(Path(sys.executable).parent / "mf"), *(arguments or FIRST_QUESTION)]
    return subprocess.run(command, cwd=folder, env=child_environment(), check=False).returncode


def main() -> None:
    """``python -m orchestration.transform.metrics query --metrics spend --group-by metric_time__month`` (by ``make metrics``)."""
    try:
        code = ask(Home(load_settings().home), sys.argv[1:])
    except NothingPublished as nothing:
        sys.exit(str(nothing))
    sys.exit(code)


if __name__ == "__main__":
    main()
