"""A restated day, whole through the product: seen from now on, not seen as of before, and never in a closed period."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.connectors.loopback_server import LoopbackServer
from tests.end_to_end.command_line import query, tokenomics, tokenomics_tables
from tests.end_to_end.tiny_company import KEY, TinyOpenAI, copy_tiny_company, write_restated_log

CFO = "cfo@company.example"


@dataclass
class Story:
    """Checksums and other facts of each published state, by its place in the story."""

    checksums: dict[str, dict[str, str]]
    list_cost: dict[str, Decimal]
    adjustments: list[tuple]
    closed: str


def request_cost(prompt_tokens: int) -> Decimal:
    """List cost of one request of mistral-small-latest: 40 cached and 20 output tokens beside the uncached ones."""
    dollars_a_million = (prompt_tokens - 40) * Decimal("0.15") + 40 * Decimal("0.015") + 20 * Decimal("0.60")
    return dollars_a_million / 1_000_000


@pytest.fixture(scope="module")
def story(tiny: Path, tiny_restated: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    checksums, list_cost = {}, {}
    with LoopbackServer(TinyOpenAI().answer) as server:
        folder = copy_tiny_company(tiny_restated, tmp_path_factory.mktemp("late") / "site", server.url)
        company, home = folder / "company", folder / "home"

        def run(name: str, as_of: str) -> None:
            arguments = ("--company", company, "--home", home, "--as-of", as_of)
            done = tokenomics_tables("run", *arguments, OPENAI_ADMIN_KEY=KEY)
            assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
            look(name, home)

        def look(name: str, home: Path) -> None:
            tables = json.loads((home / "published" / "manifest.json").read_text())["tables"]
            checksums[name] = {table: facts["checksum"] for table, facts in tables.items()}
            ((list_cost[name],),) = query(home, "fct_usage", "select sum(list_cost) from t where provider = 'mistral'")

        look("before", tiny / "home")
        look("after", home)
        done = tokenomics("close", "2026-10", "--approver", CFO, "--company", company, "--home", home)
        assert done.returncode == 0, done.stdout + done.stderr
        write_restated_log(company, 300, requests=10_000)
        run("closed", "2026-10-31")
        booked = "select booked_period, column_name, sum(amount) from t where table_name = 'fct_usage' group by all"
        adjustments = query(home, "period_adjustments", booked)
        run("before again", "2026-10-04")
    return Story(checksums, list_cost, adjustments, done.stdout)


def test_the_day_before_a_restatement_is_published_again_as_it_was(story: Story) -> None:
    assert story.checksums["before again"] == story.checksums["before"]


def test_a_restated_day_replaces_what_it_restates(story: Story) -> None:
    assert story.list_cost["before"] == 4 * 30 * request_cost(100)
    assert story.list_cost["after"] == 4 * 30 * request_cost(100) + 30 * request_cost(200)


def test_a_closed_period_keeps_its_rows_and_books_the_difference_of_ten_thousand_rows(story: Story) -> None:
    kept = ("fct_usage", "fct_allocated_costs", "fct_billed_costs", "accrual_journal_lines")
    assert {name: story.checksums["closed"][name] for name in kept} == {
        name: story.checksums["after"][name] for name in kept
    }
    money = [(period, amount) for period, column, amount in story.adjustments if column == "list_cost"]
    assert money == [("2026-11", 10_000 * request_cost(300) - 30 * request_cost(200))]
    assert "2026-10 is closed" in story.closed
