"""A company folder proposed from files: what is recognised, what is declared, what stays open, and what is then counted.

The files are as accounting systems write them; the expected figures are added up here by hand.
"""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.connectors.trial import Trial, try_files
from orchestration.landing.store import Landing
from orchestration.proposal.folder import Proposal, propose
from orchestration.proposal.headings import folded
from orchestration.proposal.recognise import NotRecognised, recognise
from orchestration.registry import load_company

XERO = """General Ledger Detail
Meadow Ltd
For the period 1 October 2026 to 31 October 2026

Date,Journal Number,Account Code,Account,Account Type,Contact,Description,Debit,Credit
05/10/2026,1001,5150,AI cost of revenue,Direct Costs,Anthropic PBC,Claude API September,"1,204.50",
05/10/2026,1001,2010,Accounts payable,Current Liability,Anthropic PBC,Claude API September,,"1,204.50"
31/10/2026,1003,1200,Receivables,Current Asset,Brightline,October invoice,"9,000.00",
31/10/2026,1003,4010,Subscription revenue,Revenue,Brightline,October invoice,,"9,000.00"
"""
DATEV = (
    "Umsatz;Soll/Haben-Kennzeichen;WKZ Umsatz;Konto;Gegenkonto;Belegdatum;Belegfeld 1;Buchungstext\n"
    "1.204,50;S;EUR;5900;70001;05.10.2026;RE-77;Anthropic Nutzung – Prüfung\n"
    "9.000,00;H;EUR;4400;10001;31.10.2026;AR-12;Erlöse Oktober\n"
)
FRENCH = (
    "JournalCode;EcritureNum;EcritureDate;CompteNum;CompteLib;CompAuxLib;EcritureLib;Debit;Credit;Idevise\n"
    "AC;77;31/10/2026;6511;Frais logiciels IA;Mistral AI;Usage octobre;12,30;0,00;EUR\n"
    "AC;77;31/10/2026;4010;Fournisseurs;Mistral AI;Usage octobre;0,00;12,30;EUR\n"
)
DANISH = (
    "Bogføringsdato\tBilagsnr\tKontonr\tKontonavn\tTekst\tBeløb\tValuta\n"
    "31-10-2026\t9\t2250\tOmkostning AI\tOpenAI\t1.000,25\tDKK\n"
    "31-10-2026\t9\t5820\tBank\tOpenAI\t-1.000,25\tDKK\n"
)
SPEND = {
    "request_id": "r1",
    "startTime": "2026-10-01T10:00:00Z",
    "api_key": "key_1",
    "model": "gpt-4o-mini",
    "custom_llm_provider": "openai",
    "user": "u1",
    "team_id": "t1",
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "request_tags": [],
    "status": "success",
    "metadata": {},
}


@pytest.fixture
def given(tmp_path: Path):
    """Write files to propose from, by name and content."""

    def write(**files: str | bytes) -> list[Path]:
        paths = []
        for name, content in files.items():
            stem, _, suffix = name.rpartition("_")
            path = tmp_path / f"{stem}.{suffix}"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        return paths

    return write


def proposed(files: list[Path], currency: str | None = None) -> tuple[Path, Proposal]:
    target = files[0].parent / "company"
    return target, propose(target, files, currency)


def read(target: Path) -> tuple[Trial, list[tuple]]:
    """What a run would read of the folder: faults, and the journal lines."""
    rows: list[tuple] = []

    def look(landing: Landing) -> None:
        with duckdb.connect() as connection:
            landing.register(connection)
            rows.extend(
                connection.execute(
                    "select posting_date, journal_entry_id, journal_line_number, account_number, account_class, "
                    "debit_amount - credit_amount, currency, description from landing.ledgers__general_ledger "
                    "order by file, line, journal_line_number"
                ).fetchall()
            )

    return try_files(load_company(target), date(2026, 12, 31), look), rows


def test_a_ledger_of_xero_is_read_with_one_word_of_the_user(given):
    target, done = proposed(given(export_csv=XERO), "USD")
    assert done.is_complete, done.lines
    trial, rows = read(target)
    assert trial.faults == ()
    october = date(2026, 10, 5), date(2026, 10, 31)
    assert [row[:7] for row in rows] == [
        (october[0], "1001", "1", "5150", "expense", Decimal("1204.5"), "USD"),
        (october[0], "1001", "2", "2010", "liability", Decimal("-1204.5"), "USD"),
        (october[1], "1003", "1", "1200", "asset", Decimal(9000), "USD"),
        (october[1], "1003", "2", "4010", "revenue", Decimal(-9000), "USD"),
    ]
    company = load_company(target)
    assert company.config.reporting_currency == "USD"
    assert list(company.config.ledger_accounts.items()) == [("4010", "revenue"), ("5150", "ai_cost_of_goods_sold")]
    assert any("debit 10204.50 USD, credit 10204.50 USD" in line for line in done.lines), done.lines


def test_a_currency_that_no_file_says_is_asked_for_and_not_guessed(given):
    target, done = proposed(given(export_csv=XERO))
    assert not done.is_complete
    assert any("could not decide, general_ledger: the currency" in line for line in done.lines)
    trial, rows = read(target)
    assert rows == []
    assert "the required columns currency are missing" in trial.faults[0]
    sources = target / "sources.yaml"
    sources.write_text(sources.read_text().replace("# currency: ...  ", "currency: USD  "))
    trial, rows = read(target)
    assert (trial.faults, {row[6] for row in rows}) == ((), {"USD"})


def test_rows_that_name_both_accounts_are_two_lines_each(given):
    target, done = proposed(given(buchungen_csv=DATEV.encode("windows-1252")))
    assert any("what 10001, 4400, 5900, 70001 is" in line for line in done.lines)
    trial, rows = read(target)
    assert (rows, len(trial.faults)) == ([], 1), "nothing is counted before a person says what the accounts are"
    sources = target / "sources.yaml"
    text = sources.read_text().replace("    # account_classes:", "    account_classes:")
    for number, name in (("10001", "asset"), ("4400", "revenue"), ("5900", "expense"), ("70001", "liability")):
        text = text.replace(f'      # "{number}": ...', f'      "{number}": {name}')
    sources.write_text(text)
    trial, rows = read(target)
    assert trial.faults == ()
    assert [row[1:7] for row in rows] == [
        ("RE-77", "1", "5900", "expense", Decimal("1204.5"), "EUR"),
        ("RE-77", "2", "70001", "liability", Decimal("-1204.5"), "EUR"),
        ("AR-12", "1", "4400", "revenue", Decimal(-9000), "EUR"),
        ("AR-12", "2", "10001", "asset", Decimal(9000), "EUR"),
    ]
    assert rows[0][7] == "Anthropic Nutzung – Prüfung"


@pytest.mark.parametrize(
    ("text", "encoding", "lines"),
    [
        (FRENCH, "utf-8-sig", [("6511", "expense", Decimal("12.3")), ("4010", "liability", Decimal("-12.3"))]),
        (DANISH, "utf-16", [("2250", "expense", Decimal("1000.25")), ("5820", "asset", Decimal("-1000.25"))]),
    ],
)
def test_other_languages_separators_and_encodings(given, text, encoding, lines):
    target, done = proposed(given(export_csv=text.encode(encoding)))
    assert done.is_complete, done.lines
    trial, rows = read(target)
    assert trial.faults == ()
    assert [(row[3], row[4], row[5]) for row in rows] == lines


STANDARD = {
    "exchange_rates_csv": "rate_date,from_currency,to_currency,rate\n2026-10-01,USD,EUR,0.91\n",
    "budgets_csv": "fiscal_period,department_id,budget_class,amount,currency\n2026-10,ops,core,900,USD\n",
    "revenue_csv": "revenue_date,product_id,customer_id,amount,currency\n2026-10-01,desk,c1,12.50,USD\n",
}


@pytest.mark.parametrize("name", STANDARD)
def test_headings_of_the_documentation_need_no_word_and_are_read(given, name):
    target, proposal = proposed(given(**{name: STANDARD[name]}))
    assert proposal.is_complete, proposal.lines
    trial, _ = read(target)
    assert not trial.faults


def test_a_proposal_that_fails_half_way_leaves_no_folder(given, monkeypatch):
    def fails(*_: object) -> None:
        raise OSError("no space left")

    files = given(budgets_csv=STANDARD["budgets_csv"])
    monkeypatch.setattr("orchestration.proposal.folder._write_sources", fails)
    with pytest.raises(OSError):
        proposed(files)
    assert sorted(path.name for path in files[0].parent.iterdir()) == ["budgets.csv"]
    monkeypatch.undo()
    assert proposed(files)[0].is_dir()


def test_a_date_that_may_be_two_days_is_refused_with_both(given):
    text = XERO.replace("31/10/2026", "04/03/2026").replace("05/10/2026", "03/04/2026")
    target, done = proposed(given(export_csv=text), "USD")
    (told,) = [line for line in done.lines if line.startswith("not read: ")]
    assert ":6: posting_date '03/04/2026'" in told
    assert "3 April 2026 with the day first or 4 March 2026 with the month first" in told
    sources = target / "sources.yaml"
    assert "    # undecided: ledgers/general_ledger_export.csv:6" in sources.read_text()
    sources.write_text(sources.read_text().replace("    # day_first: true", "    day_first: false"))
    _, rows = read(target)
    assert [row[0] for row in rows] == [date(2026, 3, 4)] * 2 + [date(2026, 4, 3)] * 2


def test_an_amount_that_may_be_two_is_refused(given):
    text = "Datum;Produkt;Betrag;Währung\n2026-10-31;hilfe;1.234;EUR\n"
    _, done = proposed(given(revenue_csv=text))
    (told,) = [line for line in done.lines if line.startswith("not read: ")]
    assert "ledgers/revenue.csv:2: amount '1.234' may have thousands or decimals" in told
    assert "set decimal_comma under ledgers: revenue in sources.yaml" in told


def test_a_side_that_no_word_tells_is_left_open(given):
    target, done = proposed(given(export_csv=DATEV.replace(";H;", ";X;")))
    assert any("whether X is a debit or a credit" in line for line in done.lines)
    assert "undecided: complete it" in (target / "sources.yaml").read_text()


def test_a_log_a_bill_and_a_ledger_together(given):
    log = json.dumps(SPEND) + "\n" + json.dumps(SPEND | {"request_id": "r2"}) + "\n"
    target, done = proposed(given(export_csv=XERO, calls_jsonl=log), "USD")
    company = load_company(target)
    assert [name for name, source in company.sources.items() if source.enabled] == ["litellm"]
    assert company.sources["litellm"].path == "gateway/*.jsonl"
    assert done.is_complete, done.lines
    assert any("spend log: 2 requests" in line for line in done.lines)


def test_a_parquet_log_is_recognised(tmp_path):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_pylist([{name: str(value) for name, value in SPEND.items()}]), path)
    assert recognise(path).kind == "litellm"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("book.xlsx", b"PK\x03\x04", "save its sheet as 'CSV UTF-8'"),
        ("empty.csv", b"", "the file is empty"),
        ("noise.csv", bytes(range(128, 256)) * 20, "no line of the first 40 names columns that are known"),
        ("other.csv", b"a,b\n1,2\n", "no line of the first 40 names columns that are known"),
        ("calls.csv", b"timestamp,model,input_tokens\n2026-10-01,x,1\n", "a usage log without request_id"),
        ("costs.csv", b"start_time,amount_value,amount_currency,line_item\n1,2,usd,x\n", "an OpenAI cost export"),
        ("calls.json", b"{broken", "is neither JSON nor JSON lines"),
        ("calls.jsonl", b'{"a": 1}\n', "it lacks api_key"),
        ("torn.parquet", b"PAR1", "is not a readable Parquet file"),
        ("notes.docx", b"x", "only CSV, Parquet and JSON are read"),
        ("half.csv", b"Date,Amount,Currency\n2026-10-01,1,USD\n", "is no ledger that is known"),
    ],
)
def test_what_is_not_taken_says_why_and_nothing_is_written(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NotRecognised) as caught:
        propose(tmp_path / "company", [path], None)
    assert name in str(caught.value)
    assert told in str(caught.value)
    assert not (tmp_path / "company").exists()


def test_a_file_is_taken_beside_one_that_is_not(given):
    _, done = proposed(given(export_csv=XERO, other_csv="a,b\n1,2\n"), "USD")
    assert not done.is_complete
    assert any(line.startswith("not read: other.csv") for line in done.lines)
    assert any(line.startswith("export.csv: general_ledger") for line in done.lines)


@pytest.mark.parametrize(
    ("heading", "plain"),
    [("Bogføringsdato", "bogforingsdato"), (" N° pièce ", "n piece"), ("Soll/Haben-Kz", "soll haben kz")],
)
def test_headings_are_compared_without_accents_and_marks(heading, plain):
    assert folded(heading) == plain


def test_the_command_writes_the_folder_and_check_reads_it(given, monkeypatch):
    paths = given(export_csv=XERO, calls_jsonl=json.dumps(SPEND) + "\n")
    target = paths[0].parent / "company"
    monkeypatch.setenv("TOKENOMICS_HOME", str(paths[0].parent / "home"))
    done = CliRunner().invoke(app, ["init", str(target), "--currency", "USD", "--from", *map(str, paths)])
    assert done.exit_code == 0, done.output
    checked = CliRunner().invoke(app, ["check", "--company", str(target)])
    assert checked.exit_code == 0, checked.output
    assert "ledgers/general_ledger_export.csv: 4 rows" in checked.output


def test_files_without_from_are_refused(given):
    (path,) = given(export_csv=XERO)
    done = CliRunner().invoke(app, ["init", str(path.parent / "company"), str(path)])
    assert done.exit_code == 1
    assert not (path.parent / "company").exists()
