"""A failed data test is told in words: the table, the key, the amounts and what to do; none that blocks lacks a sentence."""

import json
from pathlib import Path

import pytest

from orchestration.project import DBT_PROJECT
from orchestration.transform.data_tests import GENERIC, SINGULAR
from orchestration.transform.invoke import NodeResult, failure_lines
from tests.transform.conftest import SmallProject

TESTS = DBT_PROJECT / "tests"
ADVICE = """Runtime Error in model big (models/big.sql)
  Out of Memory Error: failed to allocate data of size 16.0 KiB (953.6 MiB/953.6 MiB used)
  
  Possible solutions:
  * Reducing the number of threads (SET threads=X)
  * Disabling insertion-order preservation
"""


def tell(small: SmallProject) -> list[str]:
    return failure_lines(list(small.build().values()))


@pytest.fixture
def amounts(small: SmallProject) -> SmallProject:
    """Model fct_usage of three rows, the key u1 twice, with the project's own generic tests."""
    (small.folder / "tests" / "generic").mkdir(parents=True)
    for file in (TESTS / "generic").glob("*.sql"):
        (small.folder / "tests" / "generic" / file.name).write_text(file.read_text())
    (small.folder / "macros" / "columns.sql").write_text((TESTS.parent / "macros" / "columns.sql").read_text())
    small.write(
        "fct_usage.sql",
        "{{ config(materialized='table') }} from (values ('u1', 'ok', 1.50), ('u1', 'ok', 2.50), ('u2', 'odd', null)) "
        "as rows (usage_key, status, list_cost)",
    )
    return small


def grain(**arguments: object) -> str:
    test = {"one_row_per": {"arguments": {"columns": ["usage_key"], **arguments}}}
    return json.dumps({"models": [{"name": "fct_usage", "data_tests": [test]}]})


def test_a_repeated_key_is_told_with_table_and_key(amounts: SmallProject) -> None:
    amounts.write("fct_usage.yml", grain())
    (line,) = tell(amounts)
    assert line.startswith(
        "fct_usage does not keep its grain or its columns: rule usage_key repeat, failures 1, usage_key u1; look for a file"
    )
    assert "Got 1 result" not in line


def test_every_broken_rule_of_a_table_names_a_row(amounts: SmallProject) -> None:
    amounts.write("fct_usage.yml", grain(columns=["usage_key", "list_cost"], never_null=["list_cost"]))
    assert "rule list_cost is null, failures 1, usage_key u2, list_cost none; " in tell(amounts)[0]
    amounts.write("fct_usage.yml", grain(columns=["usage_key", "list_cost"], accepted_values={"status": ["ok"]}))
    assert (
        "rule status is none of its values, failures 1, usage_key u2, list_cost none, status odd; " in tell(amounts)[0]
    )


def test_amounts_of_a_singular_test_are_told(amounts: SmallProject) -> None:
    amounts.write(
        "accrual_journal_lines.sql", "select 'TKN-1' as journal_id, 10.00 as debit_amount, 9.99 as credit_amount"
    )
    (amounts.folder / "tests" / "accrual_journals_balance.sql").write_text(
        (TESTS / "integrity" / "accrual_journals_balance.sql").read_text()
    )
    (line,) = tell(amounts)
    assert line == (
        "a journal in accrual_journal_lines does not balance: journal_id TKN-1, debit_amount 10.00, credit_amount 9.99; "
        "check posting_accounts in company.yaml, or report this line (data test accrual_journals_balance)"
    )


def test_no_test_that_blocks_lacks_a_sentence() -> None:
    singular = {path.stem for path in TESTS.rglob("*.sql") if path.parent.name != "generic"}
    generic = {path.stem for path in (TESTS / "generic").glob("*.sql")} | {"relationships"}
    assert set(SINGULAR) == singular
    assert set(GENERIC) == generic
    for sentence in (*SINGULAR.values(), *GENERIC.values()):
        assert sentence.says and sentence.remedy
        assert "{table}" in sentence.says or sentence not in GENERIC.values()


def test_no_other_generic_test_is_in_use() -> None:
    """A built-in test that a model begins to use needs a sentence too."""
    declared = "\n".join(path.read_text() for path in Path(DBT_PROJECT / "models").rglob("*.yml"))
    assert not [name for name in ("- unique", "- not_null", "- accepted_values:") if name in declared]


def test_advice_of_the_database_is_left_out() -> None:
    (line,) = failure_lines([NodeResult("model.tokenomics.big", "error", ADVICE, 1.0, None)])
    assert line == (
        "model big: Out of Memory Error: failed to allocate data of size 16.0 KiB (953.6 MiB/953.6 MiB used)"
    )
