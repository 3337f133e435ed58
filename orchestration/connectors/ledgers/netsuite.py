"""NetSuite: the posted lines of the general ledger as rows of one SuiteQL query.

Source: ``POST /services/rest/query/v1/suiteql``, 1000 rows a page, one month at a time because a query gives at most
100 000 rows; or the same pages in files. Grain: one row per accounting line; the entry is the transaction's internal id.
Amounts are in the currency of the subsidiary's books. Rows that are not posting, or are of another book than the primary one,
are left out. A column without a value is absent from NetSuite's rows.
Failure mode: an answer that is not what NetSuite promises is :class:`SchemaDrift` that names file and entry.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from orchestration.connectors.http import JsonApi
from orchestration.connectors.ledgers.shapes import (
    Books,
    LedgerRow,
    Page,
    account_kind,
    entries,
    ledger_row,
    signed_sides,
    text_of,
    with_own_number,
    worded,
)
from orchestration.connectors.payload import Record

SOURCE = "netsuite"
PATH = "/services/rest/query/v1/suiteql"
PAGE_SIZE = 1000
PRIMARY_BOOK = "1"
# Files are pages of this query; the names of its columns are what the rows must carry.
QUERY = """
select tal.accountingbook, tal.transaction, tal.transactionline, tal.posting, to_char(t.trandate, 'YYYY-MM-DD') as trandate,
    to_char(p.startdate, 'YYYY-MM') as fiscal_period, t.type, t.tranid, t.isreversal, a.acctnumber, a.accountsearchdisplayname,
    a.accttype, tal.debit, tal.credit, c.symbol as currency, s.name as subsidiary, builtin.df(tl.department) as department,
    builtin.df(tl.class) as class, builtin.df(tl.entity) as entity, coalesce(tl.memo, t.memo) as memo
from transactionaccountingline tal
inner join transaction t on t.id = tal.transaction
inner join transactionline tl on tl.transaction = tal.transaction and tl.id = tal.transactionline
inner join account a on a.id = tal.account
inner join subsidiary s on s.id = tl.subsidiary
inner join currency c on c.id = s.currency
left join accountingperiod p on p.id = t.postingperiod
where tal.posting = 'T' and tal.accountingbook = 1 and (tal.debit is not null or tal.credit is not null)
    and t.trandate between to_date('{first}', 'YYYY-MM-DD') and to_date('{last}', 'YYYY-MM-DD')
order by tal.transaction, tal.transactionline
"""
ACCOUNT_TYPES = {
    "Bank": "bank",
    "AcctRec": "accounts_receivable",
    "UnbilledRec": "other_current_asset",
    "OthCurrAsset": "other_current_asset",
    "DeferExpense": "other_current_asset",
    "FixedAsset": "fixed_asset",
    "OthAsset": "other_asset",
    "AcctPay": "accounts_payable",
    "CredCard": "credit_card",
    "OthCurrLiab": "other_current_liability",
    "DeferRevenue": "other_current_liability",
    "LongTermLiab": "long_term_liability",
    "Equity": "equity",
    "Income": "income",
    "OthIncome": "other_income",
    "COGS": "cost_of_goods_sold",
    "Expense": "expense",
    "OthExpense": "other_expense",
}
DOCUMENT_TYPES = {
    "Journal": "journal_entry",
    "VendBill": "bill",
    "VendPymt": "bill_payment",
    "VendCred": "vendor_credit",
    "CustInvc": "invoice",
    "CustPymt": "payment",
    "CustCred": "credit_memo",
    "ExpRept": "expense",
    "Check": "expense",
}


def convert(pages: Sequence[Page], books: Books) -> dict[str, list[LedgerRow]]:
    """Rows by the name of the page they came from. A page that promises a next one which is not there is refused."""
    bodies = [Record(SOURCE, page.name, page.body) for page in pages]
    _refuse_missing_pages(bodies)
    rows: dict[str, list[LedgerRow]] = {}
    for body in bodies:
        found = rows.setdefault(body.stream, [])
        for number, item in entries(body, "items", "transaction"):
            if text_of(item.value("posting")) == "T" and _book(item) == PRIMARY_BOOK:
                found.append(_row(number, item, books))
    return rows


def read(api: JsonApi, months: Sequence[tuple[date, date]]) -> Iterator[Page]:
    """Every page of the query, per month (first and last day)."""
    for first, last in months:
        offset = 0
        while True:
            question = {"q": QUERY.format(first=first, last=last)}
            page = Page(SOURCE, api.ask(PATH, question, [("limit", str(PAGE_SIZE)), ("offset", str(offset))]))
            yield page
            body = Record(SOURCE, f"suiteql {first:%Y-%m}", page.body)
            if not body.flag("hasMore"):
                break
            count = len(body.parts("items"))
            if count == 0:
                raise body.drift("hasMore is true on a page without rows")
            offset += count


def _refuse_missing_pages(bodies: Sequence[Record]) -> None:
    begins = {body.whole("offset") for body in bodies if "offset" in body}
    for body in bodies:
        if "hasMore" in body and body.flag("hasMore"):
            following = body.whole("offset") + len(body.parts("items"))
            if following not in begins:
                raise body.drift(f"hasMore is true, and no page begins at offset {following}; export every page")


def _book(item: Record) -> str | None:
    return text_of(item.value("accountingbook")) if "accountingbook" in item else PRIMARY_BOOK


def _row(number: str, item: Record, books: Books) -> LedgerRow:
    def column(name: str) -> str | None:
        return text_of(item.value(name)) if name in item else None

    debit, credit = column("debit"), column("credit")
    if debit is None and credit is None:
        debit, credit = signed_sides(column("amount"))
    else:
        debit, credit = debit or "0", credit or "0"
    reversal = column("isreversal")
    return ledger_row(
        books,
        legal_entity_id=column("subsidiary") or books.legal_entity_id,
        journal_entry_id=number,
        journal_line_number=column("transactionline"),
        posting_date=column("trandate"),
        fiscal_period=column("fiscal_period"),
        account_number=column("acctnumber"),
        account_name=column("accountsearchdisplayname"),
        **account_kind(column("accttype"), ACCOUNT_TYPES),
        debit_amount=debit,
        credit_amount=credit,
        currency=column("currency") or books.currency,
        department_id=column("department"),
        product_id=column("class"),
        counterparty_name=column("entity"),
        source_document_type=worded(column("type"), DOCUMENT_TYPES),
        description=with_own_number(column("memo"), column("externalid"), column("tranid")),
        is_reversal={"T": "true", "F": None}.get(reversal, reversal) if reversal else None,
    )
