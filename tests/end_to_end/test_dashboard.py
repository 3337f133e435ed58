"""The demo's dashboard in a real browser: every page, light and dark, desk and phone, its filters, its sums, its exports."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urljoin, urlsplit

import duckdb
import pytest
from playwright.sync_api import Browser, Page

from dashboard.site import write_site
from orchestration.publish.snapshot import publish
from tests.dashboard.accessibility import CONTRAST, STANDARDS, prepare, violations
from tests.dashboard.chromium import DESK, PHONE, chromium, tab

SEEN = """
() => ({
  tables: [...document.querySelectorAll("table[data-name]")].map((table) => ({
    name: table.dataset.name,
    filters: JSON.parse(table.dataset.filters),
    columns: [...table.tHead.rows[0].cells].map((cell) => cell.dataset.column),
    rows: [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => ({
      data: {...row.dataset},
      exact: [...row.cells].map((cell) => cell.dataset.exact ?? cell.textContent.trim()),
    })),
    sums: [...table.querySelectorAll("[data-sum]")].map((cell) => ({
      column: cell.dataset.sum, exact: cell.dataset.exact, shown: cell.textContent.trim(), unit: cell.className,
    })),
  })),
  figures: [...document.querySelectorAll(".value[data-rows]")].map((value) => ({
    exact: value.dataset.exact, rows: value.dataset.rows, total: value.dataset.total, over: value.dataset.over,
    shown: value.querySelector("b").textContent.trim(), unit: value.dataset.unit,
  })),
})
"""
PUBLISHED_ANEW = (
    "graduation_readiness",
    "graduation_gates",
    "fct_allocated_costs",
    "dim_departments",
    "dim_products",
    "dim_initiatives",
    "gross_margin_by_product_month",
)
FIGURES_SHOWN = """
[...document.querySelectorAll(".figure")].map((one) => [
  one.querySelector("dt").textContent.trim().split(",")[0], one.querySelector(".value").dataset.exact ?? "",
])
"""
OCTOBER = "between '2026-10-01' and '2026-10-28'"
COSTS, OF_OCTOBER = "select sum(allocated_cost) from fct_allocated_costs", f"where cost_date {OCTOBER}"
FIGURES = [
    ("index", "Spend", f"{COSTS} {OF_OCTOBER}"),
    ("index", "Year to date", f"{COSTS} where cost_date between '2026-01-01' and '2026-10-28'"),
    ("index", "Month end", "select projected_amount from month_end_projection where entity_type = 'company'"),
    (
        "index",
        "Run-rate a month",
        "select run_rate_monthly from run_rate_by_company_day where as_of_date = '2026-10-28'",
    ),
    ("margin", "Revenue", f"select sum(revenue) from fct_revenue where revenue_date {OCTOBER}"),
    (
        "margin",
        "AI cost of goods sold",
        f"{COSTS} {OF_OCTOBER} and cost_class = 'cost_of_goods_sold' and product_id is not null",
    ),
    ("budgets", "Spent", f"{COSTS} {OF_OCTOBER} and department_id is not null"),
    (
        "budgets",
        "Budgeted",
        "select sum(budget_amount) from budget_status_by_department_month where fiscal_period = '2026-10'",
    ),
    ("health", "Without an owner", f"{COSTS} {OF_OCTOBER} and allocation_method = 'unallocated'"),
    ("cache", "Saved", "select sum(saved_amount) from cache_savings_by_model_month where fiscal_period = '2026-10'"),
    (
        "models",
        "Could be saved",
        "select sum(saving_high) from model_right_sizing_by_initiative_month where fiscal_period = '2026-10'",
    ),
    ("people", "Cost by people", f"{COSTS} {OF_OCTOBER} and actor_id is not null"),
    ("guardrails", "Cost of incidents", "select sum(incident_cost) from incidents"),
    ("reconciliation", "Billed", f"{COSTS} {OF_OCTOBER}"),
    (
        "reconciliation",
        "Posted in the ledger",
        "select sum(debit_amount - credit_amount) from fct_ledger_entries where provider is not null"
        " and account_class = 'expense' and posting_date between '2026-10-01' and '2026-10-31'",
    ),
]
"""Page, label up to its first comma, and the same number from another table or another way."""
EXPORTS = 8
"""Of each page: Chromium loses downloads that follow each other many times a second."""
CHOSEN = f"""
([name, value]) => {{
  document.querySelector("#filters .clear").click();
  const select = document.querySelector(`#filters select[name=${{name}}]`);
  select.value = value;
  select.dispatchEvent(new Event("change"));
  return ({SEEN})();
}}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(demo_home: Path) -> Path:
    return demo_home / "published" / "dashboard"


def pages(site: Path) -> list[Path]:
    found = sorted(site.glob("*.html"))
    assert (site / "index.html") in found
    return found


def test_everything_could_be_written(demo_home: Path) -> None:
    manifest = json.loads((demo_home / "published" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["pages_not_written"] == {}


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "dark"), (PHONE, "light")])
def test_pages_open_from_disk_whole_and_alone(
    browser: Browser, site: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    with tab(browser, width, scheme) as opened:
        for file in pages(site):
            page = opened.open(file)
            assert page.locator("h1").count() == 1, file.name
            assert page.locator("footer").inner_text().startswith("As of 20"), file.name
            wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{file.name} is {wide} pixels wider than the window"
            assert opened.faults == [], file.name
        assert opened.outside == []


def test_pages_pass_the_accessibility_checker_light_and_dark(browser: Browser, site: Path) -> None:
    with tab(browser) as opened:
        for file in pages(site):
            page = opened.open(file)
            prepare(page)
            assert violations(page, STANDARDS) == [], file.name
            page.emulate_media(color_scheme="dark")
            assert violations(page, CONTRAST) == [], f"{file.name}, dark"
            page.emulate_media(color_scheme="light")


def test_every_link_leads_somewhere(site: Path) -> None:
    read = {file.resolve(): Written(file) for file in sorted(site.rglob("*.html"))}
    dead = []
    for file, written in read.items():
        for href in written.links:
            parts = urlsplit(urljoin(file.as_uri(), href))
            target = Path(unquote(parts.path)).resolve()
            is_page = target.suffix == ".html"
            if parts.scheme == "file" and (
                not target.is_file() or (is_page and parts.fragment and unquote(parts.fragment) not in read[target].ids)
            ):
                dead.append(f"{file}: {href}")
    assert sum(len(written.links) for written in read.values()) > 100
    assert dead == []


class Written(HTMLParser):
    """The ids and the links of a page, as they stand in its file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))


def test_figures_and_totals_are_the_sums_of_the_rows_shown_under_every_filter(browser: Browser, site: Path) -> None:
    checked = 0
    with tab(browser) as opened:
        for file in pages(site):
            page = opened.open(file)
            checked += _sums_hold(page.evaluate(SEEN), file.name)
            choices = _choices(page)
            for name, value in choices:
                seen = page.evaluate(CHOSEN, [name, value])
                checked += _sums_hold(seen, f"{file.name}#{name}={value}")
                for table in seen["tables"]:
                    if name in table["filters"]:
                        assert {row["data"][name] for row in table["rows"]} <= {value}, (file.name, name, table["name"])
            if choices:
                assert opened.open(file, f"#{name}={value}").evaluate(SEEN) == seen, (
                    f"{file.name}: the address says the same"
                )
            assert opened.faults == []
    assert checked > 200


@pytest.mark.parametrize(("name", "label", "sql"), FIGURES, ids=[f"{name}: {label}" for name, label, _ in FIGURES])
def test_a_figure_equals_the_published_tables(
    shown_figures: dict[tuple[str, str], Decimal], demo_home: Path, name: str, label: str, sql: str
) -> None:
    with duckdb.connect(str(demo_home / "published" / "marts.duckdb"), read_only=True) as marts:
        (value,) = marts.execute(sql).fetchone() or (None,)
    assert value and shown_figures[name, label] == value


@pytest.fixture(scope="module")
def shown_figures(browser: Browser, site: Path) -> dict[tuple[str, str], Decimal]:
    """By page and label, every digit of each figure that is a number."""
    found = {}
    with tab(browser) as opened:
        for file in pages(site):
            for label, exact in opened.open(file).evaluate(FIGURES_SHOWN):
                if exact.replace("-", "").replace(".", "").isdigit():
                    found[file.stem, label] = Decimal(exact)
    return found


def test_a_filter_stays_in_the_address_from_page_to_page(browser: Browser, site: Path) -> None:
    with tab(browser) as opened:
        page = opened.open(site / "index.html")
        name, value = next((name, value) for name, value in _choices(page) if name == "department")
        page.locator(f"select[name={name}]").select_option(value)
        assert page.url.endswith(f"#{name}={value}")
        page.locator("nav a", has_text="Margin").click()
        page.wait_for_url("**/margin.html*")
        assert page.url.endswith(f"#{name}={value}")


def test_an_export_holds_what_is_shown(browser: Browser, site: Path, tmp_path: Path) -> None:
    exported = 0
    for file in pages(site):
        with tab(browser) as opened:
            page = opened.open(file)
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            for table in page.evaluate(SEEN)["tables"][:EXPORTS]:
                with page.expect_download() as begun:
                    page.locator(f"[id='{table['name']}'] .tools button").first.click()
                begun.value.save_as(tmp_path / "shown.csv")
                with (tmp_path / "shown.csv").open(encoding="utf-8-sig", newline="") as text:
                    head, *rows = csv.reader(text)
                assert head == table["columns"], (file.name, table["name"])
                assert [row.lstrip("'") for one in rows for row in one] == [
                    cell.lstrip("'") for row in table["rows"] for cell in row["exact"]
                ], (file.name, table["name"])
                exported += 1
    assert exported > 10


def test_columns_sort_by_value_and_back(browser: Browser, site: Path) -> None:
    with tab(browser) as opened:
        page = opened.open(site / "margin.html")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        (table,) = [one for one in page.evaluate(SEEN)["tables"] if one["name"] == "margin_by_product"]
        column = "compared_ai_cogs"
        head = page.locator(f"table[data-name='{table['name']}'] th[data-column='{column}'] button")
        for is_down in (False, True):
            head.click()
            (sorted_now,) = [one for one in page.evaluate(SEEN)["tables"] if one["name"] == table["name"]]
            at = table["columns"].index(column)
            values = [Decimal(row["exact"][at]) for row in sorted_now["rows"] if row["exact"][at]]
            assert len(values) > 1
            assert values == sorted(values, reverse=is_down)


def test_without_a_script_everything_is_read(browser: Browser, site: Path) -> None:
    with tab(browser, java_script_enabled=False) as opened:
        page = opened.open(site / "index.html")
        assert page.locator(".figure .value").first.is_visible()
        assert page.locator("table").first.is_visible()


def test_a_reader_sees_whole_pages_only_while_twenty_publications_pass(
    browser: Browser, demo_home: Path, tmp_path: Path
) -> None:
    """Each publication has another amount and another run; a page shows one of them, whole, with its rows and its style."""
    home, seen = tmp_path / "home", Counter[str]()
    _publish_anew(demo_home, home, 0)
    with tab(browser) as opened, ThreadPoolExecutor(1) as other:
        published = other.submit(lambda: [_publish_anew(demo_home, home, number) for number in range(1, 21)])
        while not published.done():
            for name in ("index", "margin", "tables"):
                opened.page.goto(f"{(home / 'published').as_uri()}/dashboard/{name}.html")
                run = opened.page.locator("footer code").inner_text()
                _sums_hold(opened.page.evaluate(SEEN), f"{name} of {run}")
                assert opened.page.evaluate("getComputedStyle(document.querySelector('table, .empty')).borderCollapse")
                assert opened.page.evaluate("document.styleSheets.length") == 1
                seen[run] += 1
        published.result()
        assert opened.faults == []
    assert len(seen) > 5


def _publish_anew(demo_home: Path, home: Path, number: int) -> None:
    """Publish some tables of the demo under another run, with one more cost than the time before."""
    marts, kept = demo_home / "published" / "marts.duckdb", home / "charts"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{marts.resolve()}' as demo (read_only)")
        connection.execute("create schema marts")
        for table in PUBLISHED_ANEW:
            connection.execute(f"create table marts.{table} as from demo.main.{table}")
        connection.execute(f"update marts.fct_allocated_costs set allocated_cost = allocated_cost + {number}")
        publish(
            connection,
            home,
            run_id=f"run-{number}",
            as_of=date(2026, 10, 28),
            company_id="meadowlark",
            version="1",
            write_pages=partial(write_site, kept_charts=kept),
        )


def _choices(page: Page) -> list[tuple[str, str]]:
    found = page.evaluate(
        "[...document.querySelectorAll('#filters select')].flatMap((one) =>"
        " [...one.options].map((option) => [one.name, option.value]))"
    )
    return [(name, value) for name, value in found if value]


def _sums_hold(seen: dict[str, Any], where: str) -> int:
    """How many totals and figures of the page equal the sums of their rows, as exact decimals and as read."""
    tables = {table["name"]: table for table in seen["tables"]}
    checked = 0
    for table in seen["tables"]:
        for total in table["sums"]:
            summed = _sum(table, total["column"])
            if total["exact"] == "":
                assert not _known(table, total["column"]), (where, table["name"], total)
                assert total["shown"] == "–"
                continue
            assert Decimal(total["exact"]) == summed, (where, table["name"], total)
            assert _reads(total["shown"], summed), (where, table["name"], total)
            checked += 1
    for figure in seen["figures"]:
        if figure["rows"] in tables:
            summed = _sum(tables[figure["rows"]], figure["total"])
            if figure["over"]:
                below = _sum(tables[figure["rows"]], figure["over"])
                assert figure["shown"] == "–" if below <= 0 else _reads(figure["shown"], summed / below), (
                    where,
                    figure,
                )
                continue
            if figure["shown"] == "–":
                assert not _known(tables[figure["rows"]], figure["total"]), (where, figure)
                continue
            assert _reads(figure["shown"], summed), (where, figure, summed)
            checked += 1
    return checked


def _sum(table: dict[str, Any], column: str) -> Decimal:
    return sum(map(Decimal, _known(table, column)), Decimal(0))


def _known(table: dict[str, Any], column: str) -> list[str]:
    """The values of a column that are known, of the rows shown."""
    at = table["columns"].index(column)
    return [row["exact"][at] for row in table["rows"] if row["exact"][at]]


def _reads(shown: str, value: Decimal) -> bool:
    """Is ``shown`` the value rounded half to even, to as many places as it has?"""
    if shown.endswith(" %"):
        return _reads(shown.removesuffix(" %"), value * 100)
    if shown.startswith(("<", ">")):
        return 0 < abs(value) < Decimal(shown.lstrip("<>-").replace(",", ""))
    read = Decimal(shown.replace(",", ""))
    return read == value.quantize(Decimal(1).scaleb(read.as_tuple().exponent), ROUND_HALF_EVEN)  # type: ignore[arg-type]
