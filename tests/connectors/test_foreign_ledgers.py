"""Ledgers in the words of other systems: read as declared, exactly, and refused where a word is not declared."""

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.landing.errors import RejectedFile, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry import RegistryError, load_company, write_company_folder
from orchestration.registry.sources import LedgerConfig
from tests.connectors.test_ledgers import Company, Drop

SIGNED = {
    "columns": {
        "account_number": "Account",
        "account_name": "Account",
        "posting_date": "Date",
        "journal_entry_id": "No",
    },
    "signed_amount": "Amount",
    "values": {"legal_entity_id": "HO1", "currency": "USD"},
    "account_classes": {"1*": "asset", "*": "expense"},
    "number_lines": True,
}
SIDES = {"side": {"column": "S/H", "debit": ["S"], "credit": ["H"]}}


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "company" / "ledgers").mkdir(parents=True)
    return Drop(Company(tmp_path / "company"), Landing(tmp_path / "landing"))


def lines(drop: Drop, text: str, **reading: object) -> list[tuple]:
    """Entry, number, account, class, debit and credit of every line that lands."""
    drop.company.ledgers["general_ledger"] = LedgerConfig(**{"on_reject": "fail", **reading})
    drop.write("general_ledger.csv", *text.splitlines())
    drop.extract()
    columns = "journal_entry_id, journal_line_number, account_number, account_class, debit_amount, credit_amount"
    return drop.rows("general_ledger", columns)


def test_a_signed_amount_is_a_debit_or_a_credit(drop: Drop) -> None:
    text = "Date,No,Account,Amount\n2026-10-01,7,6100,0.123456789\n2026-10-01,7,1000,-0.123456789\n"
    amount = Decimal("0.123456789")
    assert lines(drop, text, **SIGNED) == [
        ("7", "1", "6100", "expense", amount, 0),
        ("7", "2", "1000", "asset", 0, amount),
    ]


def test_a_word_for_credit_turns_the_sign(drop: Drop) -> None:
    text = "Date,No,Account,Amount,S/H\n2026-10-01,7,6100,5,S\n2026-10-01,7,1000,7,h\n2026-10-01,7,1010,-2,H\n"
    assert [row[4:] for row in lines(drop, text, **SIGNED, **SIDES)] == [(5, 0), (0, 7), (2, 0)]


def test_an_unknown_word_for_the_side_stops_the_file_by_line(drop: Drop) -> None:
    text = "Date,No,Account,Amount,S/H\n2026-10-01,7,6100,5,S\n2026-10-01,7,1000,5,?\n"
    with pytest.raises(SchemaDrift, match=r"general_ledger\.csv:3: S/H '\?' is neither a debit nor a credit"):
        lines(drop, text, **SIGNED, **SIDES)


def test_an_amount_that_is_missing_is_no_zero(drop: Drop) -> None:
    with pytest.raises(RejectedFile, match=r"general_ledger\.csv:2: debit_amount is empty"):
        lines(drop, "Date,No,Account,Amount\n2026-10-01,7,6100,\n", **SIGNED)


def test_an_account_that_no_pattern_matches_is_refused(drop: Drop) -> None:
    classes = {"account_classes": {"1*": "asset"}}
    with pytest.raises(RejectedFile, match=r":2: account_class is empty"):
        lines(drop, "Date,No,Account,Amount\n2026-10-01,7,6100,5\n2026-10-01,7,1000,-5\n", **{**SIGNED, **classes})


def test_what_the_file_says_itself_is_not_replaced(drop: Drop) -> None:
    text = "Date,No,Account,Amount,Currency\n2026-10-01,7,6100,5,EUR\n2026-10-01,7,1000,-5,EUR\n"
    lines(drop, text, **SIGNED)
    assert drop.rows("general_ledger", "distinct currency") == [("EUR",)]


def test_both_lines_of_a_refused_row_are_refused(drop: Drop) -> None:
    text = "Date,No,Account,Amount,Contra\n2026-10-01,7,6100,5,1000\n2026-13-01,8,6100,5,1000\n"
    found = lines(drop, text, **SIGNED, contra_account="Contra", on_reject="quarantine")
    assert [row[:3] for row in found] == [("7", "1", "6100"), ("7", "2", "1000")]
    assert {row[1] for row in drop.rejected()} == {3}


def test_an_empty_side_is_zero_only_where_that_is_declared(drop: Drop) -> None:
    header = (
        "legal_entity_id,journal_entry_id,journal_line_number,posting_date,account_number,account_name,account_class,"
    )
    text = f"{header}debit_amount,credit_amount,currency\nA,1,1,2026-10-01,1,x,asset,5,,USD\nA,1,2,2026-10-01,2,y,asset,,5,USD\n"
    with pytest.raises(
        RejectedFile, match=r"credit_amount is empty; .*empty_side: zero under ledgers: general_ledger in sources\.yaml"
    ):
        lines(drop, text)
    assert [row[4:] for row in lines(drop, text, empty_side="zero")] == [(5, 0), (0, 5)]


@pytest.mark.parametrize(
    ("encoding", "codec", "person", "department"),
    [
        ("windows-1252", "cp1252", "Jürg", "Büro"),
        ("windows-1251", "cp1251", "Юрий", "офис"),
        ("shift_jis", "cp932", "髙橋①", "開発部"),
        ("gb18030", "gb18030", "李娜", "研发"),
        ("euc-kr", "cp949", "똠방각하", "연구소"),
    ],
)
def test_letters_of_another_encoding_are_read_where_that_is_declared(
    encoding: str, codec: str, person: str, department: str, drop: Drop
) -> None:
    file = drop.company.folder / "ledgers" / "people.csv"
    file.write_bytes(f"actor_id,department_id,function\n{person},{department},x\n".encode(codec))
    with pytest.raises(SchemaDrift, match=r"people\.csv:2: is not UTF-8 text; .* or set encoding: windows-1252"):
        drop.extract()
    drop.company.ledgers["people"] = LedgerConfig.model_validate({"encoding": encoding})
    drop.extract()
    assert drop.rows("people", "actor_id, department_id") == [(person, department)]


def test_a_heading_that_no_file_has_is_refused_though_the_column_may_be_absent(drop: Drop) -> None:
    """Else a misspelt heading would silently leave every row without its customer."""
    folder = drop.company.folder / "ledgers"
    (folder / "revenue.csv").write_text("revenue_date,product_id,amount,currency\n2026-10-01,desk,5,USD\n")
    drop.company.ledgers["revenue"] = LedgerConfig(columns={"customer_id": "Kunde"})
    with pytest.raises(SchemaDrift, match=r"ledgers/revenue\.csv: no column is called 'Kunde', .* calls customer_id"):
        drop.extract()
    (folder / "revenue_2.csv").write_text("revenue_date,product_id,Kunde,amount,currency\n2026-10-02,desk,c1,5,USD\n")
    drop.extract()
    assert sorted(drop.rows("revenue", "coalesce(customer_id, '')")) == [("",), ("c1",)]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("revenue: {signed_amount: Net}", "revenue takes no key 'signed_amount'; drop it"),
        ("general_ledger: {values: {currencie: EUR}}", "general_ledger has no column 'currencie'"),
        ("general_ledger: {contra_account: Gegenkonto}", "side and contra_account need signed_amount"),
        ("general_ledger: {account_classes: {'4*': income}}", "'income' is not allowed; write 'asset'"),
    ],
)
def test_a_declaration_that_means_nothing_is_a_fault(tmp_path: Path, declared: str, told: str) -> None:
    write_company_folder(tmp_path / "company")
    sources = tmp_path / "company" / "sources.yaml"
    sources.write_text(f"{sources.read_text()}\nledgers:\n  {declared}\n")
    with pytest.raises(RegistryError) as caught:
        load_company(tmp_path / "company")
    assert told in str(caught.value)


def test_what_is_not_declared_changes_no_load(drop: Drop) -> None:
    """A folder that says nothing of foreign ledgers lands what it landed before such declarations existed."""
    from orchestration.connectors.ledgers.extract import _as_declared

    said = '{"on_reject":"fail","columns":{},"decimal_comma":null,"day_first":null}'
    assert _as_declared(LedgerConfig(on_reject="fail")) == said
    assert '"encoding":"windows-1252"' in _as_declared(LedgerConfig(encoding="windows-1252"))
