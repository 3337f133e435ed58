"""Who reads the published tables, as the project says it: every page, file, alert kind and command has its exposure, and each
exposure names the tables that are in fact read.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard.charts import Drawer
from dashboard.pack.files import write_pack
from dashboard.pages import PAGES
from dashboard.publication import Publication, open_publication
from dashboard.site import _templates
from orchestration.project import Home
from orchestration.transform.manifest import ensure_manifest
from tests.dbt_project.published_rows import published_models, write_published
from tests.dbt_project.tables_read import ROOT, Recorder, named_in, read_by

Manifest = dict[str, Any]
ALERT_KIND = re.compile(r"`(\w+)`")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return json.loads(ensure_manifest(Home(tmp_path_factory.mktemp("parsed"))).read_text())


@pytest.fixture(scope="module")
def marts(manifest: Manifest) -> set[str]:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return {node["name"] for node in models if node["fqn"][1] == "marts"}


def read(exposure: dict[str, Any]) -> set[str]:
    """The models that the exposure says are read."""
    return {key.removeprefix("model.tokenomics.") for key in exposure["depends_on"]["nodes"]}


def stated(manifest: Manifest, key: str) -> dict[str, dict[str, Any]]:
    """The exposures whose meta holds ``key``, by its value."""
    exposures = manifest["exposures"].values()
    return {str(one["config"]["meta"][key]): one for one in exposures if key in one["config"]["meta"]}


def test_every_exposure_reads_published_tables_and_says_whose_it_is(manifest: Manifest, marts: set[str]) -> None:
    for exposure in manifest["exposures"].values():
        assert read(exposure) <= marts, exposure["name"]
        assert exposure["description"] and exposure["label"] and exposure["owner"]["name"], exposure["name"]


@pytest.fixture(scope="module")
def publication(manifest: Manifest, marts: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    """Every table without a row, but for the days of the as-of day's period: without them most pages say only that."""
    folder = tmp_path_factory.mktemp("published")
    october = [date(2026, 10, day) for day in range(1, 32)]
    days = [{"calendar_date": day, "fiscal_period": "2026-10", "fiscal_year": 2026} for day in october]
    write_published(folder / "marts.duckdb", manifest, {"dim_dates": days})
    run = {"company_id": "c", "as_of": "2026-10-20", "run_id": "r", "published_at": "2026-10-21T00:00:00Z"}
    with open_publication(folder, {**run, "version": "1", "tables": sorted(marts)}) as publication:
        yield publication


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Drawer:
    return Drawer(tmp_path_factory.mktemp("charts"))


@pytest.fixture(scope="module")
def pages(publication: Publication, drawer: Drawer) -> dict[str, Recorder]:
    """What each page reads, by its name."""
    return {make.__name__: read_by(publication, lambda seen, make=make: make(seen, drawer)) for make in PAGES}


def test_every_page_has_an_exposure_and_no_other(manifest: Manifest, pages: dict[str, Recorder]) -> None:
    found = stated(manifest, "page").keys()
    without = sorted(pages.keys() - found)
    assert not without, f"models/exposures/_pages.yml has no exposure with meta page: {', '.join(without)}"
    assert sorted(found - pages.keys()) == [], "an exposure of a page that is gone"


@pytest.mark.parametrize("page", [make.__name__ for make in PAGES])
def test_the_exposure_of_a_page_names_what_the_page_reads(
    manifest: Manifest, pages: dict[str, Recorder], page: str
) -> None:
    says, reads = read(stated(manifest, "page")[page]), pages[page].read
    assert (sorted(reads - says), sorted(says - reads)) == ([], []), "read and not said; said and not read"


@pytest.mark.parametrize("page", [make.__name__ for make in PAGES])
def test_a_page_asks_whether_the_tables_that_it_reads_are_published(pages: dict[str, Recorder], page: str) -> None:
    assert sorted(pages[page].read - pages[page].said) == []


def test_the_finance_pack_reads_what_the_pages_read_and_its_own_sheets(
    manifest: Manifest, publication: Publication, drawer: Drawer, pages: dict[str, Recorder], tmp_path: Path
) -> None:
    shown = [make(publication, drawer) for make in PAGES]
    pack = read_by(publication, lambda seen: write_pack(seen, shown, _templates(), tmp_path))
    assert "accrual_journal_lines" in pack.read
    assert read(stated(manifest, "file")["pack/"]) == pack.read.union(*(page.read for page in pages.values()))


def test_every_alert_kind_of_the_readme_is_told_by_one_exposure(manifest: Manifest) -> None:
    text = (ROOT / "README.md").read_text()
    rows = text[text.index("| kind | when | owner |") :].split("\n\n")[0].splitlines()[2:]
    documented = sorted(kind for row in rows for kind in ALERT_KIND.findall(row.split("|")[1]))
    told = [one["config"]["meta"].get("alert_kinds", []) for one in manifest["exposures"].values()]
    assert sorted(kind for kinds in told for kind in kinds) == documented


def test_what_reads_in_python_is_said(manifest: Manifest, marts: set[str]) -> None:
    for exposure in manifest["exposures"].values():
        modules = exposure["config"]["meta"].get("read_by")
        if modules:
            assert read(exposure) == named_in(modules, marts), exposure["name"]


def test_every_published_file_has_an_exposure(manifest: Manifest, marts: set[str]) -> None:
    files = stated(manifest, "file")
    assert read(files["parquet/"]) == marts
    assert read(files["marts.duckdb"]) == published_models(manifest).keys()
    written = {path for path in files if not path.startswith("dashboard/")}
    assert written == {"marts.duckdb", "parquet/", "focus/", "journals/", "evidence/", "pack/"}


def test_what_is_acted_on_has_an_exposure(manifest: Manifest) -> None:
    assert {"tokenomics enforce", "tokenomics status"} <= stated(manifest, "command").keys()


def test_the_file_of_a_page_is_the_page(manifest: Manifest, publication: Publication, drawer: Drawer) -> None:
    files = {make.__name__: f"dashboard/{make(publication, drawer).id}.html" for make in PAGES}
    assert {name: one["config"]["meta"]["file"] for name, one in stated(manifest, "page").items()} == files
