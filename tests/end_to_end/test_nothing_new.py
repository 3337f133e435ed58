"""A run in which nothing changed publishes again what stands, without building; the next change, a withdrawn day, is built, and
the day is gone from every table.
"""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.connectors.loopback_server import LoopbackServer
from tests.end_to_end.command_line import query, tokenomics
from tests.end_to_end.test_kill import content
from tests.end_to_end.tiny_company import (
    KEY,
    PUBLISHED_AS_OF,
    TinyOpenAI,
    all_days,
    copy_tiny_company,
    write_gateway_log,
)

WITHDRAWN = date(2026, 10, 3)


@pytest.fixture(scope="module")
def site(tiny: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("nothing_new")
    with LoopbackServer(TinyOpenAI().answer) as server:
        yield copy_tiny_company(tiny, folder / "site", server.url)
    shutil.rmtree(folder)


def run(site: Path) -> str:
    """Run, and return the published run's id."""
    arguments = ("run", "--company", site / "company", "--home", site / "home", "--as-of", str(PUBLISHED_AS_OF))
    done = tokenomics(*arguments, OPENAI_ADMIN_KEY=KEY)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "Five days of one product, as of 2026-10-04" in done.stdout
    return str(manifest(site)["run_id"])


def manifest(site: Path) -> dict:
    return json.loads((site / "home" / "published" / "manifest.json").read_text())


def built_at(site: Path) -> int:
    return (site / "home" / "dbt" / "target" / "run_results.json").stat().st_mtime_ns


def published(site: Path, name: str) -> int:
    """Which file the name is: equal for the same file, linked."""
    return (site / "home" / "published" / name).stat().st_ino


def test_nothing_new_is_published_again_and_a_change_is_built(site: Path) -> None:
    first = str(manifest(site)["run_id"])
    before, built, state = content(site / "home"), built_at(site), manifest(site)
    files = published(site, "dashboard/index.html"), published(site, "marts.duckdb")

    second = run(site)
    assert second != first
    assert built_at(site) == built, "dbt was called"
    assert content(site / "home") == before
    again = manifest(site)
    assert again["published_at"] > state["published_at"]
    assert again["as_of_days"] == state["as_of_days"]
    assert again["tables"] == state["tables"]
    assert again["files"] == state["files"]
    assert (published(site, "dashboard/index.html"), published(site, "marts.duckdb")) == files, (
        "a file was written anew"
    )
    assert not (site / "home" / "run_begun.json").exists()
    assert tokenomics("test", "--company", site / "company", "--home", site / "home").returncode == 0

    built = built_at(site)
    touched = site / "home" / "published" / "marts.duckdb"
    touched.chmod(0o644)
    touched.write_bytes(touched.read_bytes())
    run(site)
    assert built_at(site) == built
    assert content(site / "home") == before, "published from the warehouse, since a published file was touched"

    mistral = "select count(*) from t where provider = 'mistral' and {} = date '2026-10-03'"
    assert query(site / "home", "fct_usage", mistral.format("usage_date")) != [(0,)]
    write_gateway_log(site / "company", [day for day in all_days()[:-1] if day != WITHDRAWN])
    run(site)
    assert built_at(site) > built
    assert query(site / "home", "fct_usage", mistral.format("usage_date")) == [(0,)]
    assert query(site / "home", "fct_allocated_costs", mistral.format("cost_date")) == [(0,)]
    totals = "select count(distinct cost_date), sum(allocated_cost) from t where provider = 'mistral'"
    ((used, allocated),) = query(site / "home", "fct_allocated_costs", totals)
    assert used == 3
    # 90 requests of 60 uncached, 40 cached and 20 output tokens at 0.15, 0.015 and 0.60 dollars a million
    assert allocated * 10**9 == 90 * (60 * 150 + 40 * 15 + 20 * 600)
