"""Which period's cost a posting settles, and what is owed at each month's end. Real models, rows written down by hand."""

import random
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt_project.compiled_models import build

D = Decimal
PERIODS = [f"2026-{month:02}" for month in range(1, 9)]
AS_OF = date(2026, 8, 31)
Costs = dict[tuple[str, str], tuple[str, str]]
"""Effective cost and what of it a prepaid paid for, by provider and period."""
Posting = tuple[str, str, str, str, str | None]
"""Provider, entry, day, amount and the service period that it states."""
Taxes = dict[tuple[str, str], str]
"""What the bill states as tax, by provider and period."""


class Match:
    """Open cost by provider, period end and service period; what is owed at each period's end; tax that postings hold."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.open: dict[tuple[str, str, str], Decimal] = {}
        self.prepaid: dict[tuple[str, str], Decimal] = {}
        self.tax: dict[tuple[str, str], Decimal] = {
            (provider, period): amount
            for provider, period, amount in connection.execute(
                "select provider, posting_period, amount from intermediate.int_ledger_postings_matched_to_periods "
                "where settlement = 'tax' and known_until is null"
            ).fetchall()
        }
        rows = connection.execute(
            "select provider, strftime(period_end, '%Y-%m'), service_period, open_amount, prepaid_open_amount "
            "from intermediate.int_period_costs_open"
        ).fetchall()
        for provider, end, service, amount, prepaid in rows:
            self.open[provider, end, service] = amount
            if end == service:
                self.prepaid[provider, end] = prepaid

    def owed(self, provider: str) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for (name, end, _), amount in self.open.items():
            if name == provider:
                sums[end] = sums.get(end, D(0)) + amount
        return sums


@pytest.fixture
def matched(tmp_path: Path) -> Callable[..., Match]:
    def of(
        costs: Costs,
        postings: Iterable[Posting],
        taxes: Taxes | None = None,
        own_tax_lines: Iterable[Posting] = (),
        bills: Iterable[tuple[str, str, str, str]] = (),
        by_day: Iterable[tuple[str, str, str, str]] = (),
    ) -> Match:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("create schema staging; create schema intermediate")
            connection.execute(
                f"create table staging.stg_run__parameters as select date '{AS_OF}' as as_of_date, 'USD' as reporting_currency"
            )
            connection.execute(
                "create table intermediate.int_period_costs_summed (provider varchar, fiscal_period varchar, "
                "effective_cost decimal(38, 12), prepaid_used decimal(38, 12), billed_currency varchar, "
                "effective_amount decimal(38, 12), stated_tax decimal(38, 12), stated_tax_amount decimal(38, 12))"
            )
            connection.execute(
                "create table intermediate.int_ai_postings_selected (legal_entity_id varchar, journal_entry_id varchar, "
                "provider varchar, fiscal_period varchar, service_period varchar, posting_date date, "
                "posted_currency varchar, posted_amount decimal(38, 9), net_amount decimal(38, 9), "
                "posting_kind varchar)"
            )
            for (provider, period), (cost, prepaid) in costs.items():
                tax = D((taxes or {}).get((provider, period), 0))
                connection.execute(
                    "insert into intermediate.int_period_costs_summed values (?, ?, ?, ?, 'USD', ?, ?, ?)",
                    [provider, period, D(cost), D(prepaid), D(cost), tax, tax],
                )
            for kind, lines in (("usage", postings), ("tax", own_tax_lines)):
                for provider, entry, day, amount, service in lines:
                    row: list[Any] = ["e", entry, provider, day[:7], service, day, "USD", D(amount), D(amount), kind]
                    connection.execute(
                        f"insert into intermediate.int_ai_postings_selected values ({','.join('?' * 10)})", row
                    )
            connection.execute(
                "create table intermediate.int_period_taxes_stated (provider varchar, service_period varchar, "
                "currency varchar, cost_amount decimal(38, 12), tax_amount decimal(38, 12))"
            )
            connection.execute(
                "create table intermediate.int_period_costs_used_by_day (provider varchar, service_period varchar, "
                "cost_date date, used_amount decimal(38, 12))"
            )
            for used in by_day:
                connection.execute("insert into intermediate.int_period_costs_used_by_day values (?, ?, ?, ?)", used)
            for bill in bills:
                connection.execute("insert into intermediate.int_period_taxes_stated values (?, ?, 'USD', ?, ?)", bill)
            build(connection, ["int_period_costs_open"])
            return Match(connection)

    return of


def monthly(provider: str, amounts: Iterable[str], first: int = 0) -> Costs:
    return {(provider, PERIODS[first + n]): (amount, "0") for n, amount in enumerate(amounts)}


def invoices(provider: str, amounts: dict[str, str]) -> list[Posting]:
    return [(provider, f"{provider}-{day}", day, amount, None) for day, amount in amounts.items()]


def test_a_credit_note_takes_back_what_the_latest_posting_settled(matched):
    """300, 120 and 180 used from June; 340 posted in July, 40 credited in August."""
    found = matched(
        monthly("p", ["300", "120", "180"], first=5), invoices("p", {"2026-07-10": "340", "2026-08-05": "-40"})
    )
    assert found.owed("p") == {"2026-06": D(300), "2026-07": D(80), "2026-08": D(300)}
    assert {s: found.open["p", "2026-08", s] for s in PERIODS[5:]} == {"2026-06": 0, "2026-07": 120, "2026-08": 180}


def test_a_credit_note_larger_than_the_latest_posting_reaches_the_one_before(matched):
    found = matched(
        monthly("p", ["100", "100", "100"], first=5),
        invoices("p", {"2026-07-05": "100", "2026-08-05": "100", "2026-08-20": "-130"}),
    )
    assert {s: found.open["p", "2026-08", s] for s in PERIODS[5:]} == {"2026-06": 30, "2026-07": 100, "2026-08": 100}
    assert found.owed("p")["2026-07"] == 100


def test_a_credit_note_before_any_posting_waits_for_the_next(matched):
    found = matched(monthly("p", ["100", "100"], first=6), invoices("p", {"2026-08-01": "-40", "2026-08-05": "140"}))
    assert found.owed("p")["2026-08"] == 100


def test_what_was_posted_up_to_the_first_period_with_cost_settles_nothing(matched):
    costs = monthly("p", ["100"] * 4, first=4)
    found = matched(costs, invoices("p", {f"{month}-05": "100" for month in PERIODS}))
    assert found.owed("p")["2026-08"] == 100
    assert {s: found.open["p", "2026-08", s] for s in PERIODS[4:]} == {
        "2026-05": 0,
        "2026-06": 0,
        "2026-07": 0,
        "2026-08": 100,
    }


def test_what_is_posted_at_the_end_of_the_first_period_may_be_for_its_own_service(matched):
    found = matched(monthly("p", ["100", "100"], first=6), invoices("p", {"2026-07-31": "100", "2026-08-31": "100"}))
    assert set(found.owed("p").values()) == {D(0)}


@pytest.mark.parametrize("invoice", ["95", "98", "99.99", "100", "104", "105"])
def test_a_posting_within_five_per_cent_closes_the_period_and_shifts_no_later_one(matched, invoice):
    found = matched(monthly("p", ["100"] * 8), invoices("p", {f"{month}-05": invoice for month in PERIODS[1:]}))
    assert found.owed("p") == dict.fromkeys(PERIODS, D(100))


def test_a_posting_further_off_is_laid_end_to_end(matched):
    found = matched(monthly("p", ["100", "100", "100"], first=5), invoices("p", {"2026-08-05": "140"}))
    assert {s: found.open["p", "2026-08", s] for s in PERIODS[5:]} == {"2026-06": 0, "2026-07": 60, "2026-08": 100}


@pytest.mark.parametrize("posted_on", ["2026-08-01", "2026-08-03", "2026-08-31"])
def test_an_invoice_posted_after_the_close_does_not_cancel_the_accrual(matched, posted_on):
    """July's 100 are owed at the end of July; the invoice of August settles them, and August's own 100 are owed."""
    found = matched(monthly("p", ["100", "100"], first=6), invoices("p", {posted_on: "100"}))
    assert found.owed("p") == {"2026-07": 100, "2026-08": 100}
    assert (found.open["p", "2026-07", "2026-07"], found.open["p", "2026-08", "2026-07"]) == (100, 0)


def test_months_that_stay_unposted_are_owed_together(matched):
    found = matched(monthly("p", ["100", "40", "7"], first=5), [])
    assert found.owed("p") == {"2026-06": 100, "2026-07": 140, "2026-08": 147}


def test_an_invoice_posted_in_two_entries_closes_its_period_with_the_second(matched):
    postings = [("p", f"{month}-{part}", f"{month}-05", part, None) for month in PERIODS[1:] for part in ("60", "44")]
    assert set(matched(monthly("p", ["100"] * 8), postings).owed("p").values()) == {D(100)}


def test_a_posting_settles_no_later_period_than_its_own(matched):
    found = matched(monthly("p", ["100"] * 3, first=5), invoices("p", {"2026-07-05": "500"}))
    assert found.owed("p") == {"2026-06": 100, "2026-07": 0, "2026-08": 100}


def test_a_stated_service_period_rules_and_is_known_from_its_posting(matched):
    postings = [("p", "a", "2026-08-03", "99", "2026-07"), ("p", "b", "2026-08-05", "100", None)]
    found = matched(monthly("p", ["100"] * 3, first=5), postings)
    assert found.owed("p") == {"2026-06": 100, "2026-07": 200, "2026-08": 100}
    assert found.open["p", "2026-08", "2026-08"] == 100


def test_a_month_end_knows_nothing_of_what_states_its_period_later(matched):
    """55 of July's 100 are posted in July; that 100 more for July come in August changes nothing of what July's end owed."""
    postings = [("p", "a", "2026-07-31", "55", None), ("p", "b", "2026-08-03", "100", "2026-07")]
    found = matched(monthly("p", ["100", "100"], first=6), postings)
    assert found.owed("p") == {"2026-07": 45, "2026-08": 100}


@pytest.mark.parametrize(("end_of_july", "owed"), [("110", 0), ("80", 30), ("106", 0)])
def test_a_credit_for_the_last_month_taken_on_the_next_invoice_leaves_nothing_owed(matched, end_of_july, owed):
    """June costs 200 after a credit of 100, and 300 were posted; July's 210 are invoiced with the credit taken."""
    costs = {("p", "2026-05"): ("310", "0"), ("p", "2026-06"): ("200", "0"), ("p", "2026-07"): ("210", "0")}
    found = matched(costs, invoices("p", {"2026-05-31": "310", "2026-06-30": "300", "2026-07-31": end_of_july}))
    assert found.owed("p") == {"2026-05": 0, "2026-06": 0, "2026-07": owed, "2026-08": owed}


def test_a_credit_is_taken_with_the_invoice_and_not_before_it(matched):
    """July's invoice of 110, posted in August, leaves nothing open of it; August's own 50 are owed."""
    costs = monthly("p", ["200", "210", "50"], first=5)
    found = matched(costs, invoices("p", {"2026-06-30": "300", "2026-08-03": "110"}))
    assert found.owed("p") == {"2026-06": 0, "2026-07": 210, "2026-08": 50}


def test_a_first_month_refunded_in_full_owes_nothing_in_the_months_after(matched):
    """May's 300 were posted and refunded on June's invoice: 10 of 310 were left to pay. July is invoiced in full."""
    costs = monthly("p", ["0", "310", "300", "280"], first=4)
    found = matched(costs, invoices("p", {"2026-05-31": "300", "2026-06-30": "10", "2026-07-31": "300"}))
    assert found.owed("p") == {"2026-05": 0, "2026-06": 0, "2026-07": 0, "2026-08": 280}


def test_a_credit_goes_on_to_the_next_invoice_when_a_later_posting_has_paid_for_its_month(matched):
    """100 too much posted in May, June 100 short, July and August in full: each of them pays the month before first."""
    costs = monthly("p", ["200", "310", "300", "280"], first=4)
    postings = {"2026-05-31": "300", "2026-06-30": "210", "2026-07-31": "300", "2026-08-31": "280"}
    assert set(matched(costs, invoices("p", postings)).owed("p").values()) == {D(0)}


@pytest.mark.parametrize("own", [{}, {"2026-08-05": "40"}])
def test_a_double_posting_pays_for_no_month_whose_invoice_has_not_come(matched, own):
    """June's 100 posted twice and July's once; what is posted early in August is no invoice of August."""
    costs = monthly("p", ["100", "100", "100"], first=5)
    twice = [("p", "again", "2026-06-30", "100", None)]
    found = matched(costs, [*invoices("p", {"2026-06-30": "100", "2026-07-31": "100"} | own), *twice])
    assert found.owed("p") == {"2026-06": 0, "2026-07": 0, "2026-08": 60 if own else 100}


def test_what_is_posted_without_a_bill_or_before_the_first_pays_for_no_later_month(matched):
    """Nothing is used in July: 500 posted there, like the 90 of early June, leave August's 40 open."""
    costs = {("p", "2026-06"): ("100", "0"), ("p", "2026-08"): ("100", "0")}
    postings = {"2026-06-02": "90", "2026-06-30": "100", "2026-07-15": "500", "2026-08-31": "60"}
    assert matched(costs, invoices("p", postings)).owed("p") == {"2026-06": 0, "2026-07": 0, "2026-08": 40}


def test_a_refund_larger_than_the_usage_of_its_month_reduces_what_is_owed(matched):
    found = matched(monthly("p", ["100", "-30", "100"], first=5), [])
    assert found.owed("p") == {"2026-06": 100, "2026-07": 70, "2026-08": 170}


def test_what_a_prepaid_paid_for_is_no_liability(matched):
    costs = {("p", "2026-07"): ("150", "120"), ("p", "2026-08"): ("120", "120")}
    found = matched(costs, invoices("p", {"2026-08-05": "31"}))
    assert found.owed("p") == {"2026-07": 30, "2026-08": 0}
    assert found.prepaid == {("p", "2026-07"): 120, ("p", "2026-08"): 120}


def test_the_books_own_release_of_a_prepaid_is_not_proposed_again(matched):
    costs = {("p", "2026-07"): ("120", "120"), ("p", "2026-08"): ("120", "120")}
    found = matched(costs, [*invoices("p", {"2026-07-31": "120"}), ("p", "s", "2026-08-31", "100", "2026-08")])
    assert found.prepaid == {("p", "2026-07"): 0, ("p", "2026-08"): 20}
    assert set(found.owed("p").values()) == {D(0)}


USED = monthly("p", ["310", "300", "310"], first=5)
TAXES = {("p", "2026-06"): "58.90", ("p", "2026-07"): "57.00", ("p", "2026-08"): "58.90"}
IN_ARREARS = {"2026-06": D(310), "2026-07": D(300), "2026-08": D(310)}
"""What is owed where each month is posted in the next."""


def test_the_tax_of_a_gross_invoice_settles_no_usage(matched):
    """310 and 300 used, and 58.90 and 57 of tax on the bill, posted as 368.90 and 357 in the month after."""
    found = matched(USED, invoices("p", {"2026-07-03": "368.90", "2026-08-03": "357"}), TAXES)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == {("p", "2026-07"): D("58.90"), ("p", "2026-08"): 57}


@pytest.mark.parametrize(
    ("invoice", "tax"),
    [
        ("310", "0"),
        ("301", "0"),
        ("320", "0"),
        ("330", "20"),
        ("339.45", "29.45"),
        ("360", "50"),
        ("384.40", "58.90"),
        ("387.34", "58.90"),
    ],
)
def test_a_posting_holds_the_tax_that_fits(matched, invoice, tax):
    """310 and 58.90 of tax: as cost alone within 5 %, as both within 5 % of both, or with the part of the tax that is not
    recoverable.
    """
    found = matched(USED, invoices("p", {"2026-07-03": invoice, "2026-08-03": "300"}), TAXES)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == ({("p", "2026-07"): D(tax)} if D(tax) else {})


def test_a_small_tax_is_told_from_a_difference_by_what_is_nearer(matched):
    """Three per cent of sales tax on 100: 103 holds it, 101 is a difference of one."""
    costs, taxes = monthly("p", ["100"] * 3, first=5), dict.fromkeys([("p", "2026-06"), ("p", "2026-07")], "3")
    found = matched(costs, invoices("p", {"2026-07-03": "103", "2026-08-03": "101"}), taxes)
    assert set(found.owed("p").values()) == {D(100)}
    assert found.tax == {("p", "2026-07"): 3}


@pytest.mark.parametrize(("invoice", "tax"), [("610", None), ("725.90", "115.90")])
def test_a_posting_of_two_months_is_net_or_gross_as_a_whole(matched, invoice, tax):
    found = matched(USED, invoices("p", {"2026-08-03": invoice}), TAXES)
    assert found.owed("p") == {"2026-06": 310, "2026-07": 610, "2026-08": 310}
    assert found.tax == ({("p", "2026-08"): D(tax)} if tax else {})


def test_a_net_posting_beyond_cost_and_tax_goes_on_to_the_next_month(matched):
    found = matched(USED, invoices("p", {"2026-08-03": "450"}), TAXES)
    assert {s: found.open["p", "2026-08", s] for s in PERIODS[5:]} == {"2026-06": 0, "2026-07": 160, "2026-08": 310}
    assert found.tax == {}


@pytest.mark.parametrize(("instalment", "left"), [("90", "40"), ("95", "60"), ("98", "72"), ("75", "55")])
def test_a_net_instalment_that_ends_a_month_goes_on_to_the_next(matched, instalment, left):
    """320 and then 300 used with 58.90 of tax, paid by card so much at a time: what exceeds 320 is for the next month."""
    costs = monthly("p", ["320", "300", "310"], first=5)
    paid = [("p", f"{n}", "2026-07-03", instalment, None) for n in range(5 if instalment == "75" else 4)]
    found = matched(costs, paid, TAXES)
    assert {s: found.open["p", "2026-07", s] for s in PERIODS[5:7]} == {"2026-06": 0, "2026-07": D(300) - D(left)}
    assert found.tax == {}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_tax_posted_by_itself_settles_no_usage(matched, order):
    """Two entries of a day, without account type: which comes first changes nothing."""
    net, tax = order
    postings = [("p", net, "2026-07-03", "310", None), ("p", tax, "2026-07-03", "58.90", None)]
    found = matched(USED, [*postings, *invoices("p", {"2026-08-03": "300"})], TAXES)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == {("p", "2026-07"): D("58.90")}


def test_a_gross_invoice_in_two_entries_holds_the_tax_in_the_second(matched):
    postings = [("p", "a", "2026-07-03", "200", None), ("p", "b", "2026-07-20", "168.90", None)]
    found = matched(USED, [*postings, *invoices("p", {"2026-08-03": "300"})], TAXES)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == {("p", "2026-07"): D("58.90")}


def test_who_posts_tax_on_lines_of_its_own_posts_usage_without_it(matched):
    """368.90 is June's 310 and 58.90 of July where the tax stands on another line, else it would count twice."""
    own = [("p", "t", "2026-07-03", "58.90", None)]
    found = matched(USED, invoices("p", {"2026-07-03": "368.90"}), TAXES, own)
    assert found.owed("p")["2026-07"] == D("241.10")
    assert found.tax == {}


@pytest.mark.parametrize(("invoice", "tax"), [("310", None), ("318", None), ("368.90", "58.90"), ("400", "58.90")])
def test_a_posting_that_states_its_period_holds_the_tax_of_it(matched, invoice, tax):
    postings = [("p", "a", "2026-07-03", invoice, "2026-06")]
    found = matched(USED, [*postings, *invoices("p", {"2026-08-03": "300"})], TAXES)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == ({("p", "2026-07"): D(tax)} if tax else {})


def test_what_a_second_posting_of_a_stated_period_adds_beyond_its_cost_is_tax(matched):
    postings = [("p", "a", "2026-07-03", "310", "2026-06"), ("p", "b", "2026-08-03", "58.90", "2026-06")]
    assert matched(USED, postings, TAXES).tax == {("p", "2026-08"): D("58.90")}


@pytest.mark.parametrize("states", [None, "2026-07"])
def test_tax_releases_no_prepaid(matched, states):
    """100 of July's 200 came from a prepaid; the other 100 are posted gross, and the prepaid is still to be released."""
    costs = {("p", "2026-07"): ("200", "100")}
    found = matched(costs, [("p", "a", "2026-07-31", "119", states)], {("p", "2026-07"): "19"})
    assert (found.prepaid["p", "2026-07"], found.owed("p")["2026-07"]) == (100, 0)
    assert found.tax == {("p", "2026-07"): 19}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_gross_invoice_of_one_account_is_told_from_that_of_another(matched, order):
    """Two accounts in two currencies, 480 at the bill's rates: one of 310 with 58.90 of tax, the other without; posted are 310
    and 155 of cost, within 5 % of 480, and the tax.
    """
    gross, net = order
    postings = [("p", gross, "2026-07-03", "368.90", None), ("p", net, "2026-07-03", "155", None)]
    costs = {("p", "2026-06"): ("480", "0"), ("p", "2026-07"): ("300", "0")}
    found = matched(costs, postings, {("p", "2026-06"): "60"}, bills=[("p", "2026-06", "310", "58.90")])
    assert found.owed("p") == {"2026-06": D(480), "2026-07": D(300), "2026-08": D(300)}
    assert found.tax == {("p", "2026-07"): D("58.90")}


@pytest.mark.parametrize("day", ["2026-08-05", "2026-08-25"])
def test_tax_that_is_taken_back_for_several_months_reopens_no_usage(matched, day):
    """June's 368.90 and July's 357 are posted gross, and their tax, 58.90 and 57, taken back in one entry."""
    found = matched(USED, invoices("p", {"2026-07-03": "368.90", "2026-08-03": "357", day: "-115.90"}), TAXES)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == {("p", "2026-07"): D("58.90"), ("p", "2026-08"): D("-58.90")}


def test_a_credit_of_the_size_of_a_tax_that_no_posting_holds_is_for_usage(matched):
    """July's 300, posted net, less 58.90: as much of July is open again, beside August's 310."""
    found = matched(USED, invoices("p", {"2026-07-03": "310", "2026-08-03": "300", "2026-08-25": "-58.90"}), TAXES)
    assert found.owed("p") == IN_ARREARS | {"2026-08": D("368.90")}
    assert found.tax == {}


def test_a_credit_of_the_size_of_a_tax_that_fits_as_usage_is_for_usage(matched):
    """100 of July's 600 and a fifth of tax are credited, 120 in all, which is June's tax too: 600 posted is 500 and its tax."""
    costs, taxes = monthly("p", ["600", "500", "310"], first=5), {("p", "2026-06"): "120", ("p", "2026-07"): "100"}
    found = matched(costs, invoices("p", {"2026-07-03": "720", "2026-08-03": "720", "2026-08-20": "-120"}), taxes)
    assert found.owed("p") == {"2026-06": D(600), "2026-07": D(500), "2026-08": D(310)}
    assert found.tax == {("p", "2026-07"): 120, ("p", "2026-08"): 100}


@pytest.mark.parametrize("kind", ["month", "later"])
def test_what_was_known_before_tax_was_taken_back_stays(matched, kind):
    """At the end of July nothing is known of what August takes back; a further invoice in August changes nothing of it."""
    more = {"2026-08-31": "368.90"} if kind == "later" else {}
    found = matched(
        USED, invoices("p", {"2026-07-03": "368.90", "2026-08-03": "357", "2026-08-20": "-115.90"} | more), TAXES
    )
    assert found.owed("p") == IN_ARREARS | ({"2026-08": D(0)} if more else {})


def test_tax_that_the_bill_gives_back_makes_the_invoice_smaller_and_not_the_usage(matched):
    """June's 58.90 were posted, and July's bill takes them back: 241.10 pay for 300."""
    taxes = {("p", "2026-06"): "58.90", ("p", "2026-07"): "-58.90"}
    found = matched(USED, invoices("p", {"2026-07-03": "368.90", "2026-08-03": "241.10"}), taxes)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == {("p", "2026-07"): D("58.90"), ("p", "2026-08"): D("-58.90")}


@pytest.mark.parametrize("states", [None, "2026-07"])
def test_a_marked_line_that_takes_tax_back_leaves_gross_invoices_gross(matched, states):
    own = [("p", "t", "2026-08-25", "-115.90", None)]
    postings = [*invoices("p", {"2026-07-03": "368.90"}), ("p", "b", "2026-08-03", "357", states)]
    found = matched(USED, postings, TAXES, own)
    assert found.owed("p") == IN_ARREARS
    assert found.tax == {("p", "2026-07"): D("58.90"), ("p", "2026-08"): 57}


ON_DAYS = [
    ("p", f"2026-{month:02}-{day:02}", str(part)) for month in (6, 7, 8) for day, part in ((4, 20), (15, 50), (28, 100))
]
"""What the bill shows of 100 a month by the day."""


def by_day(*days: tuple[str, str, str]) -> list[tuple[str, str, str, str]]:
    return [(provider, day[:7], day, amount) for provider, day, amount in days or ON_DAYS]


@pytest.mark.parametrize("again", ["2026-07-05", "2026-07-06", "2026-07-24"])
def test_an_invoice_posted_twice_pays_for_no_month_that_is_not_used_yet(matched, again):
    """June's 100 are posted twice in July, whose bill shows 20 by the 5th and 50 by the 24th; July's 100 once, in August."""
    postings = [*invoices("p", {"2026-07-05": "100", "2026-08-05": "100"}), ("p", "second", again, "100", None)]
    found = matched(monthly("p", ["100"] * 3, first=5), postings, by_day=by_day())
    assert found.owed("p") == {"2026-06": 100, "2026-07": 100, "2026-08": 100}


def test_a_double_posting_that_is_taken_back_is_owed_by_nobody(matched):
    """July's 100 were posted in August; the credit of the same month is against June's second copy."""
    postings = [("p", "second", "2026-07-06", "100", None), ("p", "back", "2026-08-20", "-100", None)]
    found = matched(
        monthly("p", ["100"] * 3, first=5),
        [*invoices("p", {"2026-07-05": "100", "2026-08-05": "100"}), *postings],
        by_day=by_day(),
    )
    assert found.owed("p") == {"2026-06": 100, "2026-07": 100, "2026-08": 100}


def test_an_accrual_of_the_company_that_is_not_reversed_pays_for_one_month(matched):
    """95 accrued for June and July, reversed of June alone: the invoice of July, posted on 5 August, pays for nothing more."""
    own = [
        ("p", "a", "2026-06-30", "95", None),
        ("p", "b", "2026-07-01", "-95", None),
        ("p", "c", "2026-07-31", "95", None),
    ]
    postings = [*own, *invoices("p", {"2026-07-05": "100", "2026-08-05": "100"})]
    found = matched(monthly("p", ["100"] * 3, first=5), postings, by_day=by_day())
    assert found.owed("p") == {"2026-06": 0, "2026-07": 0, "2026-08": 100}


@pytest.mark.parametrize(("second", "owed"), [("50", 50), ("30", 70), ("55", 45), ("60", 100)])
def test_who_is_paid_in_arrears_may_be_paid_for_what_the_bill_shows_on_the_day(matched, second, owed):
    """A card is charged in mid-July for July's usage so far, 50 and a difference of 5 % of the month; 60 are more than that."""
    postings = [*invoices("p", {"2026-07-05": "100"}), ("p", "card", "2026-07-20", second, None)]
    found = matched(monthly("p", ["100"] * 3, first=5), postings, by_day=by_day())
    assert found.owed("p")["2026-07"] == owed


def test_who_is_paid_within_the_month_goes_on_to_be(matched):
    """June's 100 are posted in its last week, July's and August's on the 14th, when the bill shows 20 of them."""
    postings = invoices("p", {"2026-06-28": "100", "2026-07-14": "100", "2026-08-14": "100"})
    found = matched(monthly("p", ["100"] * 3, first=5), postings, by_day=by_day())
    assert set(found.owed("p").values()) == {D(0)}


def test_without_a_bill_by_day_nothing_is_held_back(matched):
    postings = [*invoices("p", {"2026-07-05": "100"}), ("p", "second", "2026-07-06", "100", None)]
    assert matched(monthly("p", ["100"] * 3, first=5), postings).owed("p")["2026-07"] == 0


GROSS = [120, 120, 124, 112, 20, 48, 300, 240]
"""Postings of 100, 40 and 250 with a fifth of tax, of a part of it, and of tax alone."""


# --- a small model of the same rules: postings one by one, a credit note unwinds the latest and settles it anew --------


def read(
    posted: list[tuple[str, str, Decimal]], costs: dict[str, Decimal], taxes: dict[str, Decimal], end: str
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """What stays open by period at the end of one, and what tax was posted by period. Credits that are stated tax take it back
    where postings hold as much, and where less is left in part by the end of the last credit's period than else.
    """
    known = [one for one in posted if one[0] <= end]
    last = max((period for period, _, amount in known if amount < 0), default="")
    returns = [one for one in known if one[2] < 0 and any(_is_tax(-one[2], tax) for tax in _runs(taxes, one[0]))]
    early = [one for one in known if one[0] <= last]
    opened, held, amiss = settle([one for one in early if one not in returns], costs, taxes, last)
    returned, in_all = -sum((one[2] for one in returns), D(0)), sum(held.values(), D(0))
    if amiss < settle(early, costs, taxes, last)[2] and (returned <= in_all or _is_tax(returned, in_all)):
        opened, held, _ = settle([one for one in known if one not in returns], costs, taxes, end)
        for period, _, amount in returns:
            held[period] = held.get(period, D(0)) + amount
    else:
        opened, held, _ = settle(known, costs, taxes, end)
    return opened, {period: tax for period, tax in held.items() if tax}


def _runs(taxes: dict[str, Decimal], end: str) -> list[Decimal]:
    """The tax of each period up to one, and of all that follow on each other."""
    periods = [period for period in sorted(taxes) if period <= end]
    return [sum((taxes[one] for one in periods[a:b]), D(0)) for b in range(len(periods) + 1) for a in range(b)]


def settle(
    posted: list[tuple[str, str, Decimal]], costs: dict[str, Decimal], taxes: dict[str, Decimal], end: str
) -> tuple[dict[str, Decimal], dict[str, Decimal], int]:
    """What stays open by period at the end of one, and what tax was posted by period, of postings (period, day, amount); and how
    many periods are paid in part, and postings in none.
    """
    opened = {period: cost for period, cost in costs.items() if cost}
    first = min((period for period, cost in opened.items() if cost > 0), default="9999-12")
    held: dict[str, Decimal] = {}
    unseen = D(0)
    left_over: list[Decimal] = []
    unused = 0
    postings = net(posted)
    reduced = [day for _, day, amount in posted if amount > 0 and _on(day, postings) < _on(day, posted)]
    paid: dict[str, list[str]] = {period: [] for period in opened}
    for period, day, amount in postings:
        rest, passed, is_first = amount, D(0), True
        if _is_for(day, first):
            for due in [one for one in sorted(opened) if opened[one] and one <= period]:
                tax = passed + taxes.get(due, D(0))
                share = _tax(rest, opened[due], tax, costs[due], is_first and opened[due] == costs[due])
                if opened[due] > 0 and (share or abs(rest - opened[due]) * 20 <= abs(costs[due])):
                    held[period] = held.get(period, D(0)) + share
                    unseen = D(0) if share else tax
                    paid[due].append(day)
                    opened[due] = rest = D(0)
                    break
                if is_first and _is_tax(rest, unseen):
                    break
                paid[due].append(day)
                part = opened[due] if rest > opened[due] else rest
                opened[due] -= part
                rest -= part
                if rest == 0:
                    break
                passed, is_first = tax, False
        if is_first and rest and _is_tax(rest, unseen):
            held[period] = held.get(period, D(0)) + min(rest, unseen)
            unseen = rest = D(0)
        unused += rest > 0
        if period in costs and _is_for(day, min(costs)):
            left_over.append(rest)
    amiss = unused + sum(bool(paid[period]) and opened[period] > 0 for period in opened)
    _carry(sum(left_over, D(0)), opened, costs, paid, reduced, end)
    return opened, held, amiss


def _on(day: str, postings: list[tuple[str, str, Decimal]]) -> Decimal:
    """What is posted on the day, credit notes apart."""
    return sum((amount for _, one, amount in postings if one == day and amount > 0), D(0))


def _carry(
    carried: Decimal,
    opened: dict[str, Decimal],
    costs: dict[str, Decimal],
    paid: dict[str, list[str]],
    reduced: list[str],
    end: str,
) -> None:
    """Take what is left over off what is open of periods whose own invoice has come, or came and was taken back."""
    for due in sorted(opened):
        again = [day for older, days in paid.items() if older < due for day in days[1:]]
        invoices_of = [day for day in paid[due] + again + reduced if _is_for(day, due)]
        if costs[due] > 0 and opened[due] > 0 and due <= end and invoices_of and carried:
            part = min(carried, opened[due])
            carried -= part
            opened[due] -= part
            if opened[due] * 20 <= costs[due]:
                opened[due] = D(0)


def _tax(rest: Decimal, due: Decimal, tax: Decimal, cost: Decimal, is_whole: bool) -> Decimal:
    """What of the tax a posting holds that pays what is due."""
    over = rest - due
    if min(tax, due, over) <= 0:
        return D(0)
    if _is_tax(over, tax):
        return min(over, tax)
    is_near, is_near_with_tax = over * 20 <= cost, abs(over - tax) * 20 <= cost + tax
    if is_whole and is_near_with_tax and over > abs(over - tax):
        return min(over, tax)
    return over if is_whole and not is_near and over < tax else D(0)


def _is_tax(amount: Decimal, tax: Decimal) -> bool:
    return tax > 0 and abs(amount - tax) * 100 <= tax


def _is_for(day: str, period: str) -> bool:
    """Whether a posting of ``day`` is dated in the last week of the period or later."""
    return day[:7] > period or (day[:7] == period and int(day[8:]) > _days(period) - 7)


def _days(period: str) -> int:
    year, month = int(period[:4]), int(period[5:])
    return (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days


def net(postings: list[tuple[str, str, Decimal]]) -> list[tuple[str, str, Decimal]]:
    """What credit notes leave of the postings before them, the latest first; credit that waits goes against the next."""
    stack: list[tuple[str, str, Decimal]] = []
    waiting = D(0)
    for period, day, amount in sorted(postings, key=lambda one: (one[0], one[1], one[2] < 0)):
        if amount > 0:
            used = min(waiting, amount)
            waiting -= used
            if amount > used:
                stack.append((period, day, amount - used))
            continue
        credit = -amount
        while credit and stack:
            last = stack.pop()
            taken = min(credit, last[2])
            credit -= taken
            if last[2] > taken:
                stack.append((last[0], last[1], last[2] - taken))
        waiting += credit
    return stack


def test_postings_are_settled_as_the_small_model_says(matched):
    random.seed(20261127)
    costs: Costs = {}
    taxes: Taxes = {}
    postings: list[Posting] = []
    plain: dict[str, tuple[dict[str, Decimal], list[tuple[str, str, Decimal]], dict[str, Decimal]]] = {}
    for number in range(150):
        provider, first = f"p{number}", random.randrange(4)
        cost = {period: D(random.choice([100, 100, 100, 40, 250, 0, -30])) for period in PERIODS[first:]}
        posted = []
        for period in PERIODS:
            for _ in range(random.choice([0, 1, 1, 2])):
                amount = D(
                    random.choice([100, 100, 98, 104, 40, 250, 60, 44, 300, -40, -100, -7, *GROSS * (number % 2)])
                )
                posted.append((period, f"{period}-{random.choice([3, 5, 20, 28]):02}", amount))
        tax = {period: amount / 5 for period, amount in cost.items() if amount > 0} if number % 2 else {}
        taxes |= {(provider, period): str(amount) for period, amount in tax.items()}
        plain[provider] = cost, posted, tax
        costs |= {(provider, period): (str(amount), "0") for period, amount in cost.items()}
        postings += [(provider, f"{provider}-{n:02}", day, str(a), None) for n, (_, day, a) in enumerate(posted)]
    found = matched(costs, postings, taxes)
    for provider, (cost, posted, tax) in plain.items():
        for end in [period for period in PERIODS if period >= min(cost)]:
            opened, held = read(posted, cost, tax, end)
            expected = {period: opened.get(period, D(0)) for period in cost if period <= end}
            seen = {period: found.open[provider, end, period] for period in expected}
            assert seen == expected, (provider, end, cost, posted)
        assert {period: amount for (name, period), amount in found.tax.items() if name == provider} == held
