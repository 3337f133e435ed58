"""QuickBooks, Xero and NetSuite: one month equal in every shape, from files and over HTTP; what is refused, and why."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from orchestration.connectors.ledgers.extract import extract
from orchestration.connectors.ledgers.xero import posting_date
from orchestration.connectors.payload import Record
from orchestration.connectors.reach import reach
from orchestration.landing.errors import PermanentFailure, RejectedFile, SchemaDrift, SourceError, TransientFailure
from orchestration.landing.store import Landing
from orchestration.registry.sources import LedgerConfig, SourceConfig
from tests.connectors import ledger_month as month
from tests.connectors.loopback_server import Answer, LoopbackServer, Request

JOURNALS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ledger_xero_journals"
SECRET = "token-of-the-ledger"
AS_OF = date(2026, 10, 31)


@dataclass
class Company:
    folder: Path
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    ledgers: dict[str, LedgerConfig] = field(default_factory=dict)
    config: Any = field(
        default_factory=lambda: SimpleNamespace(company_id="HO1", reporting_currency="USD", fiscal_year_start_month=1)
    )


@dataclass
class Books:
    """A company folder and its landing area."""

    root: Path
    name: str = "company"

    def __post_init__(self) -> None:
        (self.root / self.name / "ledgers").mkdir(parents=True)
        self.company = Company(self.root / self.name)
        self.landing = Landing(self.root / f"{self.name}_landing")

    def write(self, name: str, body: Any) -> None:
        path = self.company.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body if isinstance(body, str) else month.dumps(body))

    def declare(self, source: str, **keys: Any) -> None:
        self.company.sources[source] = SourceConfig.model_validate({"name": source, **keys})

    def files(self, source: str, *bodies: Any) -> "Books":
        self.declare(source, path=f"{source}/*.json")
        for number, body in enumerate(bodies):
            self.write(f"{source}/{number}.json", body)
        return self

    def api(self, source: str, url: str, **keys: Any) -> "Books":
        self.declare(source, mode="api", base_url=url, api_key_env="LEDGER_TOKEN", start_date="2026-10-01", **keys)
        return self

    def extract(self, as_of: date = AS_OF) -> int:
        outcomes = extract(self.company, self.landing, as_of, lambda name: SECRET)
        return next(one.rows for one in outcomes if one.stream == "general_ledger")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            self.landing.register(connection)
            return connection.execute(sql).fetchall()

    def rows(self, *, without: str = "") -> list[tuple[Any, ...]]:
        """Every landed column but where the row came from."""
        left_out = f"file, line, partition, load_id{without}"
        return self.query(f"select * exclude ({left_out}) from landing.ledgers__general_ledger order by all")

    def partitions(self) -> list[str]:
        return [
            row[0] for row in self.query("select distinct partition from landing.ledgers__general_ledger order by 1")
        ]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """The month as a file of our own columns."""
    own = Books(tmp_path_factory.mktemp("own"))
    own.write("ledgers/general_ledger.csv", "\n".join([month.HEADER, *month.CSV]) + "\n")
    assert own.extract() == 6
    return own


# ---------------------------------------------------------------------------------------- one month, every shape

SHAPES: dict[str, tuple[str, Callable[[], list[Any]]]] = {
    "report": ("quickbooks", lambda: [month.quickbooks_accounts(), month.quickbooks_report()]),
    "report in natural signs": (
        "quickbooks",
        lambda: [[month.quickbooks_report(natural=True), month.quickbooks_accounts()]],
    ),
    "xero": ("xero", lambda: [month.xero_invoices(), month.xero_journals()]),
    "netsuite": ("netsuite", lambda: [month.netsuite_page(month.netsuite_items())]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_month_lands_the_same_rows(books: Books, expected: Books, shape: str) -> None:
    source, bodies = SHAPES[shape]
    assert books.files(source, *bodies()).extract() == 6
    assert books.rows() == expected.rows()
    assert all(name.startswith(f"{source}:{source}/") for name in books.partitions())


def test_journal_entries_land_the_same_but_for_the_kind_of_document(books: Books, expected: Books) -> None:
    assert books.files("quickbooks", month.quickbooks_accounts(), month.quickbooks_entries()).extract() == 6
    without = ", source_document_type"
    assert books.rows(without=without) == expected.rows(without=without)


def test_the_month_means_what_was_written_down(expected: Books) -> None:
    assert expected.query(
        "select account_number, sum(debit_amount - credit_amount) from landing.ledgers__general_ledger group by 1 order by 1"
    ) == [
        ("1000", Decimal(5000)),
        ("2100", Decimal("-1200.10")),
        ("4000", Decimal(-5000)),
        ("5100", Decimal("1100.05")),
        ("6100", Decimal("100.05")),
    ]


def test_amounts_keep_every_digit(books: Books) -> None:
    journals = month.xero_journals()
    for line, sign in zip(journals["Journals"][0]["JournalLines"], ("", "-"), strict=True):
        line["NetAmount"] = month.Number(f"{sign}100000000000000000.000000001")
    books.files("xero", journals).extract()
    found = (
        "select debit_amount from landing.ledgers__general_ledger where journal_entry_id = '101' and debit_amount > 0"
    )
    assert books.query(found) == [(Decimal("100000000000000000.000000001"),)]


# -------------------------------------------------------------------------------------------------- over HTTP


def quickbooks_answers(request: Request) -> Answer:
    asked = request.one("query") or ""
    if request.path.endswith("/reports/GeneralLedger"):
        is_october = request.one("start_date") == "2026-10-01" and request.one("end_date") == "2026-10-31"
        return Answer(month.quickbooks_report() if is_october else None, 200 if is_october else 400)
    if asked.startswith("select * from Account where Active in (true, false) startposition 1 "):
        return Answer(month.quickbooks_accounts())
    if asked.startswith("select * from JournalEntry where TxnDate >= '2026-10-01' and TxnDate <= '2026-10-31'"):
        return Answer(month.dumps(month.quickbooks_entries()).encode())
    return Answer({"Fault": {}}, 400)


def xero_answers(request: Request) -> Answer:
    """Journals two at a time, so that the offset is the JournalNumber and not a count."""
    name = request.path.rsplit("/", 1)[-1]
    if name == "Journals":
        after = int(request.one("offset") or 0)
        left = [one for one in month.xero_journals()["Journals"] if one["JournalNumber"] > after]
        return Answer(month.dumps({"Journals": left[:2]}).encode())
    if name == "Organisation":
        return Answer({"Organisations": [{"BaseCurrency": "USD"}]})
    assert request.one("where") == "Date>=DateTime(2026,10,1)"
    return Answer(month.xero_invoices() if name == "Invoices" and request.one("page") == "1" else {name: []})


def netsuite_answers(request: Request) -> Answer:
    offset, items = int(request.one("offset") or 0), month.netsuite_items()
    return Answer(month.netsuite_page(items[offset : offset + 4], offset=offset, more=offset == 0))


@pytest.mark.parametrize(
    ("source", "answers"), [("quickbooks", quickbooks_answers), ("xero", xero_answers), ("netsuite", netsuite_answers)]
)
def test_an_api_lands_the_same_rows_by_month(books: Books, expected: Books, source: str, answers: Any) -> None:
    with LoopbackServer(answers) as server:
        assert books.api(source, server.url).extract() == 6
        assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {SECRET}"}
        first = books.landing.manifest("ledgers", "general_ledger")
        books.extract()
        assert books.landing.manifest("ledgers", "general_ledger") == first
    assert books.rows() == expected.rows()
    assert books.partitions() == [f"{source}:2026-10"]


def test_journal_entries_are_read_over_the_api_where_asked_for(books: Books, expected: Books) -> None:
    with LoopbackServer(quickbooks_answers) as server:
        books.api("quickbooks", server.url, api="journal_entries").extract()
        assert not server.paths("/reports/GeneralLedger")
    without = ", source_document_type"
    assert books.rows(without=without) == expected.rows(without=without)


def test_a_query_is_asked_again_after_429_and_says_what_it_asks(books: Books) -> None:
    refusals = [Answer({}, 429, {"Retry-After": "0"}), Answer({}, 503, {"Retry-After": "0"})]
    with LoopbackServer(lambda request: refusals.pop() if refusals else netsuite_answers(request)) as server:
        assert books.api("netsuite", server.url).extract() == 6
        assert [request.one("offset") for request in server.requests] == ["0", "0", "0", "4"]
    assert server.requests[0].path == "/services/rest/query/v1/suiteql"
    assert server.requests[0].headers["prefer"] == "transient" and server.requests[0].one("limit") == "1000"
    question = json.loads(server.requests[0].body)["q"]
    assert "tal.posting = 'T'" in question and "to_date('2026-10-31', 'YYYY-MM-DD')" in question


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer({}, 409), PermanentFailure),
        (Answer(b"{}", announced=99), TransientFailure),
        (Answer({}, 302), PermanentFailure),
    ],
)
def test_a_query_is_not_asked_again_after_anything_else(books: Books, answer: Answer, error: type[SourceError]) -> None:
    with LoopbackServer(lambda request: answer) as server:
        with pytest.raises(error):
            books.api("netsuite", server.url).extract()
        assert len(server.requests) == 1
    assert books.landing.manifest("ledgers", "general_ledger") == {}


def test_a_failing_api_leaves_the_ledgers_as_they_were(books: Books) -> None:
    with LoopbackServer(xero_answers) as server:
        books.api("xero", server.url).extract()
    before = books.rows()
    books.write(
        "ledgers/general_ledger.csv", "\n".join([month.HEADER, *(line.replace("HO1", "HO2") for line in month.CSV)])
    )
    expired = Answer({"error": {"message": "expired"}}, 401)
    with (
        LoopbackServer(lambda request: expired) as server,
        pytest.raises(PermanentFailure, match="LEDGER_TOKEN") as caught,
    ):
        books.api("xero", server.url).extract()
    assert books.rows() == before and SECRET not in str(caught.value)


def test_a_tenant_is_named_and_its_base_currency_rules(books: Books) -> None:
    def answers(request: Request) -> Answer:
        is_currency = request.path.endswith("/Organisation")
        return Answer({"Organisations": [{"BaseCurrency": "EUR"}]}) if is_currency else xero_answers(request)

    with LoopbackServer(answers) as server:
        books.api("xero", server.url, legal_entity_id="tenant-1").extract()
        assert {request.headers["xero-tenant-id"] for request in server.requests} == {"tenant-1"}
    found = "select distinct legal_entity_id, currency from landing.ledgers__general_ledger"
    assert books.query(found) == [("tenant-1", "EUR")]


def test_journal_pages_that_do_not_move_on_are_refused(books: Books) -> None:
    page = Answer(month.dumps(month.xero_journals()).encode())
    with (
        LoopbackServer(lambda request: page) as server,
        pytest.raises(SchemaDrift, match="page after journal 103 holds journal 101"),
    ):
        books.api("xero", server.url).extract()


def test_going_back_in_time_loses_no_month(books: Books) -> None:
    def answers(request: Request) -> Answer:
        if "2026-11-01" not in json.loads(request.body)["q"]:
            return netsuite_answers(request)
        later = [{**row, "transaction": "201", "trandate": "2026-11-02"} for row in month.netsuite_items()[:2]]
        return Answer(month.netsuite_page(later))

    with LoopbackServer(answers) as server:
        assert books.api("netsuite", server.url).extract(date(2026, 11, 3)) == 8
        assert books.partitions() == ["netsuite:2026-10", "netsuite:2026-11"]
        before = books.rows()
        assert books.extract(date(2026, 10, 2)) == 8
    assert books.rows() == before


@pytest.mark.parametrize("source", ["quickbooks", "xero", "netsuite"])
def test_a_check_reaches_the_system_or_says_which_key_is_refused(books: Books, source: str) -> None:
    def answers(request: Request) -> Answer:
        is_known = request.headers["authorization"] == f"Bearer {SECRET}"
        return Answer({"Organisations": [{"BaseCurrency": "USD"}]}) if is_known else Answer({}, 401)

    with LoopbackServer(answers) as server:
        books.api(source, server.url)
        assert reach(books.company, source, lambda name: SECRET) is None
        refused = reach(books.company, source, lambda name: "another")
    assert refused is not None and "LEDGER_TOKEN" in refused and "another" not in refused


# ------------------------------------------------------------------------------------------------ what is refused


def changed(body: Any, old: str, new: str) -> str:
    text = month.dumps(body)
    assert old in text
    return text.replace(old, new, 1)


BAD = [
    (
        "xero",
        month.xero_journals,
        '"NetAmount": 1200.10',
        '"NetAmount": 1200.11',
        r"xero:xero/0\.json:1: journal 101 does not",
    ),
    (
        "xero",
        month.xero_journals,
        '"NetAmount": 1200.10',
        '"NetAmount": "1O0"',
        r"0\.json:1: debit_amount '1O0' is not an .*101",
    ),
    (
        "xero",
        month.xero_journals,
        '"NetAmount": 1200.10',
        '"NetAmount": null',
        r"debit_amount is empty \(journal 101\)",
    ),
    (
        "xero",
        month.xero_journals,
        '"NetAmount": 1200.10, ',
        "",
        r"0\.json: field journal 101\.JournalLines\.NetAmount is mis",
    ),
    (
        "xero",
        month.xero_journals,
        '"DIRECTCOSTS"',
        '"MAGIC"',
        r"account_class 'MAGIC' is none of .*journal 101",
    ),
    ("xero", month.xero_journals, "/Date(1791158400000+0000)/", "/Date(x)/", "journal 101: JournalDate is not a date"),
    (
        "xero",
        month.xero_journals,
        "/Date(1791158400000+0000)/",
        "/Date(1791162000000+0000)/",
        "101: .*not the midnight",
    ),
    ("xero", month.xero_journals, '"JournalNumber": 102', '"JournalNumber": 101', "repeats the key"),
    ("xero", month.xero_journals, '"Journals"', '"Journal"', "holds neither Journals nor"),
    (
        "netsuite",
        lambda: month.netsuite_page(month.netsuite_items()),
        '"hasMore": false',
        '"hasMore": true',
        "offset 6",
    ),
    (
        "netsuite",
        lambda: month.netsuite_page(month.netsuite_items()),
        '"posting": "T", ',
        "",
        r"journal 101\.posting is missing",
    ),
    (
        "netsuite",
        lambda: month.netsuite_page(month.netsuite_items()),
        '"debit": "1200.10", ',
        "",
        r"debit_amount is empty .*101",
    ),
    (
        "netsuite",
        lambda: month.netsuite_page(month.netsuite_items()),
        "2026-10-05",
        "10/5/2026",
        r"posting_date '10/5/2026' .*101",
    ),
    (
        "netsuite",
        lambda: month.netsuite_page(month.netsuite_items()),
        '"currency": "USD"',
        '"currency": "USX"',
        "no ISO 4217",
    ),
    ("quickbooks", month.quickbooks_report, '"Accrual"', '"Cash"', "no GeneralLedger on accrual basis"),
    (
        "quickbooks",
        month.quickbooks_report,
        '"Beginning Balance"',
        '"Unable to display more data"',
        "names no transaction",
    ),
    ("quickbooks", month.quickbooks_report, '"id": "37"', '"id": "99"', None),
    (
        "quickbooks",
        month.quickbooks_report,
        '"value": "AI services", "id": "37"',
        '"value": "x", "id": "9"',
        "101: account 9 is in",
    ),
    ("quickbooks", month.quickbooks_report, '"Value": "txn_type"', '"Value": "kind"', "no column txn_type"),
    (
        "quickbooks",
        month.quickbooks_entries,
        '"PostingType": "Debit"',
        '"PostingType": "debit"',
        "101: PostingType is neither",
    ),
    (
        "quickbooks",
        month.quickbooks_entries,
        '"Amount": 1200.10',
        '"Amount": -1200.10',
        r"'-1200\.10' is negative \(journal 101",
    ),
    ("quickbooks", month.quickbooks_entries, '"JournalEntry"', '"Bill"', "holds neither JournalEntry nor Account"),
]


@pytest.mark.parametrize(("source", "body", "old", "new", "message"), BAD)
def test_what_is_wrong_is_named_with_its_file_and_entry(
    books: Books, source: str, body: Callable[[], Any], old: str, new: str, message: str | None
) -> None:
    books.files(source, changed(body(), old, new))
    if source == "quickbooks":
        books.write("quickbooks/accounts.json", month.quickbooks_accounts())
    if message is None:  # an id that the chart does not know is found by its name
        assert books.extract() == 6
        return
    with pytest.raises((RejectedFile, SchemaDrift), match=message):
        books.extract()
    assert books.landing.manifest("ledgers", "general_ledger") == {}


@pytest.mark.parametrize("words", ["Saldo inicial", "Anfangsbestand", "期首残高"])
def test_an_opening_balance_is_known_by_its_place_in_every_language(books: Books, expected: Books, words: str) -> None:
    report = month.dumps(month.quickbooks_report()).replace('"Beginning Balance"', json.dumps(words))
    assert json.dumps(words) in report
    books.files("quickbooks", month.quickbooks_accounts(), report).extract()
    assert books.rows() == expected.rows()


@pytest.mark.parametrize(
    ("given", "place"),
    [({"debt_amt": "5.00"}, 0), ({"txn_type": "Bill"}, 0), ({}, 1)],
    ids=["with an amount", "with a kind of document", "after a transaction"],
)
def test_a_row_without_a_transaction_that_is_no_opening_balance_is_refused(
    books: Books, given: dict[str, str], place: int
) -> None:
    report = month.quickbooks_report()
    rows = report["Rows"]["Row"][0]["Rows"]["Row"][0]["Rows"]["Row"]
    opening = rows.pop(0)
    rows.insert(place, opening)
    keys = [column["MetaData"][0]["Value"] for column in report["Columns"]["Column"]]
    for key, value in given.items():
        opening["ColData"][keys.index(key)] = {"value": value}
    books.files("quickbooks", month.quickbooks_accounts(), report)
    with pytest.raises(SchemaDrift, match="names no transaction"):
        books.extract()


def two_accounts_of_one_leaf_name() -> tuple[dict[str, Any], dict[str, Any]]:
    """The chart and the report of the month in which 5100 and 6100 are both called AI, below two parents; headings name no id."""
    parents = {"5100": "Cost of sales", "6100": "Research"}
    chart = month.quickbooks_accounts()
    for account in chart["QueryResponse"]["Account"]:
        if parent := parents.get(account["AcctNum"]):
            account |= {"Name": "AI", "FullyQualifiedName": f"{parent}:AI"}
    report = month.quickbooks_report()
    everything = report["Rows"]["Row"][0]["Rows"]["Row"]
    for number, section in zip(month.ACCOUNTS, list(everything), strict=True):
        if parent := parents.get(number):
            section["Header"]["ColData"][0] = {"value": "AI"}
            heading = {"ColData": [{"value": parent}]}
            everything[everything.index(section)] = {"Header": heading, "Rows": {"Row": [section]}, "type": "Section"}
    return chart, report


def test_two_sub_accounts_of_one_leaf_name_keep_their_own_lines(books: Books) -> None:
    """1,200.10 less the 100.05 that were reclassified, which are the other's."""
    books.files("quickbooks", *two_accounts_of_one_leaf_name()).extract()
    found = books.query(
        "select account_number, sum(debit_amount - credit_amount) from landing.ledgers__general_ledger "
        "where account_name = 'AI' group by 1 order by 1"
    )
    assert found == [("5100", Decimal("1100.05")), ("6100", Decimal("100.05"))]


def test_a_leaf_name_that_two_accounts_share_is_refused_where_nothing_else_says_which(books: Books) -> None:
    chart, report = two_accounts_of_one_leaf_name()
    sections = report["Rows"]["Row"][0]["Rows"]["Row"]
    sections[:] = [inner for one in sections for inner in (one["Rows"]["Row"] if "Summary" not in one else [one])]
    books.files("quickbooks", chart, report)
    with pytest.raises(SchemaDrift, match="several accounts are called AI"):
        books.extract()


def test_quarantine_loads_the_sound_entries_of_a_shape(books: Books) -> None:
    books.company.ledgers["general_ledger"] = LedgerConfig(on_reject="quarantine")
    books.files("xero", changed(month.xero_journals(), '"NetAmount": 1200.10', '"NetAmount": 1')).extract()
    assert books.query("select distinct journal_entry_id from landing.ledgers__general_ledger order by 1") == [
        ("102",),
        ("103",),
    ]
    assert len(books.query("from landing.ledgers__rejected_rows where file = 'xero:xero/0.json'")) == 2


def test_only_posted_rows_of_the_primary_book_count(books: Books, expected: Books) -> None:
    items = month.netsuite_items()
    unposted = [{**row, "transaction": "900", "posting": "F"} for row in items[:1]]
    second_book = [{**row, "accountingbook": 2, "debit": "7"} for row in items[:1]]
    books.files("netsuite", month.netsuite_page([*unposted, *second_book, *items])).extract()
    assert books.rows() == expected.rows()


def test_pages_in_several_files_are_one_ledger(books: Books, expected: Books) -> None:
    items = month.netsuite_items()
    pages = month.netsuite_page(items[:3], more=True), month.netsuite_page(items[3:], offset=3)
    books.files("netsuite", *pages).extract()
    assert books.rows() == expected.rows()
    (books.company.folder / "netsuite" / "1.json").unlink()
    with pytest.raises(SchemaDrift, match="no page begins at offset 3"):
        books.extract()


def test_the_same_entry_in_a_file_of_ours_and_in_a_system_is_a_duplicate(books: Books) -> None:
    books.write("ledgers/general_ledger.csv", "\n".join([month.HEADER, *month.CSV]) + "\n")
    with pytest.raises(RejectedFile, match=r"xero:xero/0\.json:1: repeats the key .* of ledgers/general_ledger\.csv:2"):
        books.files("xero", month.xero_journals()).extract()


def test_home_amounts_rule_in_a_company_of_several_currencies(books: Books) -> None:
    report = month.dumps(month.quickbooks_report())
    report = report.replace('"debt_amt"', '"debt_home_amt"').replace('"credit_amt"', '"credit_home_amt"')
    report = report.replace('"Value": "doc_num"', '"Value": "currency"').replace('{"value": "1"}', '{"value": "EUR"}')
    books.files("quickbooks", month.quickbooks_accounts(), report).extract()
    assert books.query("select distinct currency from landing.ledgers__general_ledger") == [("USD",)]
    foreign = report.replace('"debt_home_amt"', '"debt_amt"').replace('"credit_home_amt"', '"credit_amt"')
    books.files("quickbooks", month.quickbooks_accounts(), foreign).extract()
    assert books.query("select distinct currency from landing.ledgers__general_ledger") == [("EUR",)]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("/Date(1791158400000+0000)/", "2026-10-05"),
        ("/Date(1791158400000)/", "2026-10-05"),
        ("/Date(1791115200000+1200)/", "2026-10-05"),
        ("/Date(-86400000+0000)/", "1969-12-31"),
        ("2026-10-05T00:00:00", "2026-10-05"),
    ],
)
def test_a_xero_date_is_the_day_it_shows(written: str, day: str) -> None:
    assert posting_date(Record("xero", "Journals", {"JournalDate": written})) == day


# --------------------------------------------------------------------------------- off, gone, not there, not JSON


def test_a_system_that_is_switched_off_keeps_what_it_landed_and_one_that_is_gone_is_withdrawn(books: Books) -> None:
    books.files("xero", month.xero_journals()).extract()
    books.declare("xero", enabled=False, path="xero/*.json")
    books.extract()
    assert len(books.rows()) == 6
    books.company.sources.clear()
    books.extract()
    assert books.rows() == []


def test_no_file_is_no_empty_ledger_and_half_a_file_is_named(books: Books) -> None:
    books.declare("xero", path="xero/*.json")
    with pytest.raises(PermanentFailure, match=r"no file matches path xero/\*\.json"):
        books.extract()
    books.write("xero/a.json", '{"Journals": [')
    with pytest.raises(SchemaDrift, match=r"xero/a\.json: is not whole JSON"):
        books.extract()


def test_a_system_may_keep_its_files_in_the_drop_folder_under_any_name(books: Books) -> None:
    books.declare("xero", path="ledgers/xero/*.json")
    books.write("ledgers/xero/general_ledger_october.json", month.xero_journals())
    assert books.extract() == 6


def test_a_system_without_path_leaves_its_postings_to_our_own_files(books: Books) -> None:
    books.declare("quickbooks", enabled=True)
    assert books.extract() == 0


# ----------------------------------------------------------------------------------------- a ledger made elsewhere


def published_pages() -> list[str]:
    """The published Xero journals as the API would page them: 100 a page, by JournalNumber."""
    lines = defaultdict(list)
    with (JOURNALS / "xero_journal_line_data.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            names = {"AccountID": "account_id", "AccountCode": "account_code", "AccountName": "account_name"}
            names |= {"JournalLineID": "journal_line_id", "AccountType": "account_type"}
            line = {name: row[column] for name, column in names.items()}
            lines[row["journal_id"]].append({**line, "NetAmount": month.Number(row["net_amount"])})
    with (JOURNALS / "xero_journal_data.csv").open(newline="") as file:
        journals = [
            {
                "JournalID": row["journal_id"],
                "JournalNumber": int(row["journal_number"]),
                "JournalDate": f"/Date({(date.fromisoformat(row['journal_date']) - date(1970, 1, 1)).days * 86400000}+0000)/",
                "Reference": row["reference"],
                "SourceID": row["source_id"] or None,
                "SourceType": row["source_type"] or None,
                "JournalLines": lines[row["journal_id"]],
            }
            for row in csv.DictReader(file)
        ]
    journals.sort(key=lambda journal: journal["JournalNumber"])
    return [month.dumps({"Journals": journals[at : at + 100]}) for at in range(0, len(journals), 100)]


@pytest.mark.skipif(not JOURNALS.is_dir(), reason="the folder ../shared is absent")
def test_published_xero_journals_land_balanced_with_their_signs(books: Books) -> None:
    assert books.files("xero", *published_pages()).extract() == 4033
    table = "landing.ledgers__general_ledger"
    found = f"select count(distinct journal_entry_id), bool_and(is_balanced_entry), sum(debit_amount) from {table}"
    assert books.query(found) == [(1685, True, Decimal("2286827.31"))]
    nets = f"select account_class, sum(debit_amount - credit_amount) from {table} where account_type in ('expense', 'income')"
    assert books.query(f"{nets} group by 1 order by 1") == [
        ("expense", Decimal("57790.57")),
        ("revenue", Decimal("-566973.74")),
    ]
    days = books.query(f"select min(posting_date), max(posting_date) from {table}")
    assert days == [(date(2019, 10, 23), date(2021, 3, 17))]


# ---------------------------------------------------------------------------------------- journals of ours, given back


def given_back(source: str, number: str | None) -> list[Any]:
    """The month as a system gives it back after it imported the second entry from our files under a number of its own: ``number``
    stands where its importer puts the journal's own one; with none, only our line description is left.
    """
    memo = "Accrued openai usage 2026-10" + ("" if number else " TKN-ACC-openai-2026-10")
    if source == "xero":
        journals = month.xero_journals()
        journals["Journals"][1] |= {"Reference": number and f"Accrued openai usage 2026-10 {number}"}
        for line in journals["Journals"][1]["JournalLines"]:
            line["Description"] = memo
        return [month.xero_invoices(), journals]
    if source == "netsuite":
        items = month.netsuite_items()
        for item in items:
            if item["transaction"] == "102":
                item |= {"tranid": "JE102", "memo": memo} | ({"externalid": number} if number else {})
        return [month.netsuite_page(items)]
    if source == "report":
        report = month.dumps(month.quickbooks_report()).replace('"Reclass"', json.dumps(memo))
        if number:
            report = report.replace('"id": "102"}, {"value": "1"}', f'"id": "102"}}, {{"value": "{number}"}}')
        return [month.quickbooks_accounts(), report]
    entries = month.quickbooks_entries()
    entries["QueryResponse"]["JournalEntry"][1] |= {"PrivateNote": memo} | ({"DocNumber": number} if number else {})
    return [month.quickbooks_accounts(), entries]


@pytest.mark.parametrize("number", ["TKN-ACC-openai-2026-10", "TKN-ACC-openai-2026-10R", None])
@pytest.mark.parametrize("source", ["xero", "netsuite", "report", "entries"])
def test_a_month_end_journal_that_a_system_renumbers_keeps_our_number(
    books: Books, source: str, number: str | None
) -> None:
    name = "quickbooks" if source in ("report", "entries") else source
    assert books.files(name, *given_back(source, number)).extract() == 6
    found = books.query("select journal_entry_id, description from landing.ledgers__general_ledger order by 1, 2")
    assert {description for entry, description in found if entry == "102"} == {
        "Accrued openai usage 2026-10 TKN-ACC-openai-2026-10"
    }
    assert not any("TKN" in description for entry, description in found if entry != "102")
