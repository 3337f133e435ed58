"""What is committed stays, what is torn was never there, what is damaged is said."""

import hashlib
import json
from pathlib import Path

import pytest

from orchestration.budgets.journal import Journal, JournalDamaged, JournalInAnotherCurrency
from orchestration.budgets.movements import BrokenMovement
from tests.budgets.examples import fund, graduation, grant


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "budget", "USD")


def book(journal: Journal, *movements) -> list[str]:
    with journal.transaction() as transaction:
        return [one.movement_id for one in transaction.add(movements)]


def test_an_empty_home_has_an_empty_ledger(journal: Journal) -> None:
    assert journal.read() == []


def test_what_was_booked_is_read_back_in_order(journal: Journal) -> None:
    book(journal, fund(), grant())
    book(journal, graduation())
    assert journal.read() == [fund(), grant(), graduation()]


def test_booking_again_adds_no_line(journal: Journal) -> None:
    assert book(journal, fund()) == ["fund:ops:2026-07"]
    before = journal.path.read_bytes()
    assert book(journal, fund()) == []
    assert journal.path.read_bytes() == before


def test_a_transaction_that_fails_books_none_of_its_movements(journal: Journal) -> None:
    with pytest.raises(BrokenMovement):
        book(journal, fund(), grant(), graduation(balance="1"))
    assert journal.read() == []
    assert book(journal, fund()) == ["fund:ops:2026-07"]


@pytest.mark.parametrize("kept", [1, 60, -1])
def test_a_torn_last_line_is_ignored_and_healed(journal: Journal, kept: int) -> None:
    book(journal, fund())
    whole = journal.path.read_bytes()
    book(journal, grant())
    torn = journal.path.read_bytes()[len(whole) :][:kept]
    journal.path.write_bytes(whole + torn)
    assert journal.read() == [fund()]
    book(journal, grant("other", "100"))
    assert [one.movement_id for one in journal.read()] == ["fund:ops:2026-07", "grant:other:2026-07-01"]
    assert journal.path.read_bytes().startswith(whole)


def test_a_changed_amount_in_a_committed_line_is_damage(journal: Journal) -> None:
    book(journal, fund())
    book(journal, grant())
    first, second = journal.path.read_bytes().splitlines()
    journal.path.write_bytes(first.replace(b'"1000.000000000"', b'"9000.000000000"') + b"\n" + second + b"\n")
    with pytest.raises(JournalDamaged, match=r"journal\.log:1: the digest does not fit"):
        journal.read()
    with pytest.raises(JournalDamaged):
        book(journal, fund(period="2026-08"))


@pytest.mark.parametrize("text", [b"{}", b"not json", b"[]", b'{"movements": [{"movement_id": "m"}]}'])
def test_a_line_that_is_no_transaction_is_damage(journal: Journal, text: bytes) -> None:
    book(journal, fund())
    digest = hashlib.sha256(text).hexdigest()[:16].encode()
    journal.path.write_bytes(digest + b" " + text + b"\n" + journal.path.read_bytes())
    with pytest.raises(JournalDamaged, match=r"journal\.log:1"):
        journal.read()


def test_a_line_says_when_it_was_written(journal: Journal) -> None:
    book(journal, fund())
    assert json.loads(journal.path.read_bytes().partition(b" ")[2])["booked_at"].endswith("+00:00")


def test_amounts_of_another_reporting_currency_are_refused_not_relabelled(journal: Journal) -> None:
    book(journal, fund())
    before = journal.path.read_bytes()
    changed = Journal(journal.path.parent, "EUR")
    with pytest.raises(JournalInAnotherCurrency, match=r"journal\.log:1: booked in USD.* reports in EUR.*to USD again"):
        changed.read()
    with pytest.raises(JournalInAnotherCurrency), changed.transaction():
        pass
    assert journal.path.read_bytes() == before
    assert len(journal.read()) == 1
