"""Companies with books drawn from a seed: the bridge to the ledger and the month-end journals are the reference's.

COMPANIES=n draws n companies; COMPANY=seed only that one.
"""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestration.run_rate.variance import variance_rows
from tests.reference.budgets_expected import BudgetReference
from tests.reference.build import BOOKED_FROM, tables
from tests.reference.cash_expected import CashReference
from tests.reference.company import write
from tests.reference.compared import disagreements
from tests.reference.ledger_company import write_books
from tests.reference.ledger_draw import MINOR_UNITS, draw_with_books
from tests.reference.ledger_expected import LedgerReference, costs_of
from tests.reference.margin_expected import MarginReference
from tests.reference.months import months_between
from tests.reference.test_companies import SEEDS, SPLIT, differing

QUERIES = {
    "reconciliation_by_provider_month": "select * from reconciliation_by_provider_month",
    "accrual_journal_lines": "select * from accrual_journal_lines",
    "accrual_journals_left_out": "select * from accrual_journals_left_out",
    "gross_margin_by_product_month": "select * from gross_margin_by_product_month",
    "gross_margin_by_product_day": "select * from gross_margin_by_product_day",
    "gross_margin_by_customer_month": "select * from gross_margin_by_customer_month",
    "gross_margin_sensitivity_by_product_month": "select * from gross_margin_sensitivity_by_product_month",
    "runway_by_month": "select * from runway_by_month",
    "fct_labor": "select * from fct_labor",
    "int_department_budgets_converted": "select * from intermediate.int_department_budgets_converted",
    "budget_status_by_department_month": "select * from budget_status_by_department_month",
    "budget_status_by_initiative": "select * from budget_status_by_initiative",
    "fct_budget_movements": "select * from fct_budget_movements",
}
MODELS = [*(name for name in QUERIES if not name.startswith("int_")), *BOOKED_FROM, "int_usage_attributed"]
Rows = list[dict[str, Any]]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_say_what_the_reference_says(seed: int, tmp_path: Path) -> None:
    company, books = draw_with_books(seed)
    write(company, tmp_path / "company")
    write_books(books, tmp_path / "company")
    reference = LedgerReference(company, books)
    queries = [*QUERIES.values(), lambda warehouse: variance_rows(warehouse, company.as_of, minor_unit(reference))]
    *rows, variance = tables(
        tmp_path / "company", tmp_path / "home", company.as_of, queries, MODELS, changes=books.changes
    )
    found = dict(zip(QUERIES, rows, strict=True))
    check_bridge(reference, found["reconciliation_by_provider_month"])
    check_journals(reference, found["accrual_journal_lines"], found["accrual_journals_left_out"])
    check_margins(MarginReference(reference), found)
    check_cash(CashReference(reference), found)
    check_budgets(BudgetReference(reference), found)
    check_variance(reference, variance)


def minor_unit(reference: LedgerReference) -> Decimal:
    return Decimal(1).scaleb(-MINOR_UNITS.get(reference.company.currency, 2))


def check_bridge(reference: LedgerReference, rows: Rows) -> None:
    """Every line is the reference's, and both legs sum."""
    expected = reference.bridge()
    found = {
        (row["provider"], row["fiscal_period"], row["bridge_line"]): Fraction(row["amount"])
        for row in rows
        if row["bridge_line"] != "other_cogs_left_out"
    }
    assert differing(expected, found, SPLIT) == {}
    legs: dict[tuple[str, str, int], Fraction] = defaultdict(Fraction)
    for row in rows:
        if row["is_memo"]:
            continue
        key = row["provider"], row["fiscal_period"]
        if row["bridge_line"] == "billed_cost":
            legs[*key, 1] -= Fraction(row["amount"])
            legs[*key, 2] += Fraction(row["amount"])
        else:
            legs[*key, row["leg"]] += Fraction(row["amount"]) * (-1 if row["bridge_line"] == "ledger_posting" else 1)
    assert not any(legs.values())


def check_journals(reference: LedgerReference, lines: Rows, left_out: Rows) -> None:
    """Each journal is the reference's liability in whole minor units, shared as its month's cost, and comes back."""
    unit = Fraction(1, 10 ** MINOR_UNITS.get(reference.company.currency, 2))
    accounts = reference.books.posting_accounts
    by_journal: dict[str, Rows] = defaultdict(list)
    for line in lines:
        by_journal[line["journal_id"]].append(line)
    missing = {
        (row["provider"], row["fiscal_period"], row["service_period"]): Fraction(row["amount"]) for row in left_out
    }
    for (provider, end, month), amount in reference.owed().items():
        name = f"{provider}-{month}" if end == month else f"{provider}-{month}-{end}"
        accrued, reversed_ = by_journal.pop(f"TKN-ACC-{name}", []), by_journal.pop(f"TKN-REV-{name}", [])
        shares = reference.parts(provider, month, amount, unit)
        needed = {cost_class for cost_class, _ in shares} | {"accrued_liabilities"}
        if needed - accounts.keys() or abs(amount) <= unit / 2:
            assert accrued == reversed_ == []
            said = missing.pop((provider, end, month), Fraction(0))
            assert abs(said - amount) <= unit / 2 + SPLIT or not accounts
            continue
        booked = {(row["cost_class"], row["department_id"]): row for row in accrued if row["cost_class"]}
        total = sum(Fraction(row["debit_amount"] - row["credit_amount"]) for row in booked.values())
        assert abs(total - amount) <= unit / 2 + SPLIT, name
        for key, share in shares.items():
            row = booked.pop(key, {"debit_amount": 0, "credit_amount": 0, "account_number": accounts[key[0]]})
            part = Fraction(row["debit_amount"] - row["credit_amount"])
            assert row["account_number"] == accounts[key[0]]
            assert part % unit == 0
            assert abs(part - share) < 2 * unit + SPLIT, (name, key)
        assert booked == {}
        assert _by_account(accrued)[accounts["accrued_liabilities"]] == -total
        assert _by_account(reversed_) == {account: -part for account, part in _by_account(accrued).items()}
        assert {row["fiscal_period"] for row in accrued} == {month}
    assert by_journal == {}
    assert missing == {}


def check_margins(reference: MarginReference, found: dict[str, Rows]) -> None:
    """Product days and months, customers' revenue, and AI cost under each classification."""
    days = {(row["product_id"], row["margin_date"]): row for row in found["gross_margin_by_product_day"]}
    expected_days = reference.by_day()
    assert days.keys() == expected_days.keys()
    for number, column in enumerate(("revenue", "ai_cogs", "other_cogs")):
        assert {key for key, row in days.items() if row[column] is None} == {
            key for key, values in expected_days.items() if values[number] is None
        }, column
        wanted = {key: values[number] or Fraction(0) for key, values in expected_days.items()}
        assert differing(wanted, {key: Fraction(row[column] or 0) for key, row in days.items()}, SPLIT) == {}, column
    months = {(row["product_id"], row["fiscal_period"]): row for row in found["gross_margin_by_product_month"]}
    for column, values in reference.by_month().items():
        said = {key: Fraction(row[column]) for key, row in months.items() if row[column] is not None}
        assert differing(values, said, SPLIT * 10) == {}, column
    for key, row in months.items():
        revenue, profit = row["compared_revenue"], row["gross_profit"]
        if profit is not None:
            assert profit == revenue - row["compared_ai_cogs"] - row["compared_other_cogs"], key
        reason = "revenue_not_reported" if row["revenue"] is None else "cost_not_reported" if profit is None else None
        if reason is None and revenue <= 0:
            reason = "negative_revenue" if revenue < 0 else "no_revenue"
        assert row["gross_margin_null_reason"] == reason, key
        ratio = None if reason else pytest.approx(float(profit) / float(revenue))
        assert row["gross_margin_ratio"] == ratio, key
    customers = {
        (row["customer_id"], row["fiscal_period"]): Fraction(row["revenue"])
        for row in found["gross_margin_by_customer_month"]
        if row["revenue"]
    }
    assert differing(reference.by_customer(), customers, SPLIT * 10) == {}
    costs = reference.by_classification()
    said = {
        (row["product_id"], row["fiscal_period"], row["classification"]): Fraction(row["ai_cogs"])
        for row in found["gross_margin_sensitivity_by_product_month"]
    }
    assert differing(costs, said, SPLIT * 10) == {}


def check_cash(reference: CashReference, found: dict[str, Rows]) -> None:
    """Runway, wages, what departments are to be funded with, and what they spent."""
    runway = {row["fiscal_period"]: row for row in found["runway_by_month"]}
    expected = reference.runway()
    assert runway.keys() == expected.keys()
    for month, one in expected.items():
        row = runway[month]
        assert row["status"] == one.status, month
        assert abs(Fraction(row["cash"]) - one.cash) < SPLIT, month
        assert abs(Fraction(row["net_burn"]) - one.net_burn) < SPLIT, month
        assert row["runway_months"] == (None if one.runway is None else pytest.approx(float(one.runway))), month
    labor = {
        (row["fiscal_period"], row["department_id"], row["labor_rate_id"]): Fraction(row["labor_cost"])
        for row in found["fct_labor"]
    }
    assert differing(reference.labor(), labor, SPLIT) == {}
    funded = {
        (row["department_id"], row["fiscal_period"], row["budget_class"]): Fraction(row["amount"])
        for row in found["int_department_budgets_converted"]
    }
    assert differing(reference.funded(), funded, SPLIT) == {}
    spent = {
        (row["department_id"], row["fiscal_period"], row["budget_class"]): Fraction(row["spent_amount"])
        for row in found["budget_status_by_department_month"]
    }
    assert differing(reference.spent(), spent, SPLIT * 10) == {}


def check_budgets(reference: BudgetReference, found: dict[str, Rows]) -> None:
    """What was booked, and how every allocation and department stands."""
    posted: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    balances: dict[str, Fraction] = defaultdict(Fraction)
    for row in found["fct_budget_movements"]:
        posted[row["effective_on"], row["kind"], row["account"]] += Fraction(row["amount"])
        balances[row["movement_id"]] += Fraction(row["amount"])
    assert differing(reference.movements(), posted, SPLIT) == {}
    assert not any(balances.values())
    days = found["budget_status_by_initiative"]
    assert disagreements(reference.by_initiative(), days, ("as_of_date", "initiative_id")) == {}
    months = found["budget_status_by_department_month"]
    keys = "fiscal_period", "department_id", "budget_class"
    assert disagreements(reference.by_department(), months, keys) == {}


def check_variance(reference: LedgerReference, rows: Rows) -> None:
    """The components of each month after an initiative's first are what it cost more than the month before."""
    costs: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for one in costs_of(reference.reference):
        if one.initiative:
            costs[one.initiative, one.month] += one.amount
    found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in rows:
        assert row["amount"] % minor_unit(reference) == 0
        if row["comparison"] == "prior_month":
            found[row["initiative_id"], row["fiscal_period"]] += Fraction(row["amount"])
    for initiative in {name for name, _ in costs}:
        first = min(month for name, month in costs if name == initiative)
        for before, month in pairwise(months_between(first, f"{reference.company.as_of:%Y-%m}")):
            difference = costs.get((initiative, month), Fraction(0)) - costs.get((initiative, before), Fraction(0))
            explained = found.pop((initiative, month), Fraction(0))
            assert abs(explained - difference) <= Fraction(minor_unit(reference)) / 2 + SPLIT, (initiative, month)
    assert not found


def _by_account(lines: Rows) -> dict[str, Fraction]:
    """Debit less credit by account."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for line in lines:
        found[line["account_number"]] += Fraction(line["debit_amount"]) - Fraction(line["credit_amount"])
    return dict(found)
