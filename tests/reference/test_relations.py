"""What must hold between a company and a changed one, whatever their money comes to: two builds and no oracle.

COMPANIES=n compares n companies; COMPANY=seed only that one.
"""

import json
import os
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from tests.reference.build import tables
from tests.reference.changes import (
    at_agreed_prices,
    grown,
    in_foreign_currency,
    renamed,
    shuffled,
    split_files,
    weeks_later,
    with_rates_times,
    with_stranger,
    without,
)
from tests.reference.company import Company, write
from tests.reference.draw import draw
from tests.reference.test_companies import differing

SEEDS = [int(os.environ["COMPANY"])] if "COMPANY" in os.environ else range(int(os.environ.get("COMPANIES", "2")))
UNITS = Fraction(1, 10**7)
"""Where names or amounts change, a unit of 10^-9 that is left over in a split may go to another part."""
OWNERS = "initiative_id, department_id, product_id, cost_class, budget_class"
QUERIES = {
    "cost": f"select cost_date, provider, cost_basis, model_id, {OWNERS}, sum(allocated_cost) as amount "
    "from fct_allocated_costs group by all having sum(allocated_cost) <> 0",
    "cost of a day": "select cost_date, provider, cost_basis, sum(allocated_cost) as amount "
    "from fct_allocated_costs group by all",
    "bill": "select cost_date, provider, charge_category, billed_currency, sum(billed_cost) as billed, "
    "sum(effective_cost) as effective, sum(billed_amount) as as_billed from fct_billed_costs group by all",
    "usage": "select usage_date, billing_date, provider, model_id, api_key_id, token_class, is_counted, initiative_id, "
    "department_id, sum(quantity) as quantity from fct_usage group by all",
    "margin": "select margin_date, product_id, revenue, ai_cogs, other_cogs from gross_margin_by_product_day",
    "bridge": "select provider, fiscal_period, bridge_line, amount from reconciliation_by_provider_month",
}
Numbers = dict[tuple, Fraction]
"""Every number of :data:`QUERIES` by query, column and the row's other values."""


def published(folder: Path, home: Path, as_of: date) -> Numbers:
    found = {}
    for query, rows in zip(QUERIES, tables(folder, home, as_of, list(QUERIES.values())), strict=True):
        for row in rows:
            numbers = {name: value for name, value in row.items() if type(value) in (Decimal, int)}
            others = tuple(value for name, value in row.items() if name not in numbers)
            found |= {(query, name, *others): Fraction(value) for name, value in numbers.items()}
    return found


def said(company: Company, change_files: Callable[[Path], None] = lambda _: None) -> Numbers:
    """What the product says of ``company``, whose folder is changed by ``change_files`` before it is read."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "company"
        write(company, folder)
        change_files(folder)
        return published(folder, Path(place) / "home", company.as_of)


@cache
def drawn(seed: int) -> Numbers:
    return said(draw(seed))


def totals(numbers: Numbers) -> Numbers:
    """The sums over all parts of what is split, and each day's cost by provider: not a unit of these may move."""
    found: Numbers = {}
    for (query, column, *_), number in numbers.items():
        if query in ("cost", "bill", "usage"):
            found[query, column] = found.get((query, column), Fraction(0)) + number
    return found | {key: number for key, number in numbers.items() if key[0] == "cost of a day"}


def factor(key: tuple, currency: str) -> int:
    """What a number of a company all of whose amounts are foreign is multiplied by when its rates double: what is no money,
    or still in the currency of the bill, stays.
    """
    return 1 if key[1] == "quantity" or (key[1] == "as_billed" and currency not in key) else 2


@pytest.mark.parametrize("seed", SEEDS)
class TestRelations:
    def test_the_order_of_rows_changes_nothing(self, seed: int) -> None:
        assert differing(drawn(seed), said(shuffled(draw(seed))), Fraction(0)) == {}

    def test_a_file_in_parts_is_the_file(self, seed: int) -> None:
        company = without(draw(seed), ["older_exports"])
        assert differing(said(company), said(company, split_files), Fraction(0)) == {}

    def test_names_are_only_names(self, seed: int) -> None:
        company, old_names = renamed(draw(seed))
        found = {tuple(old_names.get(part, part) for part in key): number for key, number in said(company).items()}
        assert differing(drawn(seed), found, UNITS) == {}
        assert differing(totals(drawn(seed)), totals(found), Fraction(0)) == {}

    def test_a_further_provider_changes_nothing_of_the_others(self, seed: int) -> None:
        company, stranger = with_stranger(draw(seed))
        found = said(company)
        assert any(stranger in key for key in found)
        assert (
            differing(drawn(seed), {key: one for key, one in found.items() if stranger not in key}, Fraction(0)) == {}
        )

    def test_a_source_that_is_switched_off_keeps_its_past(self, seed: int, tmp_path: Path) -> None:
        company, folder, home = draw(seed), tmp_path / "company", tmp_path / "home"
        write(company, folder)
        assert published(folder, home, company.as_of) == drawn(seed)
        (home / "warehouse.duckdb").unlink()
        sources = json.loads((folder / "sources.yaml").read_text())
        for source in sources["sources"].values():
            source["enabled"] = False
        (folder / "sources.yaml").write_text(json.dumps(sources))
        assert differing(drawn(seed), published(folder, home, company.as_of), Fraction(0)) == {}

    def test_whole_weeks_later_the_days_alone_are_others(self, seed: int) -> None:
        sooner, later = weeks_later(draw(seed), 0), weeks_later(draw(seed), 6)
        back = timedelta(weeks=6)
        found = {
            tuple(part - back if isinstance(part, date) else part for part in key): number
            for key, number in said(later).items()
            if key[0] != "bridge"
        }
        wanted = {key: number for key, number in said(sooner).items() if key[0] != "bridge"}
        assert differing(wanted, found, Fraction(0)) == {}

    def test_foreign_amounts_follow_their_rate(self, seed: int) -> None:
        company = in_foreign_currency(draw(seed))
        wanted = {key: number * factor(key, company.currency) for key, number in said(company).items()}
        assert differing(wanted, said(with_rates_times(company, Decimal(2))), UNITS) == {}

    def test_a_rate_moves_the_bills_in_its_currency_alone(self, seed: int) -> None:
        company = without(draw(seed), ["balances"])
        once, twice = said(company), said(with_rates_times(company, Decimal(2)))
        wanted = {
            key: number * (1 if company.currency in key else factor(key, company.currency))
            for key, number in once.items()
            if key[0] == "bill"
        }
        assert differing(wanted, {key: one for key, one in twice.items() if key[0] == "bill"}, Fraction(0)) == {}

    def test_ten_thousand_times_the_tokens_at_ten_thousand_times_the_price(self, seed: int) -> None:
        company, tokens, prices = draw(seed), 10**4, 10**4
        found = said(grown(company, tokens, prices))
        wanted = {
            key: number if "request" in key else number * tokens * (1 if key[1] == "quantity" else prices)
            for key, number in said(at_agreed_prices(company)).items()
        }
        assert differing(wanted, found, UNITS * tokens * prices) == {}
        rounded_each = {("bill", "as_billed"): Fraction(0)}
        assert differing(totals(wanted) | rounded_each, totals(found) | rounded_each, Fraction(0)) == {}
