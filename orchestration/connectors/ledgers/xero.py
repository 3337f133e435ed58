"""Xero journals: every posting of an organisation, signed on NetAmount (positive debit, negative credit).

Source: ``GET /Journals?offset=``, 100 a page, or its pages in files. The offset is a JournalNumber, there is no filter by
date, and reversals come as new journals. Grain: one row per journal line; the entry is its JournalNumber. Amounts are in the
organisation's base currency. Journals name no counterparty: it comes from the document behind a journal (pages of Invoices,
CreditNotes, BankTransactions), else from a tracking category. Tracking categories named Department, Product, Customer and
Vendor fill those columns.
Failure mode: an answer that is not what Xero promises is :class:`SchemaDrift` that names file and journal.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from orchestration.connectors.http import JsonApi
from orchestration.connectors.ledgers.shapes import (
    Books,
    LedgerRow,
    Page,
    account_kind,
    entries,
    ledger_row,
    month_of,
    signed_sides,
    text_of,
    with_own_number,
    worded,
)
from orchestration.connectors.payload import Record

SOURCE = "xero"
DOCUMENTS = {"Invoices": "InvoiceID", "CreditNotes": "CreditNoteID", "BankTransactions": "BankTransactionID"}
TRACKED = {
    "department": "department_id",
    "product": "product_id",
    "customer": "customer_id",
    "vendor": "counterparty_name",
    "supplier": "counterparty_name",
}
ACCOUNT_TYPES = {
    "BANK": "bank",
    "CURRENT": "other_current_asset",
    "INVENTORY": "other_current_asset",
    "PREPAYMENT": "other_current_asset",
    "FIXED": "fixed_asset",
    "NONCURRENT": "other_asset",
    "CURRLIAB": "other_current_liability",
    "LIABILITY": "other_current_liability",
    "PAYG": "other_current_liability",
    "PAYGLIABILITY": "other_current_liability",
    "SUPERANNUATIONLIABILITY": "other_current_liability",
    "WAGESPAYABLELIABILITY": "other_current_liability",
    "TERMLIAB": "long_term_liability",
    "EQUITY": "equity",
    "REVENUE": "income",
    "SALES": "income",
    "OTHERINCOME": "other_income",
    "DIRECTCOSTS": "cost_of_goods_sold",
    "EXPENSE": "expense",
    "OVERHEADS": "expense",
    "DEPRECIATN": "expense",
    "SUPERANNUATIONEXPENSE": "expense",
    "WAGESEXPENSE": "expense",
}
DOCUMENT_TYPES = {
    "ACCREC": "invoice",
    "ACCPAY": "bill",
    "ACCRECCREDIT": "credit_memo",
    "ACCPAYCREDIT": "vendor_credit",
    "ACCRECPAYMENT": "payment",
    "ACCPAYPAYMENT": "bill_payment",
    "CASHREC": "deposit",
    "CASHPAID": "expense",
    "MANJOURNAL": "journal_entry",
}
_XERO_DATE = re.compile(r"/Date\((-?\d+)(?:([+-])(\d{2})(\d{2}))?\)/")
_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T00:00:00(\.0+)?Z?)?")


def convert(pages: Sequence[Page], books: Books) -> dict[str, list[LedgerRow]]:
    """Rows by the name of the page they came from."""
    bodies = [Record(SOURCE, page.name, page.body) for page in pages]
    counterparties = dict(pair for body in bodies for pair in _counterparties(body))
    rows: dict[str, list[LedgerRow]] = {}
    for body in bodies:
        if "Journals" in body:
            found = rows.setdefault(body.stream, [])
            for number, journal in entries(body, "Journals", "JournalNumber"):
                found += _journal_rows(number, journal, books, counterparties)
        elif not any(name in body for name in DOCUMENTS):
            raise body.drift(f"the page holds neither Journals nor {', '.join(DOCUMENTS)}")
    return rows


def read(api: JsonApi, start: date) -> Iterator[Page]:
    """Every journal of the organisation from its first, and the documents dated from ``start`` that name who was paid."""
    offset = 0
    while True:
        page = Page(SOURCE, api.get("/Journals", [("offset", str(offset))]))
        body = Record(SOURCE, "Journals", page.body)
        numbers = [journal.whole("JournalNumber") for journal in body.parts("Journals")]
        if not numbers:
            break
        if min(numbers) <= offset:
            raise body.drift(f"the page after journal {offset} holds journal {min(numbers)}")
        offset = max(numbers)
        yield page
    for name in DOCUMENTS:
        yield from _documents(api, name, start)


def base_currency(api: JsonApi) -> str:
    """The currency that the organisation's journals are kept in."""
    (organisation,) = Record(SOURCE, "Organisation", api.get("/Organisation")).parts("Organisations")
    return organisation.currency("BaseCurrency")


def _documents(api: JsonApi, name: str, start: date) -> Iterator[Page]:
    number = 1
    since = f"Date>=DateTime({start.year},{start.month},{start.day})"
    while True:
        page = Page(SOURCE, api.get(f"/{name}", [("where", since), ("order", "Date ASC"), ("page", str(number))]))
        if not Record(SOURCE, name, page.body).parts(name):
            return
        yield page
        number += 1


def _counterparties(body: Record) -> Iterator[tuple[str, str]]:
    for name, key in DOCUMENTS.items():
        if name in body:
            for document in body.parts(name):
                contact = document.optional_part("Contact")
                called = contact.optional_text("Name") if contact else None
                if called:
                    yield document.text(key), called


def _journal_rows(number: str, journal: Record, books: Books, counterparties: dict[str, str]) -> Iterator[LedgerRow]:
    day = posting_date(journal)
    document = worded(journal.optional_text("SourceType"), DOCUMENT_TYPES)
    counterparty = counterparties.get(journal.optional_text("SourceID") or "")
    reference = journal.optional_text("Reference")
    for position, line in enumerate(journal.parts("JournalLines"), start=1):
        native = line.text("AccountType")
        debit, credit = signed_sides(text_of(line.value("NetAmount")))
        shared = {
            "journal_entry_id": number,
            "journal_line_number": str(position),
            "posting_date": day,
            "fiscal_period": month_of(day),
            "account_number": line.optional_text("AccountCode") or line.text("AccountID"),
            "account_name": line.text("AccountName"),
            **account_kind(native, ACCOUNT_TYPES),
            "debit_amount": debit,
            "credit_amount": credit,
            "counterparty_name": counterparty,
            "source_document_type": document,
            "description": with_own_number(line.optional_text("Description") or reference, reference),
        }
        yield ledger_row(books, **{**shared, **_tracking(line)})


def _tracking(line: Record) -> dict[str, str | None]:
    if "TrackingCategories" not in line or line.value("TrackingCategories") is None:
        return {}
    tracked = {}
    for category in line.parts("TrackingCategories"):
        column = TRACKED.get(category.text("Name").lower())
        if column:
            tracked[column] = category.optional_text("Option")
    return {column: option for column, option in tracked.items() if option is not None}


def posting_date(journal: Record) -> str:
    """The journal's own day, as YYYY-MM-DD: the date that ``/Date(ms+0000)/`` shows at the offset it carries."""
    written = journal.text("JournalDate")
    if plain := _ISO_DATE.fullmatch(written):
        return plain[1]
    found = _XERO_DATE.fullmatch(written)
    if found is None:
        raise journal.drift(f"{journal.where}: JournalDate is not a date", written)
    shift = timedelta(hours=int(found[3] or 0), minutes=int(found[4] or 0)) * (-1 if found[2] == "-" else 1)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1])) + shift
    if moment.time() != moment.time().min:
        raise journal.drift(f"{journal.where}: JournalDate is not the midnight of a day", written)
    return moment.date().isoformat()
