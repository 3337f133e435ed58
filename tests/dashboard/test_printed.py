"""The finance pack to print and the page to sign: whole in one file, on A4, with what a signature needs to stand on."""

import hashlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dashboard.figures import Chart, Column, Figure, Page, Section, Table
from dashboard.pack.approval import write_approvals
from dashboard.pack.files import write_pack
from dashboard.pack.printed import ROWS, cell_kind, css_text
from dashboard.publication import open_publication
from dashboard.site import _templates
from orchestration.publish.evidence import pack_name
from tests.dashboard.chromium import chromium, tab
from tests.dashboard.small_publication import write_small_publication

COLUMNS = (Column("who", "Who"), Column("amount", "Amount", "money", True))
KEY = "4f4af397aa22657bf16d28ded98c84b421380f3925d0fd6b8671ec34db39a198"


def table(name: str, rows: int, *, is_folded: bool = False, who: str = "somebody") -> Table:
    lines = [{"who": f"{who} {n}", "amount": Decimal("1.25")} for n in range(rows)]
    return Table(name, name.title(), f"mart_{name}", COLUMNS, lines, f"No {name}.", is_folded=is_folded)


PAGES = (
    Page(
        "index",
        "Overview",
        "What did it cost?",
        (
            Section("Glance", (Figure("Spend", Decimal("2.8"), "money", "All of it.", "mart_short", verdict="good"),)),
            Section(
                "Rows",
                (
                    Chart(
                        "Drawn",
                        "<svg viewBox='0 0 9 9'><rect width='5' height='5' fill='var(--s1)'/></svg>",
                        "Five.",
                        "short",
                    ),
                    table("short", ROWS, is_folded=True, who=KEY),
                    table("long", ROWS + 7),
                    table("folded", ROWS + 100, is_folded=True),
                    table("none", 0),
                ),
            ),
        ),
    ),
    Page("margin", "Margin", "What is left?", (Section("Rest", (table("margins", 2),)),)),
    Page("tables", "Tables", "What is published?", (Section("Dictionary", (table("dictionary", 3),)),)),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "published")


def written(folder: Path, *without: str) -> Path:
    manifest = write_small_publication(folder, *without)
    with open_publication(folder, manifest) as publication:
        write_pack(publication, PAGES, _templates(), folder / "pack")
        write_approvals(publication, _templates(), folder / "evidence")
    return folder


def text_of(file: Path) -> str:
    """What is read on the page, without its style."""
    body = re.sub(r"<style>.*?</style>", "", file.read_text(encoding="utf-8"), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_pack_is_one_file_of_all_pages_but_the_dictionary(folder: Path) -> None:
    body = (folder / "pack" / "finance_pack.html").read_text(encoding="utf-8")
    assert "<script" not in body
    assert not re.findall(r'(?:src|href)="(?!#|data:,)', body)
    assert re.findall(r"<h1>(.*?)</h1>", body) == ["Finance pack", "Contents", "1. Overview", "2. Margin"]
    assert "mart_dictionary" not in body


def test_cover_says_whose_when_and_that_it_is_simulated(folder: Path) -> None:
    said = text_of(folder / "pack" / "finance_pack.html")
    for part in (
        "Simulated company: no person, customer or bill in it is real.",
        "Period 2026-10, open: the month to 2026-10-28",
        "As of 2026-10-28",
        "Published 2026-10-29 06:30 UTC by tokenomics 0.1.0",
        "Run run-1",
        "Prepared by Name, signature, date Reviewed by Name, signature, date Approved by Name, signature, date",
    ):
        assert part in said


def test_long_tables_say_how_many_rows_are_left_out_and_where_they_are(folder: Path) -> None:
    said = text_of(folder / "pack" / "finance_pack.html")
    assert "Left out here: 7 rows. All are in table mart_long and on page Overview of the dashboard." in said
    assert f"Left out here: {ROWS + 100} rows. All are in table mart_folded" in said
    assert f"Total of all {ROWS + 7} rows 65.00" in said  # (45 + 7) * 1.25
    assert said.count(KEY) == ROWS
    assert "No none." in said
    assert "All of it. Table mart_short." in said


def test_pages_are_printed_as_they_open(tmp_path: Path) -> None:
    """One that opens with October prints October's rows and total and counts the others; drawings of other filters stay out."""
    rows = [
        {"period": period, "amount": Decimal(amount)}
        for period, amount in (("2026-10", "1.50"), ("2026-10", "2.00"), ("2026-09", "7.00"))
    ]
    columns = (Column("period", "Month"), Column("amount", "Amount", "money", True))
    one = Table("spend", "Spend", "mart_spend", columns, rows, "No spend.", filters={"period": "period"})
    drawn = (
        Chart("Whole", "<svg></svg>", "All.", "spend"),
        Chart("Old", "<svg></svg>", "Old.", "spend", "", {"period": "2026-09"}),
    )
    page = Page("index", "Overview", "What?", (Section("", (*drawn, one)),), opens_with={"period": "2026-10"})
    folder = tmp_path / "published"
    manifest = write_small_publication(folder)
    with open_publication(folder, manifest) as publication:
        write_pack(publication, (page,), _templates(), folder / "pack")
    said = text_of(folder / "pack" / "finance_pack.html")
    assert "2026-10 1.50 2026-10 2.00 Total 3.50 Left out here: 1 row, 1 of them not of 2026-10. All are in" in said
    assert "7.00" not in said
    assert ("Whole" in said, "Old" in said) == (True, False)


def test_pack_prints_on_a4_with_nothing_beyond_the_edge(folder: Path, browser: Browser, tmp_path: Path) -> None:
    file = folder / "pack" / "finance_pack.html"
    with tab(browser, width=1009) as opened:  # 267 mm: what the margins leave of A4 in landscape
        page = opened.open(file)
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        undefined = page.evaluate(
            """() => [...new Set(document.documentElement.outerHTML.match(/var\\(--[\\w-]+/g))].map((one) => one.slice(4))
            .filter((name) => !getComputedStyle(document.documentElement).getPropertyValue(name))"""
        )
        assert undefined == []
        page.pdf(path=str(tmp_path / "pack.pdf"), prefer_css_page_size=True)
        assert (opened.faults, opened.outside) == ([], [])
    pdf = (tmp_path / "pack.pdf").read_bytes()
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf))
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {(842, 595)}  # A4 in points
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 5  # cover, contents, two of the overview, margin


def test_pack_is_light_on_a_dark_screen(folder: Path, browser: Browser) -> None:
    with tab(browser, scheme="dark") as opened:
        page = opened.open(folder / "pack" / "finance_pack.html")
        assert page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(255, 255, 255)"


def test_page_to_sign_stands_beside_the_evidence_and_names_its_checksum(folder: Path) -> None:
    pack = folder / "evidence" / "triage.json"
    said = text_of(pack.with_suffix(".html"))
    assert f"triage.json , SHA-256 {hashlib.sha256(pack.read_bytes()).hexdigest()}" in said
    for part in (
        "Graduation of Ticket &lt;triage&gt; to the core budget",
        "Owner o@acme.example",
        "Department Operations",
        "Ready since 2026-10-26",
        "30 days 6.1 % 20.0 %",
        "waits for approval: ready, no approval is booked",
        "USD 62.00 a month , from USD 57.50 to USD 65.75",
        "Its allocation of USD 220.00 closes: USD 61.50 are spent, USD 158.50 go back to the department's pool",
        "tokenomics graduate triage --approver EMAIL --as-of 2026-10-28",
        "Approved by Name, signature, date",
    ):
        assert part in said, part
    assert not re.search(r"growth_uncertain|cap_bound|awaiting_approval", said), "a code where words belong"


def test_proposed_raise_is_the_run_rate_for_the_months_left_of_the_fiscal_year(folder: Path) -> None:
    """The fiscal year begins in April: three days of October (62.00 * 3 / 31), then five whole months to March."""
    said = text_of(folder / "evidence" / "triage.html")
    lines = "2026-10 6.00 2026-11 62.00 2026-12 62.00 2027-01 62.00 2027-02 62.00 2027-03 62.00 Total 316.00"
    assert lines in said


def test_page_to_sign_copes_with_what_is_not_published(tmp_path: Path) -> None:
    folder = written(tmp_path / "bare", "dim_dates", "dim_initiatives", "budget_status_by_initiative")
    said = text_of(folder / "evidence" / "triage.html")
    assert "Graduation of triage to the core budget" in said
    assert "No allocation is published for 2026-10-28; none is closed." in said
    assert "or its calendar is not published" in said


def test_without_a_run_rate_the_page_says_that_the_command_refuses(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    manifest = write_small_publication(folder)
    file = folder / "evidence" / "triage.json"
    pack = json.loads(file.read_text())
    pack["readiness"] |= {"verified_run_rate": None, "verified_unit_cost": None}
    file.write_text(json.dumps(pack))
    with open_publication(folder, manifest) as publication:
        write_pack(publication, PAGES, _templates(), folder / "pack")
        write_approvals(publication, _templates(), folder / "evidence")
    assert "No verified run-rate is known" in text_of(file.with_suffix(".html"))


def test_a_page_shared_with_the_publication_before_is_replaced_not_written_into(tmp_path: Path) -> None:
    before = tmp_path / "before.html"
    before.write_text("as it was signed")
    folder = tmp_path / "published"
    (folder / "evidence").mkdir(parents=True)
    (folder / "evidence" / "triage.html").hardlink_to(before)
    written(folder)
    assert before.read_text() == "as it was signed"
    assert "Graduation of" in (folder / "evidence" / "triage.html").read_text()


def test_a_command_is_shown_as_a_shell_takes_it(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    manifest = write_small_publication(folder)
    file = folder / "evidence" / "triage.json"
    pack = {**json.loads(file.read_text()), "initiative_id": "a b; rm"}
    renamed = file.with_name(pack_name("a b; rm"))
    renamed.write_text(json.dumps(pack))
    with open_publication(folder, manifest) as publication:
        write_pack(publication, PAGES, _templates(), folder / "pack")
        write_approvals(publication, _templates(), folder / "evidence")
    assert "tokenomics graduate &#39;a b; rm&#39; --approver" in text_of(renamed.with_suffix(".html"))


def test_page_to_sign_fits_one_sheet(folder: Path, browser: Browser, tmp_path: Path) -> None:
    with tab(browser) as opened:
        page = opened.open(folder / "evidence" / "triage.html")
        page.pdf(path=str(tmp_path / "sign.pdf"), prefer_css_page_size=True)
        assert (opened.faults, opened.outside) == ([], [])
    pdf = (tmp_path / "sign.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    ((wide, high),) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf))
    assert (round(float(wide)), round(float(high))) == (595, 842)


def test_texts_cannot_leave_their_place() -> None:
    assert css_text('a"}</style>') == "a\\22 \\7d \\3c \\2f style\\3e "
    assert (cell_kind(KEY), cell_kind("2026-10"), cell_kind("two or three words")) == ("long", "short", "")
