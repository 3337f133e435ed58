"""The append-only journal of budget movements: ``HOME/budget/journal.log``, safe for many writers and for kills.

One line per transaction: a digest, then as JSON its movements, their currency and when they were written. Writers take an
exclusive lock of the file ``lock`` beside it, see everything written before, and add one line with one write, synced before the
lock is given back. The newline commits: a line without it, left by a killed writer, is ignored by readers and cut off by the
next writer. Any other damage is an error and never skipped. What people approved stands nowhere else in a home: keep a
copy of this file.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestration.budgets.movements import Ledger, Movement, from_plain, to_plain
from orchestration.journal import append, committed_lines
from orchestration.lock import in_turn


class JournalDamaged(Exception):
    """A committed line of the journal does not hold what was written; names the file and the line."""


class JournalInAnotherCurrency(Exception):
    """The journal's amounts are in a currency that the company no longer reports in."""


@dataclass
class Transaction:
    """``ledger`` is everything booked before, and what this transaction adds; ``added`` is written when it ends."""

    ledger: Ledger
    added: list[Movement] = field(default_factory=list)

    def add(self, movements: Iterable[Movement]) -> list[Movement]:
        """Book movements; those whose id is booked already are left out. Raises BrokenMovement; nothing is booked."""
        new = [movement for movement in movements if self.ledger.add(movement)]
        self.added += new
        return new


class Journal:
    """The journal in ``folder`` (``HOME/budget``) of a company that reports in ``currency``."""

    def __init__(self, folder: Path, currency: str) -> None:
        self.currency = currency
        self.path = folder / "journal.log"
        self.lock = folder / "lock"

    def read(self) -> list[Movement]:
        """Every committed movement, in order of booking. Raises :class:`JournalDamaged` or :class:`JournalInAnotherCurrency`."""
        return [movement for n, line in committed_lines(self.path) for movement in self._movements(n, line)]

    def ledger(self) -> Ledger:
        return Ledger(self.read())

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Hold the journal alone; what is added is written, all or nothing, when the block ends without an error."""
        with in_turn(self.lock):
            transaction = Transaction(self.ledger())
            yield transaction
            if transaction.added:
                self._append(transaction.added)

    def _append(self, movements: list[Movement]) -> None:
        plain = [to_plain(movement) for movement in movements]
        body = {"booked_at": datetime.now(UTC).isoformat(), "currency": self.currency, "movements": plain}
        text = json.dumps(body, separators=(",", ":")).encode()
        append(self.path, _digest(text) + b" " + text + b"\n")

    def _movements(self, number: int, line: bytes) -> list[Movement]:
        digest, _, text = line.partition(b" ")
        try:
            if digest != _digest(text):
                raise ValueError("the digest does not fit")
            body = json.loads(text)
            movements = [from_plain(one) for one in body["movements"]]
            booked_in = body.get("currency", self.currency)
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise JournalDamaged(f"{self.path}:{number}: {error}; restore the file from a copy") from error
        if booked_in != self.currency:
            raise JournalInAnotherCurrency(
                f"{self.path}:{number}: booked in {booked_in}, and company.yaml reports in {self.currency}. What was booked "
                f"is not converted: set reporting_currency to {booked_in} again, or report in {self.currency} from a home "
                "of its own (--home)."
            )
        return movements


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()
