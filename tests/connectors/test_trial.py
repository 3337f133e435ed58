"""``check`` reads the files as a run would: each is counted, or named with its own first error, and nothing is landed."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.connectors.trial import Trial, try_files
from orchestration.registry import load_company
from tests.connectors.test_focus import CHARGE
from tests.end_to_end.tiny_company import write_tiny_company

AS_OF = date(2026, 10, 31)
RATES = "rate_date,from_currency,to_currency,rate\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A gateway log of 150 requests, 2 lines of a general ledger and 5 of revenue; no API."""
    folder = write_tiny_company(tmp_path / "company", "http://127.0.0.1:9")
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text().replace("enabled: true", "enabled: false", 1))
    return folder


def tried(folder: Path) -> Trial:
    before = sorted(path for path in folder.parent.rglob("*"))
    trial = try_files(load_company(folder), AS_OF)
    assert sorted(path for path in folder.parent.rglob("*")) == before, "nothing is written"
    return trial


def revenue(folder: Path, name: str, *rows: str) -> None:
    lines = ["revenue_date,product_id,amount,currency,initiative_id", *rows]
    (folder / "ledgers" / name).write_text("\n".join(lines) + "\n")


def test_sound_files_are_counted(folder: Path) -> None:
    assert tried(folder) == Trial(
        ("logs/gateway.jsonl: 150 rows", "ledgers/general_ledger.csv: 2 rows", "ledgers/revenue.csv: 5 rows"), ()
    )


def test_bills_are_counted_by_file_and_their_bad_charges_named(folder: Path) -> None:
    (folder / "bills").mkdir()
    header, values = ",".join(CHARGE), ",".join(CHARGE.values())
    late = ",".join((CHARGE | {"ChargePeriodEnd": "2026-10-04T00:00:00Z"}).values())
    (folder / "bills" / "aws.csv").write_text("\n".join([header, values, late]) + "\n")
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text() + "  focus_files: {enabled: true, path: bills/*.csv}\n")
    found = tried(folder)
    assert found.lines[:2] == ("logs/gateway.jsonl: 150 rows", "bills/aws.csv: 1 row")
    assert all(line.startswith("ledgers/") for line in found.lines[2:]), "what no file is called is no line"
    assert found.faults == ("bills/aws.csv:3: ChargePeriodEnd 2026-10-04T00:00:00Z is not after ChargePeriodStart",)


def test_each_broken_file_is_named_and_the_others_are_counted(folder: Path) -> None:
    (folder / "logs" / "other.jsonl").write_text('{"a": 1}\n')
    (folder / "ledgers" / "revenue_renamed.csv").write_text(
        "revenue_date,product,amount,currency\n2026-10-01,x,1,USD\n"
    )
    (folder / "ledgers" / "people.csv").write_text("")
    (folder / "ledgers" / "misnamed.csv").write_text("a\n1\n")
    found = tried(folder)
    assert found.lines == tried(folder).lines
    assert [line.partition(":")[0] for line in found.lines] == [
        "logs/gateway.jsonl",
        "ledgers/general_ledger.csv",
        "ledgers/revenue.csv",
    ]
    files = [fault.partition(":")[0] for fault in found.faults]
    assert files == [
        "logs/other.jsonl",
        "ledgers/misnamed.csv",
        "ledgers/people.csv",
        "ledgers/revenue_renamed.csv",
    ]
    assert any("product_id" in fault for fault in found.faults)


def test_an_unbalanced_journal_is_named_with_file_and_line(folder: Path) -> None:
    ledger = folder / "ledgers" / "general_ledger.csv"
    ledger.write_text(ledger.read_text().replace("1000.00,0.00", "999.00,0.00"))
    (fault,) = tried(folder).faults
    assert "ledgers/general_ledger.csv:2" in fault and "does not balance" in fault


def test_a_rejected_row_is_a_fault_with_file_and_line(folder: Path) -> None:
    revenue(folder, "revenue_more.csv", "2026-10-01,prod_assistant,1O0,USD,", "2026-10-32,prod_assistant,1,USD,")
    found = tried(folder)
    (fault,) = found.faults
    assert fault.startswith("ledgers/revenue_more.csv:2: amount 1O0 is not an exact decimal number")
    assert fault.endswith("(2 faults in this file)")
    assert "ledgers/revenue_more.csv: 0 rows" in found.lines


def test_unknown_names_and_missing_rates_are_named(folder: Path) -> None:
    revenue(
        folder,
        "revenue_more.csv",
        "2026-10-09,prod_suport,1,EUR,",
        "2026-10-17,prod_assistant,1,EUR,assistent",
        "2026-10-16,prod_assistant,1,EUR,assistant",
    )
    (folder / "ledgers" / "exchange_rates.csv").write_text(f"{RATES}2026-10-09,USD,EUR,0.9\n")
    found = tried(folder)
    assert found.faults == (
        "ledgers/revenue_more.csv:3: no exchange rate from EUR into USD on 2026-10-17, the first of 1 day of revenue without "
        "one; a rate serves its day and the seven after it: add a row to the ledger exchange_rates "
        "(ledgers/exchange_rates*.csv)",
        "ledgers/revenue_more.csv:3: initiative_id assistent: initiatives.yaml does not know it (1 row)",
    )
    (doubt,) = found.doubts
    assert doubt.startswith("ledgers/revenue_more.csv:2: product_id prod_suport: ")


def test_usage_on_days_without_a_rate_of_the_list_prices_is_named(folder: Path) -> None:
    """Rates that come once a month serve eight days of it; the usage of the others would have no cost."""
    company = folder / "company.yaml"
    company.write_text(company.read_text().replace("reporting_currency: USD", "reporting_currency: EUR"))
    (folder / "ledgers" / "general_ledger.csv").unlink()
    (folder / "ledgers" / "revenue.csv").unlink()
    rates = folder / "ledgers" / "exchange_rates.csv"
    rates.write_text(f"{RATES}2026-09-25,USD,EUR,0.9\n")
    (fault,) = tried(folder).faults
    assert fault.startswith(
        "no exchange rate from USD into EUR on 2026-10-03, the first of 3 days of usage of litellm "
    )
    rates.write_text(f"{RATES}2026-09-25,USD,EUR,0.9\n2026-10-03,USD,EUR,0.9\n")
    assert tried(folder).faults == ()


def test_price_lists_and_amounts_of_the_folder_need_a_rate_too(folder: Path) -> None:
    company = folder / "company.yaml"
    company.write_text(company.read_text().replace("reporting_currency: USD", "reporting_currency: EUR"))
    (folder / "ledgers" / "general_ledger.csv").unlink()
    (folder / "ledgers" / "revenue.csv").unlink()
    (fault,) = tried(folder).faults
    assert fault.startswith("company.yaml: list prices are in USD: no exchange rate between USD and EUR on any day")
    (folder / "ledgers" / "exchange_rates.csv").write_text(f"{RATES}2026-09-30,USD,EUR,0.9\n")
    assert tried(folder).faults == ()


def test_check_says_that_no_source_is_enabled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text().replace("enabled: true", "enabled: false"))
    monkeypatch.setenv("TOKENOMICS_HOME", str(folder.parent / "home"))
    done = CliRunner().invoke(app, ["check", "--company", str(folder)])
    assert done.exit_code == 0, done.output
    assert "no source is enabled in sources.yaml" in done.output
    assert "ledgers/revenue.csv: 5 rows" in done.output


def test_check_of_a_broken_ledger_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "ledgers" / "people.csv").write_text("")
    monkeypatch.setenv("TOKENOMICS_HOME", str(folder.parent / "home"))
    done = CliRunner().invoke(app, ["check", "--company", str(folder)])
    assert done.exit_code == 1
    assert "ledgers/people.csv:1: the file has no header line" in done.output.splitlines()
