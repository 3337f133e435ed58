"""The dictionary is searched by typing: tables whose name or meaning has every word whole, else their columns that have."""

from pathlib import Path

from dashboard.charts import Drawer
from dashboard.pages.tables import tables
from dashboard.site import _write
from tests.dashboard.chromium import chromium, tab
from tests.dashboard.made_up import published


def test_typing_leaves_what_has_every_word(tmp_path: Path) -> None:
    with published({"incidents": [], "fct_usage": []}) as publication:
        publication.connection.execute("comment on table incidents is 'Runaway loops.'")
        publication.connection.execute("comment on column fct_usage.quantity is 'How many loops of tokens.'")
        _write(publication, [tables(publication, Drawer(tmp_path / "charts"))], tmp_path, {})
    with chromium() as browser, tab(browser) as opened:
        page = opened.open(tmp_path / "tables.html")
        search = page.get_by_role("searchbox", name="Search tables and columns")
        search.fill("LOOPS")
        assert page.locator("#incidents tbody tr:visible").count() == page.locator("#incidents tbody tr").count() > 10
        assert page.locator("#fct_usage tbody tr:visible").count() == 1
        assert not page.locator("#dim_dates").is_visible()
        search.fill("loops tokens")
        assert not page.locator("#incidents").is_visible()
        search.fill("")
        assert page.locator("#dim_dates").is_visible()
        assert opened.faults == []
