"""A page, a pack or a department that fails is told in its place and in the manifest, and keeps no table from being published."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboard import site
from dashboard.pack import approval
from orchestration.publish.snapshot import publish
from tests.conftest import AS_OF
from tests.dashboard.small_publication import write_small_publication


def published(home: Path) -> Path:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_models as select 'gpt-6' as model_id, 'openai' as provider")
        publish(
            connection,
            home,
            run_id="one",
            as_of=AS_OF,
            company_id="acme",
            version="1",
            write_pages=partial(site.write_site, kept_charts=home / "charts"),
        )
    return home / "published"


def not_written(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "manifest.json").read_text())["pages_not_written"]
    return found


def fails(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("an amount of somebody: 4711.00")


def test_every_page_is_written_for_a_company_of_which_nothing_is_known(tmp_path: Path) -> None:
    folder = published(tmp_path)
    assert not_written(folder) == {}
    assert len(list((folder / "dashboard").glob("*.html"))) == len(site.PAGES)
    for name in re.findall(r'href="\.\./(pack/[^"]+)"', (folder / "dashboard" / "index.html").read_text()):
        assert (folder / name).is_file()


def test_a_page_that_fails_says_so_and_the_others_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails.__name__ = "margin"
    monkeypatch.setattr(site, "PAGES", tuple(fails if one.__name__ == "margin" else one for one in site.PAGES))
    folder = published(tmp_path)
    assert not_written(folder) == {"margin": "ZeroDivisionError"}
    text = (folder / "dashboard" / "margin.html").read_text()
    assert "This page could not be written (ZeroDivisionError)." in text
    assert "4711" not in text
    assert "could not be written" not in (folder / "dashboard" / "run_rate.html").read_text()
    assert (folder / "pack" / "finance_pack.xlsx").exists()
    assert duckdb.sql(f"from read_parquet('{folder}/parquet/dim_models/*.parquet')").fetchall() == [("gpt-6", "openai")]


def test_a_text_that_cannot_be_made_is_a_page_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    front = site.PAGES[0]

    def broken(publication: Any, drawer: Any) -> Any:
        page = front(publication, drawer)
        object.__setattr__(page, "asks", None)
        object.__setattr__(page, "sections", (None,))
        return page

    broken.__name__ = "front"
    monkeypatch.setattr(site, "PAGES", (broken, *site.PAGES[1:]))
    folder = published(tmp_path)
    assert "front" in not_written(folder)
    assert "could not be written" in (folder / "dashboard" / "index.html").read_text()


def test_a_pack_that_fails_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(publication: Any, pages: Any, templates: Any, folder: Path) -> None:
        folder.mkdir()
        (folder / "finance_pack.xlsx").write_bytes(b"half")
        raise OSError("the name of a customer")

    monkeypatch.setattr(site, "write_pack", half)
    folder = published(tmp_path)
    assert not_written(folder) == {"finance pack": "OSError"}
    assert not (folder / "pack").exists()
    assert "finance_pack" not in (folder / "dashboard" / "index.html").read_text()
    assert (folder / "dashboard" / "index.html").exists()


def test_a_page_to_sign_that_fails_leaves_the_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "published"
    manifest = write_small_publication(folder)
    (folder / "evidence" / "triage.html").write_text("of another run")
    monkeypatch.setattr(approval, "core_raise", fails)
    faults = site.write_site(folder, manifest, kept_charts=tmp_path / "charts")
    assert faults["pages to sign"] == "ZeroDivisionError"
    assert "finance pack" not in faults
    assert [path.name for path in (folder / "evidence").iterdir()] == ["triage.json"]
    assert (folder / "pack" / "finance_pack.xlsx").exists()
