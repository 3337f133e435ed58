"""What a month uses of a commitment that a bill sells ahead is drawn from prepaid. Real model, charges written down by hand."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.compiled_models import build

D = Decimal
Charge = tuple[str, str, str, str, str]
"""Day, category, line item, what is billed and what it costs."""


@pytest.fixture
def used(tmp_path: Path) -> Callable[[list[Charge]], dict[str, tuple[Decimal, Decimal]]]:
    """Effective cost by month, and what of it was drawn from prepaid."""

    def of(charges: list[Charge]) -> dict[str, tuple[Decimal, Decimal]]:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("create schema intermediate")
            connection.execute(
                "create table intermediate.int_billed_costs_unioned (provider varchar, cost_date date, source varchar, "
                "account_id varchar, line_item varchar, charge_category varchar, billed_currency varchar, "
                "billed_amount decimal(38, 9), effective_amount decimal(38, 9), billed_cost decimal(38, 9), "
                "effective_cost decimal(38, 9), prepaid_cost decimal(38, 9), metered_cost_key varchar)"
            )
            connection.execute(
                "create table intermediate.int_metered_costs_summed_by_month (provider varchar, fiscal_period varchar, "
                "unbilled_contracted_cost decimal(38, 12), has_unbilled_usage boolean)"
            )
            for day, category, item, billed, effective in charges:
                connection.execute(
                    "insert into intermediate.int_billed_costs_unioned "
                    "values ('p', ?, 'focus_files', 'a', ?, ?, 'USD', ?, ?, ?, ?, 0, null)",
                    [day, item, category, D(billed), D(effective), D(billed), D(effective)],
                )
            build(connection, ["int_period_costs_summed"])
            rows = connection.execute(
                "select fiscal_period, effective_cost, prepaid_used from intermediate.int_period_costs_summed"
            ).fetchall()
        return {period: (cost, prepaid) for period, cost, prepaid in rows}

    return of


def committed(months: dict[str, str]) -> list[Charge]:
    """Usage that is not billed: the commitment paid for it, four fifths used and one unused."""
    return [
        (f"{month}-15", "usage", item, "0", str(D(amount) * share))
        for month, amount in months.items()
        for item, share in (("used", D("0.8")), ("unused", D("0.2")))
    ]


USED = {"2026-09": "300", "2026-10": "310"}


def test_a_commitment_paid_all_upfront_is_drawn_as_it_is_used(used):
    bought = ("2026-09-01", "purchase", "annual", "3650", "0")
    assert used([bought, *committed(USED)]) == {"2026-09": (300, 300), "2026-10": (310, 310)}


def test_a_commitment_paid_by_the_month_draws_nothing(used):
    fees = [("2026-09-01", "purchase", "monthly", "300", "0"), ("2026-10-01", "purchase", "monthly", "310", "0")]
    assert used([*fees, *committed(USED)]) == {"2026-09": (300, 0), "2026-10": (310, 0)}


def test_a_fee_told_by_day_is_that_of_its_month(used):
    fees = [(f"2026-09-{day:02}", "purchase", "daily", "10", "0") for day in range(1, 31)]
    assert used([*fees, *committed({"2026-09": "300"})]) == {"2026-09": (300, 0)}


def test_of_a_commitment_paid_in_part_upfront_only_that_part_is_drawn(used):
    """1825 upfront and 150 a month: of 300 used 150 are the month's fee."""
    bought = ("2026-09-01", "purchase", "upfront", "1825", "0")
    fees = [(f"{month}-01", "purchase", "monthly", "150", "0") for month in USED]
    assert used([bought, *fees, *committed(USED)]) == {"2026-09": (300, 150), "2026-10": (310, 160)}


def test_no_more_is_drawn_than_the_bills_sold(used):
    """450 sold ahead: of October's 310 it pays 150; bought anew in November, it pays that month alone."""
    charges = [
        ("2026-09-01", "purchase", "first", "450", "0"),
        *committed({**USED, "2026-11": "300"}),
        ("2026-11-01", "purchase", "second", "1000", "0"),
    ]
    assert used(charges) == {"2026-09": (300, 300), "2026-10": (310, 150), "2026-11": (300, 300)}


@pytest.mark.parametrize(("paid_back", "drawn"), [("-2000", 310), ("-3200", 150), ("-3400", 0)])
def test_what_is_paid_back_of_a_commitment_is_not_drawn(used, paid_back, drawn):
    """Of 3650 September used 300, so that 3350 were left."""
    purchases = [
        ("2026-09-01", "purchase", "annual", "3650", "0"),
        ("2026-10-01", "purchase", "refund", paid_back, "0"),
    ]
    assert used([*purchases, *committed(USED)]) == {"2026-09": (300, 300), "2026-10": (310, drawn)}


def test_a_commitment_whose_purchase_no_bill_shows_draws_nothing(used):
    assert used(committed(USED)) == {"2026-09": (300, 0), "2026-10": (310, 0)}


def test_other_usage_and_a_purchase_that_is_cost_at_once_draw_nothing(used):
    """100 on demand and a support plan of 60 beside the commitment."""
    charges = [
        ("2026-09-01", "purchase", "annual", "3650", "0"),
        ("2026-09-01", "purchase", "support", "60", "60"),
        ("2026-09-15", "usage", "on demand", "100", "100"),
        *committed({"2026-09": "300"}),
    ]
    assert used(charges) == {"2026-09": (460, 300)}


@pytest.mark.parametrize("fee", ["2000", "1750"])
def test_what_is_paid_ahead_is_told_from_what_is_paid_by_the_month_beside_it(used, fee):
    """1800 for a year, of which 150 a month are used, beside a monthly fee that is used up: both are less than their sum."""
    months = ("2026-09", "2026-10", "2026-11")
    charges = [("2026-09-01", "purchase", "annual", "1800", "0")]
    for month in months:
        charges += [(f"{month}-01", "purchase", "monthly", fee, "0"), (f"{month}-15", "usage", "by month", "0", fee)]
        charges += [(f"{month}-15", "usage", "by year", "0", "150")]
    assert used(charges) == dict.fromkeys(months, (D(fee) + 150, 150))


def test_in_the_first_month_of_both_the_larger_purchase_is_the_fee(used):
    charges = [("2026-09-01", "purchase", item, amount, "0") for item, amount in (("a", "1800"), ("b", "2000"))]
    assert used([*charges, *committed({"2026-09": "2150"})]) == {"2026-09": (2150, 150)}


def test_several_fees_of_a_month_that_are_used_up_together_draw_nothing(used):
    charges = [("2026-09-01", "purchase", item, "300", "0") for item in ("a", "b", "c")]
    assert used([*charges, *committed({"2026-09": "900"})]) == {"2026-09": (900, 0)}


def test_a_prepaid_that_the_bill_draws_by_credits_is_drawn_by_them(used):
    """1200 bought; usage of 100 a month is billed and credited in full. A credit that lowers cost draws nothing."""
    charges = [("2026-09-01", "purchase", "balance", "1200", "0")]
    for month in ("2026-09", "2026-10"):
        charges += [(f"{month}-15", "usage", "api", "100", "100"), (f"{month}-15", "credit", "balance", "-100", "0")]
    charges += [("2026-10-20", "credit", "service level", "-30", "-30")]
    assert used(charges) == {"2026-09": (100, 100), "2026-10": (70, 100)}
