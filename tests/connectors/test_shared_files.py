"""The file connectors on data made elsewhere: a simulated company, real-shape double-entry journals, a FOCUS sample."""

import csv
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from orchestration.connectors.ledgers import extract as ledgers
from orchestration.connectors.providers.focus import extract as focus
from orchestration.landing.errors import RejectedFile
from orchestration.landing.store import Landing
from orchestration.registry.sources import SourceConfig

SHARED = Path(__file__).resolve().parents[3] / "shared"
JOURNALS = SHARED / "data" / "ledger_xero_journals"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared is absent")

ACCOUNT_CLASSES = {
    "BANK": "asset",
    "CURRENT": "asset",
    "FIXED": "asset",
    "CURRLIAB": "liability",
    "TERMLIAB": "liability",
    "EQUITY": "equity",
    "REVENUE": "revenue",
    "EXPENSE": "expense",
    "DIRECTCOSTS": "expense",
}


@dataclass
class Company:
    """The part of a company that the file connectors read."""

    folder: Path
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    ledgers: dict[str, Any] = field(default_factory=dict)
    config: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(fiscal_year_start_month=1))


def query(landing: Landing, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        landing.register(connection)
        return connection.execute(sql).fetchall()


# ------------------------------------------------------------------------------------------ the simulated company


def test_every_row_of_the_simulated_ledgers_lands(acceptance_folder: Path, tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    rows = {one.stream: one.rows for one in ledgers.extract(Company(acceptance_folder / "company"), landing)}
    for path in (acceptance_folder / "company" / "ledgers").glob("*.csv"):
        with path.open(newline="") as file:
            assert rows.pop(path.stem) == sum(1 for _ in csv.DictReader(file)) > 0
    assert rows == {"rejected_rows": 0}
    assert query(landing, "select count(*) from landing.ledgers__general_ledger where not is_balanced_entry") == [(0,)]


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        (
            "general_ledger_negative.csv",
            [r"general_ledger_negative\.csv:2\b", "JE-UNBALANCED-77", r"debits 125\.00, credits 124\.00", "balance"],
        ),
        ("general_ledger_money.csv", [r"general_ledger_money\.csv:2\b", r"debit_amount '1O0\.00'"]),
    ],
)
def test_the_simulated_faults_are_refused(
    acceptance_folder: Path, tmp_path: Path, name: str, patterns: list[str]
) -> None:
    folder = tmp_path / "company"
    shutil.copytree(acceptance_folder / "company" / "ledgers", folder / "ledgers")
    shutil.copy(acceptance_folder / "negative" / name, folder / "ledgers")
    with pytest.raises(RejectedFile) as caught:
        ledgers.extract(Company(folder), Landing(tmp_path / "landing"))
    assert [pattern for pattern in patterns if not re.search(pattern, str(caught.value))] == []
    assert not (tmp_path / "landing").exists()


def test_the_simulated_cloud_bill_keeps_quantity_and_unit(acceptance_folder: Path, tmp_path: Path) -> None:
    source = SourceConfig.model_validate({"name": "focus_files", "path": "focus/*.csv"})
    landing = Landing(tmp_path / "landing")
    focus.extract(Company(acceptance_folder / "company", {"focus_files": source}), landing, date(2026, 10, 31), None)
    columns = ["BilledCost", "ConsumedQuantity", "ConsumedUnit", "x_UsageType", "ListUnitPrice"]
    written: Counter[tuple[str, ...]] = Counter()
    for path in (acceptance_folder / "company" / "focus").glob("*.csv"):
        with path.open(newline="") as file:
            written.update(tuple(row[column] for column in columns) for row in csv.DictReader(file))
    landed = query(
        landing,
        "select billed_cost, consumed_quantity, consumed_unit, usage_type, list_unit_price "
        "from landing.focus_files__cost_and_usage",
    )
    assert Counter(landed) == written
    assert {row[3] for row in landed} == {f"USE1-Claude4.6Sonnet-{kind}-tokens" for kind in ("input", "output")}


# ---------------------------------------------------------------------------------------- real-shape journals


def journal_lines() -> tuple[list[str], list[list[str]]]:
    """The published journals in the general_ledger shape: net_amount above 0 is a debit, below 0 a credit."""
    with (JOURNALS / "xero_journal_data.csv").open(newline="") as file:
        dates = {row["journal_id"]: row["journal_date"] for row in csv.DictReader(file)}
    header = [
        "legal_entity_id",
        "journal_entry_id",
        "journal_line_number",
        "posting_date",
        "account_number",
        "account_name",
        "account_class",
        "account_type",
        "debit_amount",
        "credit_amount",
        "currency",
        "fiscal_period",
    ]
    numbers: Counter[str] = Counter()
    rows = []
    with (JOURNALS / "xero_journal_line_data.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            entry, net = line["journal_id"], Decimal(line["net_amount"])
            numbers[entry] += 1
            account = [line["account_code"] or line["account_id"], line["account_name"]]
            account += [ACCOUNT_CLASSES[line["account_type"]], line["account_type"]]
            amounts = [f"{max(net, Decimal(0)):f}", f"{max(-net, Decimal(0)):f}"]
            period = dates[entry][:7]
            rows.append(["E1", entry, str(numbers[entry]), dates[entry], *account, *amounts, "USD", period])
    return header, rows


def write_ledger(folder: Path, header: list[str], rows: list[list[str]]) -> Company:
    (folder / "ledgers").mkdir(parents=True)
    with (folder / "ledgers" / "general_ledger.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return Company(folder)


def test_all_published_journals_land_balanced_with_their_signs(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    ledgers.extract(write_ledger(tmp_path / "company", *journal_lines()), landing)
    table = "landing.ledgers__general_ledger"
    assert query(
        landing,
        "select count(distinct journal_entry_id), count(*), bool_and(is_balanced_entry), sum(debit_amount) "
        f"from {table}",
    ) == [(1685, 4033, True, Decimal("2286827.31"))]
    nets = query(
        landing,
        f"select account_type, sum(debit_amount - credit_amount) from {table} "
        "where account_type in ('EXPENSE', 'REVENUE') group by all order by 1",
    )
    assert nets == [("EXPENSE", Decimal("57790.57")), ("REVENUE", Decimal("-566973.74"))]


def test_one_published_journal_made_unbalanced_is_refused_by_name(tmp_path: Path) -> None:
    header, rows = journal_lines()
    changed = next(row for row in rows if Decimal(row[8]) > 0)
    changed[8] = str(Decimal(changed[8]) + Decimal("0.01"))
    with pytest.raises(RejectedFile, match=f"journal {changed[1]} does not balance") as caught:
        ledgers.extract(write_ledger(tmp_path / "company", header, rows), Landing(tmp_path / "landing"))
    assert str(caught.value).count("does not balance") == 1


# --------------------------------------------------------------------------------------------- the FOCUS sample


def test_the_focus_sample_loads_exactly(tmp_path: Path) -> None:
    (tmp_path / "company").mkdir()
    shutil.copy(SHARED / "data" / "focus_sample_1.0_1000rows.csv", tmp_path / "company")
    source = SourceConfig.model_validate({"name": "focus_files", "path": "*.csv"})
    landing = Landing(tmp_path / "landing")
    focus.extract(Company(tmp_path / "company", {"focus_files": source}), landing, date(2026, 10, 31), None)
    sums = "round(sum(cast(billed_cost as decimal(38, 18))), 6), round(sum(cast(effective_cost as decimal(38, 18))), 6)"
    table = "landing.focus_files__cost_and_usage"
    assert query(landing, f"select count(*), {sums}, min(focus_version) from {table}") == [
        (1000, Decimal("20.520227"), Decimal("14.976514"), "1.0")
    ]
    providers = query(landing, f"select provider_name, count(*) from {table} group by all order by 2 desc")
    assert providers == [("AWS", 942), ("Microsoft", 51), ("Oracle", 7)]
    assert query(landing, f"select billed_cost, resource_id is not null, tags from {table} where line = 2") == [
        ("0.00000080000", True, None)
    ]
