"""A page whose tables are not published, or hold no row, says so in a sentence; the unknown is never shown as good."""

from datetime import date
from pathlib import Path

import pytest

from dashboard.charts import Drawer
from dashboard.figures import Figure, Note, Table
from dashboard.pages.budgets import budgets
from dashboard.pages.cache import cache
from dashboard.pages.contracts import contracts as contracts_page
from dashboard.pages.front import front
from dashboard.pages.graduation import graduation
from dashboard.pages.guardrails import guardrails
from dashboard.pages.health import health
from dashboard.pages.margin import margin
from dashboard.pages.models import models
from dashboard.pages.people import people
from dashboard.pages.reconciliation import reconciliation
from dashboard.pages.run_rate import run_rate
from dashboard.pages.tables import tables
from dashboard.site import write_site
from tests.dashboard.made_up import contracts, published
from tests.dashboard.published_rows import write_publication

PAGES = (
    front,
    margin,
    run_rate,
    budgets,
    graduation,
    guardrails,
    models,
    cache,
    contracts_page,
    people,
    reconciliation,
    health,
    tables,
)


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_without_any_table_a_page_is_sentences(make, tmp_path: Path) -> None:
    with published({}) as publication:
        page = make(publication, Drawer(tmp_path))
    blocks = [block for section in page.sections for block in section.blocks]
    assert blocks and all(section.blocks for section in page.sections)
    for block in blocks:
        assert isinstance(block, Figure | Table | Note)
        if isinstance(block, Table):
            assert not block.rows
            assert block.empty.endswith(".") and len(block.empty.split()) > 2, block.id
        if isinstance(block, Figure):
            assert block.verdict in ("none", "unknown"), block.label
            assert block.value in (None, 0) and (block.value is None or block.unit == "count"), block.label


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_with_every_table_and_no_row_a_page_is_sentences(make, tmp_path: Path) -> None:
    with published({name: [] for name in contracts() if name not in ("dim_dates", "fct_usage_by_hour")}) as publication:
        page = make(publication, Drawer(tmp_path))
        assert publication.missing == set()
    for one in page.tables:
        if make is not tables:
            assert not one.rows
            assert one.empty.endswith(".") and "not published" not in one.empty, one.id
    figures = [one for section in page.sections for one in section.blocks if isinstance(one, Figure)]
    assert [one.label for one in figures if one.verdict == "good"] == [], "of nothing nothing good is known"


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_ids_of_tables_are_unique(make, tmp_path: Path) -> None:
    with published({name: [] for name in contracts() if name not in ("dim_dates", "fct_usage_by_hour")}) as publication:
        names = [one.id for one in make(publication, Drawer(tmp_path)).tables]
    assert len(names) == len(set(names))


def test_without_a_cost_no_currency_is_stated(tmp_path: Path) -> None:
    day = {"calendar_date": date(2026, 10, 21), "fiscal_period": "2026-10", "fiscal_year": 2026}
    manifest = write_publication(tmp_path, date(2026, 10, 21), {"dim_dates": [day]})
    assert write_site(tmp_path, manifest, kept_charts=tmp_path / "charts") == {}
    for name in ("dashboard/index.html", "dashboard/departments/index.html"):
        assert "</time>, published" in (tmp_path / name).read_text(), name
    assert "not known: there is no cost" in (tmp_path / "pack" / "finance_pack.html").read_text()
