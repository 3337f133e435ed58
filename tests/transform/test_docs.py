"""The documentation page of the dbt project: whole, opened from disk without a request to anybody, and not made twice."""

from pathlib import Path

import pytest

from orchestration.project import Home, ProjectError
from orchestration.transform import docs
from orchestration.transform.docs import write_docs
from tests.dashboard.chromium import chromium, tab

SHOWN = {
    "#!/overview": ("What nobody owns, or has no price, is a visible row.",),
    "#!/model/model.tokenomics.fct_allocated_costs": (
        "Allocated cost, exact.",
        "DECIMAL(38,12)",
        "Enforced",
    ),
    "#!/metric/metric.tokenomics.gross_margin": ("Gross profit over revenue",),
    "#!/exposure/exposure.tokenomics.page_front": ("whether margin holds", "graduation_readiness"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    write_docs(home)
    return home


def test_the_page_opens_from_disk_and_asks_nobody(home: Home) -> None:
    with chromium() as browser, tab(browser) as opened:
        page = opened.open(home.docs / "index.html")
        for address, texts in SHOWN.items():
            page.evaluate("address => { location.hash = address }", address)
            for text in texts:
                page.get_by_text(text, exact=False).first.wait_for(state="attached", timeout=20_000)
        refused = page.evaluate("fetch('https://example.com').then(() => 'answered', () => 'refused')")
    assert (refused, opened.outside) == ("refused", []), "not even asked"


def test_the_same_project_is_not_documented_twice(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise AssertionError("generated again")

    monkeypatch.setattr(docs, "_generated", fail)
    assert write_docs(home) == home.docs / "index.html"
    (home.docs / docs.STAMP).write_text("another project")
    with pytest.raises(AssertionError, match="generated again"):
        write_docs(home)


def test_neither_the_warehouse_nor_the_published_tables_are_touched(home: Home) -> None:
    assert not home.warehouse.exists() and not home.published.exists()


def test_a_page_in_which_nothing_can_be_forbidden_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs, "_generated", lambda: "<html>another generator</html>")
    with pytest.raises(ProjectError, match="no head"):
        write_docs(Home(tmp_path))
    assert not (tmp_path / "docs" / "index.html").exists()
