"""QuickBooks Online: the GeneralLedger report (every posting) and pages of JournalEntry (manual journals only).

Source: ``GET /reports/GeneralLedger`` month by month, or ``GET /query`` for JournalEntry, or the same JSON in files. Both need
pages of ``select * from Account`` beside them, because neither says what kind of account a line is on. Grain: one row per
line; the entry is the transaction's id, a report's lines are counted within their transaction in the report's order. Amounts
of the report are in the home currency, those of JournalEntry in the entry's own. Location is the department, class the
product, a customer the customer.
The report's debit and credit columns are used as they are; a blank cell is no amount on that side. Without them its
``Amount`` is in the account's natural sign, so that it is a debit on assets and expenses and a credit elsewhere.
Failure mode: an answer that is not what QuickBooks promises is :class:`SchemaDrift` that names file and journal.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

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

SOURCE = "quickbooks"
PAGE_SIZE = 1000
VERSION = ("minorversion", "75")
ALL_ACCOUNTS = "select * from Account where Active in (true, false)"
REPORT_COLUMNS = (
    "tx_date,txn_type,doc_num,name,cust_name,memo,klass_name,dept_name,account_name,"
    "debt_amt,credit_amt,debt_home_amt,credit_home_amt,currency,exch_rate"
)
SIDES = (("debt_home_amt", "credit_home_amt"), ("debt_amt", "credit_amt"))
NATURAL = ("subt_nat_home_amount", "subt_nat_amount")
ACCOUNT_TYPES = {
    "Bank": "bank",
    "Accounts Receivable": "accounts_receivable",
    "Other Current Asset": "other_current_asset",
    "Fixed Asset": "fixed_asset",
    "Other Asset": "other_asset",
    "Accounts Payable": "accounts_payable",
    "Credit Card": "credit_card",
    "Other Current Liability": "other_current_liability",
    "Long Term Liability": "long_term_liability",
    "Equity": "equity",
    "Income": "income",
    "Other Income": "other_income",
    "Cost of Goods Sold": "cost_of_goods_sold",
    "Expense": "expense",
    "Other Expense": "other_expense",
}
DOCUMENT_TYPES = {"Journal Entry": "journal_entry", "Bill Payment (Check)": "bill_payment", "Check": "expense"}
TRUNCATED = "Unable to display more data"
"""How a row begins that stands for those which a report is too long to show."""


@dataclass(frozen=True)
class Account:
    """One account of the chart: its leaf name, its name with those of its parents, and the columns of a ledger row."""

    name: str
    qualified_name: str
    columns: dict[str, str | None]


class Chart:
    """Accounts by id, by qualified name, and by leaf name where no two accounts share it."""

    def __init__(self, accounts: Iterable[tuple[str, Account]]) -> None:
        self._by_id = dict(accounts)
        self._by_name = {one.qualified_name: one for one in self._by_id.values()}
        leaves = Counter(one.name for one in self._by_id.values())
        self._shared = {name for name, count in leaves.items() if count > 1}
        for one in self._by_id.values():
            if one.name not in self._shared:
                self._by_name.setdefault(one.name, one)

    def account(
        self, body: Record, entry: str, account_id: str | None, names: Sequence[str | None]
    ) -> dict[str, str | None]:
        """The columns of the account with that id, else with the first of ``names`` that is known."""
        found = self._by_id.get(account_id or "")
        known = [self._by_name[name] for name in names if name in self._by_name]
        if found is None and known:
            found = known[0]
        if found is None:
            shown = account_id or names[-1]
            if names[-1] in self._shared:
                raise body.drift(f"journal {entry}: several accounts are called {shown}, and it says no more of them")
            raise body.drift(
                f"journal {entry}: account {shown} is in no Account page; add the answer to '{ALL_ACCOUNTS}'"
            )
        return found.columns


def convert(pages: Sequence[Page], books: Books) -> dict[str, list[LedgerRow]]:
    """Rows by the name of the page they came from."""
    bodies = [Record(SOURCE, page.name, page.body) for page in pages]
    chart = Chart(found for body in bodies for found in _accounts(body))
    rows: dict[str, list[LedgerRow]] = {}
    for body in bodies:
        if "Header" in body:
            rows.setdefault(body.stream, []).extend(_report_rows(body, books, chart))
            continue
        answer = body.part("QueryResponse")
        if "JournalEntry" in answer:
            found = rows.setdefault(body.stream, [])
            for number, entry in entries(answer, "JournalEntry", "Id"):
                found += _entry_rows(number, entry, books, chart)
        elif "Account" not in answer and "maxResults" in answer:
            raise body.drift("the page is no GeneralLedger report and holds neither JournalEntry nor Account")
    return rows


def read(api: JsonApi, months: Sequence[tuple[date, date]], *, is_report: bool) -> Iterator[Page]:
    """The chart of accounts and, per month (first and last day), the report or the JournalEntry pages."""
    yield from _queried(api, ALL_ACCOUNTS, "Account")
    for first, last in months:
        if is_report:
            asked = [("start_date", first.isoformat()), ("end_date", last.isoformat())]
            asked += [("accounting_method", "Accrual"), ("columns", REPORT_COLUMNS), VERSION]
            yield Page(SOURCE, api.get("/reports/GeneralLedger", asked))
        else:
            text = f"select * from JournalEntry where TxnDate >= '{first}' and TxnDate <= '{last}' orderby Id"
            yield from _queried(api, text, "JournalEntry")


def _queried(api: JsonApi, text: str, name: str) -> Iterator[Page]:
    start = 1
    while True:
        asked = f"{text} startposition {start} maxresults {PAGE_SIZE}"
        page = Page(SOURCE, api.get("/query", [("query", asked), VERSION]))
        answer = Record(SOURCE, name, page.body).part("QueryResponse")
        found = len(answer.parts(name)) if name in answer else 0
        if found:
            yield page
        if found < PAGE_SIZE:
            return
        start += PAGE_SIZE


def _accounts(body: Record) -> Iterator[tuple[str, Account]]:
    answer = body.optional_part("QueryResponse")
    if answer is None or "Account" not in answer:
        return
    for account in answer.parts("Account"):
        number, name = account.text("Id"), account.text("Name")
        columns = {
            "account_number": account.optional_text("AcctNum") or number,
            "account_name": name,
            **account_kind(account.text("AccountType"), ACCOUNT_TYPES),
        }
        yield number, Account(name, account.optional_text("FullyQualifiedName") or name, columns)


def _entry_rows(number: str, entry: Record, books: Books, chart: Chart) -> Iterator[LedgerRow]:
    day, currency = entry.text("TxnDate"), entry.optional_part("CurrencyRef")
    note = entry.optional_text("PrivateNote")
    for line in entry.parts("Line"):
        if line.text("DetailType") == "DescriptionOnly":
            continue
        detail = line.part("JournalEntryLineDetail")
        side, amount = detail.text("PostingType"), text_of(line.value("Amount"))
        if side not in ("Debit", "Credit"):
            raise entry.drift(f"{entry.where}: PostingType is neither Debit nor Credit", side)
        account = detail.part("AccountRef")
        debit, credit = (amount, "0") if side == "Debit" else ("0", amount)
        yield ledger_row(
            books,
            journal_entry_id=number,
            journal_line_number=line.text("Id"),
            posting_date=day,
            fiscal_period=month_of(day),
            **chart.account(entry, number, account.text("value"), [account.optional_text("name")]),
            debit_amount=debit,
            credit_amount=credit,
            currency=currency.text("value") if currency else books.currency,
            exchange_rate=entry.optional_number("ExchangeRate"),
            department_id=_name(detail.optional_part("DepartmentRef")),
            product_id=_name(detail.optional_part("ClassRef")),
            source_document_type="journal_entry",
            description=with_own_number(
                line.optional_text("Description") or note, entry.optional_text("DocNumber"), note
            ),
            **_counterparty(detail.optional_part("Entity")),
        )


def _counterparty(entity: Record | None) -> dict[str, str | None]:
    if entity is None:
        return {}
    name = _name(entity.part("EntityRef"))
    is_customer = entity.optional_text("Type") == "Customer"
    return {"counterparty_name": name, "customer_id": name if is_customer else None}


def _name(reference: Record | None) -> str | None:
    return (reference.optional_text("name") or reference.text("value")) if reference else None


@dataclass(frozen=True)
class _Row:
    """One data row of the report: its cells by column, the headings it stands under, outermost first, and its place there."""

    cells: Mapping[str, Record]
    sections: tuple[Record, ...]
    is_first: bool

    @property
    def shown(self) -> list[str]:
        return [shown for cell in self.cells.values() if (shown := cell.optional_text("value"))]

    @property
    def is_opening_balance(self) -> bool:
        """Known by its place and by what it lacks, since its words follow the language of the books: the first row under an
        account, without document or amount.
        """
        amounts = [name for pair in SIDES for name in pair] + list(NATURAL)
        blank = [self.cells[name] for name in ("txn_type", *amounts) if name in self.cells]
        return (
            self.is_first
            and bool(self.sections)
            and not any(text_of(cell.value("value")) for cell in blank)
            and not any(shown.startswith(TRUNCATED) for shown in self.shown)
        )


def _report_rows(body: Record, books: Books, chart: Chart) -> Iterator[LedgerRow]:
    header = body.part("Header")
    if header.text("ReportName") != "GeneralLedger" or header.optional_text("ReportBasis") == "Cash":
        raise body.drift("the report is no GeneralLedger on accrual basis; ask for accounting_method=Accrual")
    columns = [_column_key(column) for column in body.part("Columns").parts("Column")]
    missing = [name for name in ("tx_date", "txn_type") if name not in columns]
    if missing:
        raise body.drift(f"the report has no column {', '.join(missing)}; ask for columns={REPORT_COLUMNS}")
    home = Books(books.legal_entity_id, header.optional_text("Currency") or books.currency)
    counted: Counter[str] = Counter()
    for row in _data_rows(body.part("Rows"), columns, ()):
        number = row.cells["txn_type"].optional_text("id")
        if number is None:
            if row.is_opening_balance:
                continue
            raise body.drift("a row of the report names no transaction", " ".join(row.shown))
        counted[number] += 1
        named = [row.cells["account_name"]] if "account_name" in row.cells else row.sections
        if not named:
            raise body.drift(f"journal {number} stands under no account")
        path = [one.optional_text("value") or "" for one in named]
        names = [":".join(path[start:]) for start in range(len(path))]
        columns_of = chart.account(body, number, named[-1].optional_text("id"), names)
        yield _report_row(home, number, counted[number], row.cells, columns_of)


def _report_row(
    books: Books, number: str, position: int, cells: Mapping[str, Record], account: dict[str, str | None]
) -> LedgerRow:
    def cell(name: str) -> str | None:
        return text_of(cells[name].value("value")) if name in cells else None

    day = cell("tx_date")
    is_foreign = "currency" in cells and "debt_home_amt" not in cells
    debit, credit = _report_sides(cells, account["account_class"])
    return ledger_row(
        books,
        journal_entry_id=number,
        journal_line_number=str(position),
        posting_date=day,
        fiscal_period=month_of(day),
        **account,
        debit_amount=debit,
        credit_amount=credit,
        currency=(cell("currency") if is_foreign else None) or books.currency,
        department_id=cell("dept_name"),
        product_id=cell("klass_name"),
        customer_id=cell("cust_name"),
        counterparty_name=cell("name"),
        source_document_type=worded(cell("txn_type"), DOCUMENT_TYPES),
        description=with_own_number(cell("memo"), cell("doc_num")),
    )


def _report_sides(cells: Mapping[str, Record], account_class: str | None) -> tuple[str | None, str | None]:
    for debit, credit in SIDES:
        if debit in cells and credit in cells:
            return text_of(cells[debit].value("value")) or "0", text_of(cells[credit].value("value")) or "0"
    natural = next((text_of(cells[name].value("value")) for name in NATURAL if name in cells), None)
    first, second = signed_sides(natural)
    return (first, second) if account_class in ("asset", "expense") else (second, first)


def _column_key(column: Record) -> str:
    for one in column.parts("MetaData") if "MetaData" in column else []:
        if one.optional_text("Name") == "ColKey":
            return one.text("Value")
    return column.text("ColType")


def _data_rows(rows: Record, columns: Sequence[str], sections: tuple[Record, ...]) -> Iterator[_Row]:
    is_first = True
    for row in rows.parts("Row") if "Row" in rows else []:
        if "ColData" in row:
            cells = row.parts("ColData")
            if len(cells) != len(columns):
                raise row.drift(f"a row has {len(cells)} cells under {len(columns)} columns")
            yield _Row(dict(zip(columns, cells, strict=True)), sections, is_first)
            is_first = False
        heading = row.optional_part("Header")
        inner = row.optional_part("Rows")
        if inner is not None:
            yield from _data_rows(inner, columns, (*sections, heading.parts("ColData")[0]) if heading else sections)
