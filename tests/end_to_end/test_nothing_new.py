"""A run in which nothing changed publishes again what stands, without building; the next change is built."""

import json
import shutil
from pathlib import Path

import pytest

from tests.connectors.loopback_server import LoopbackServer
from tests.end_to_end.command_line import tokenomics
from tests.end_to_end.test_kill import content
from tests.end_to_end.tiny_company import (
    KEY,
    PUBLISHED_AS_OF,
    TinyOpenAI,
    all_days,
    copy_tiny_company,
    write_gateway_log,
)


@pytest.fixture(scope="module")
def site(tiny: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("nothing_new")
    with LoopbackServer(TinyOpenAI().answer) as server:
        yield copy_tiny_company(tiny, folder / "site", server.url)
    shutil.rmtree(folder)


def run(site: Path, *extra: str) -> str:
    """Run, and return the published run's id."""
    arguments = ("run", "--company", site / "company", "--home", site / "home", "--as-of", str(PUBLISHED_AS_OF), *extra)
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

    write_gateway_log(site / "company", all_days()[1:-1])
    run(site)
    assert built_at(site) > built
    assert content(site / "home") != before

    built = built_at(site)
    run(site, "--full-refresh")
    assert built_at(site) > built
