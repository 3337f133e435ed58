"""Accruals of ours that the books still hold after the day of their reversal. Real model, rows written down by hand."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.compiled_models import build

D = Decimal
ACCRUED = ("TKN-ACC-p-2026-09", "2026-09-30", "300")
REVERSED = ("TKN-REV-p-2026-09", "2026-10-01", "-300")
INVOICE = ("V1", "2026-10-05", "300")
Entry = tuple[str, ...]
"""Journal, day, and debit less credit in an AI account; the account where it is not 5100, and a currency with its rate."""


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., list[tuple[str, str, date, Decimal]]]:
    """Period, journal, day of the reversal and what the books hold too much, or lack."""

    def of(
        *entries: Entry, entity: str | None = "le1", finding: str | None = "not_reversed"
    ) -> list[tuple[str, str, date, Decimal]]:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("create schema staging; create schema intermediate")
            connection.execute(
                "create table staging.stg_run__parameters as select 'USD' as reporting_currency, 2 as minor_unit_digits"
            )
            connection.execute(
                "create table intermediate.int_ai_postings_selected (legal_entity_id varchar, journal_entry_id varchar, "
                "own_journal_id varchar, provider varchar, fiscal_period varchar, posting_date date, is_reversal boolean, "
                "account_number varchar, posted_currency varchar, posted_amount decimal(38, 9), net_amount decimal(38, 9))"
            )
            connection.execute(
                "create table intermediate.int_ledger_entries_classified (legal_entity_id varchar, posting_date date); "
                "insert into intermediate.int_ledger_entries_classified values ('le2', '2026-12-31')"
            )
            for number, (journal, day, amount, *more) in enumerate(entries):
                account, currency, rate = [*more, *("5100", "USD", "1")[len(more) :]]
                own, is_reversal = (journal if journal.startswith("TKN-") else None), journal.startswith("TKN-REV-")
                connection.execute(
                    f"insert into intermediate.int_ai_postings_selected values ({','.join('?' * 11)})",
                    [
                        *(entity, f"{number}", own, "p", day[:7], day, is_reversal, account, currency),
                        *(D(amount), D(amount) * D(rate)),
                    ],
                )
                connection.execute(
                    "insert into intermediate.int_ledger_entries_classified values (?, ?)", [entity, day]
                )
            build(connection, ["accrual_journals_not_reversed"])
            rows = connection.execute(
                "select fiscal_period, journal_id, reversal_date, amount, finding "
                "from marts.accrual_journals_not_reversed order by all"
            ).fetchall()
            assert {row[-1] for row in rows} <= {finding}
            return [row[:-1] for row in rows]

    return of


@pytest.mark.parametrize("entity", ["le1", None])
def test_an_accrual_whose_reversal_was_forgotten_is_told(told, entity):
    assert told(ACCRUED, INVOICE, entity=entity) == [("2026-09", "TKN-ACC-p-2026-09", date(2026, 10, 1), D(300))]


@pytest.mark.parametrize("journal", ["TKN-ACC-p-2026-09", "TKN-ACC-p-2026-09-2"])
def test_an_accrual_posted_twice_and_reversed_once_is_told_once(told, journal):
    found = told(ACCRUED, (journal, "2026-09-30", "300"), REVERSED, INVOICE)
    assert found == [("2026-09", journal, date(2026, 10, 1), D(300))]


@pytest.mark.parametrize("day", ["2026-09-30", "2026-10-01", "2026-10-20"])
def test_an_accrual_that_was_reversed_on_whatever_day_is_not(told, day):
    assert told(ACCRUED, (REVERSED[0], day, "-300"), INVOICE) == []


@pytest.mark.parametrize("last_day", ["2026-09-30", "2026-10-01"])
def test_a_reversal_is_not_due_while_the_ledger_ends_before_it(told, last_day):
    """Another legal entity's ledger goes on."""
    assert told(ACCRUED, ("V0", last_day, "70")) == []


def test_a_reversal_under_a_number_of_the_accounting_system_counts_for_the_oldest(told):
    """September's 300 were reversed under another key; October's 310 were not, and November's are not due yet."""
    found = told(
        ACCRUED,
        ("TKN-REV-4711", "2026-10-01", "-300"),
        ("TKN-ACC-p-2026-10", "2026-10-31", "310"),
        ("V2", "2026-11-05", "310"),
        ("TKN-ACC-p-2026-11", "2026-11-30", "320"),
    )
    assert found == [("2026-10", "TKN-ACC-p-2026-10", date(2026, 11, 1), D(310))]


def test_a_reversal_of_what_was_accrued_before_the_ledger_begins_takes_nothing_back(told):
    assert told(("TKN-REV-p-2026-08", "2026-09-01", "-200"), ACCRUED, INVOICE) == [
        ("2026-09", "TKN-ACC-p-2026-09", date(2026, 10, 1), D(300))
    ]


def test_what_exceeds_a_partial_reversal_is_told_and_a_prepaid_is_never_reversed(told):
    assert told(ACCRUED, (REVERSED[0], "2026-10-01", "-120"), ("TKN-PRE-p-2026-09", "2026-09-30", "50"), INVOICE) == [
        ("2026-09", "TKN-ACC-p-2026-09", date(2026, 10, 1), D(180))
    ]


def test_an_accrued_credit_that_was_not_reversed_is_below_zero(told):
    assert told(("TKN-ACC-p-2026-09", "2026-09-30", "-40"), INVOICE) == [
        ("2026-09", "TKN-ACC-p-2026-09", date(2026, 10, 1), D(-40))
    ]


@pytest.mark.parametrize(
    "again", ["TKN-REV-p-2026-09", "TKN-REV-p-2026-09-2", "TKN-REV-p-2026-09x", "TKN-ACC-p-2026-09R"]
)
def test_an_accrual_that_was_reversed_twice_leaves_the_books_short(told, again):
    """300 accrued and 600 reversed: the second 300, whatever number it was given, is what the books lack."""
    found = told(ACCRUED, REVERSED, (again, "2026-10-02", "-300"), INVOICE, finding="reversed_beyond")
    assert found == [("2026-09", max(again, REVERSED[0]), date(2026, 10, 1), D(-300))]


def test_a_reversal_that_keeps_the_number_of_its_accrual_reverses_it(told):
    """QuickBooks puts an R behind the number of what it reverses: 300 back, and of October's 310 only 250."""
    october = ("TKN-ACC-p-2026-10", "2026-10-31", "310"), ("TKN-ACC-p-2026-10R", "2026-11-01", "-250")
    found = told(ACCRUED, ("TKN-ACC-p-2026-09R", "2026-10-01", "-300"), *october, ("V2", "2026-11-05", "310"))
    assert found == [("2026-10", "TKN-ACC-p-2026-10", date(2026, 11, 1), D(60))]


def test_a_reversal_beyond_all_accruals_under_a_number_of_its_own_is_told(told):
    """September's 300 are reversed as 4711, and 300 more as 4712."""
    more = ("TKN-REV-4711", "2026-10-01", "-300"), ("TKN-REV-4712", "2026-10-09", "-300")
    found = told(ACCRUED, *more, INVOICE, finding="reversed_beyond")
    assert found == [("2026-10", "TKN-REV-4712", date(2026, 10, 1), D(-300))]


def test_a_reversal_whose_accrual_was_never_posted_is_told(told):
    """The ledger goes back to the month whose accrual it is."""
    found = told(("V0", "2026-08-05", "70"), REVERSED, INVOICE, finding="reversed_beyond")
    assert found == [("2026-10", "TKN-REV-p-2026-09", date(2026, 10, 1), D(-300))]


def test_an_accrual_reversed_in_another_account_is_told_once(told):
    """Cost of goods sold keeps 300 that were taken from operating expense."""
    found = told(ACCRUED, (*REVERSED, "6200"), INVOICE, finding="reversed_elsewhere")
    assert found == [("2026-09", "TKN-ACC-p-2026-09", date(2026, 10, 1), D(300))]


@pytest.mark.parametrize(("rate", "left"), [("1.111111111", []), ("1.1111", []), ("1.05", [D("16.5")])])
def test_a_reversal_in_another_currency_leaves_what_can_be_posted(told, rate, left):
    """270 EUR at 1.111111111 are 300 but for 3 x 10^-8, at 1.05 283.50 and at 1.1111 299.997: below a cent nothing is told."""
    found = told(ACCRUED, (REVERSED[0], "2026-10-01", "-270", "5100", "EUR", rate), INVOICE)
    assert [row[-1] for row in found] == left
