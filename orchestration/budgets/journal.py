"""The append-only journal of budget movements: ``HOME/budget/journal.log``, safe for many writers and for kills.

One line per transaction: a digest, then as JSON its movements and when they were written. Writers take an exclusive
lock of the file ``lock`` beside it, see everything written before, and add one line with one write, synced before the
lock is given back. The newline commits: a line without it, left by a killed writer, is ignored by readers and cut off by the
next writer. Any other damage is an error and never skipped. What people approved stands nowhere else in a home: keep a
copy of this file.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestration.budgets.movements import Ledger, Movement, from_plain, to_plain


class JournalDamaged(Exception):
    """A committed line of the journal does not hold what was written; names the file and the line."""


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
    """The journal in ``folder`` (``HOME/budget``)."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.log"
        self.lock = folder / "lock"

    def read(self) -> list[Movement]:
        """Every committed movement, in order of booking. Raises :class:`JournalDamaged`."""
        if not self.path.exists():
            return []
        committed, _, _ = self.path.read_bytes().rpartition(b"\n")
        return [movement for n, line in enumerate(committed.splitlines(), 1) for movement in self._movements(n, line)]

    def ledger(self) -> Ledger:
        return Ledger(self.read())

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Hold the journal alone; what is added is written, all or nothing, when the block ends without an error."""
        with self._locked():
            self._heal()
            transaction = Transaction(self.ledger())
            yield transaction
            if transaction.added:
                self._append(transaction.added)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _heal(self) -> None:
        """Cut off what a killed writer left behind the last newline."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self.path.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())

    def _append(self, movements: list[Movement]) -> None:
        plain = [to_plain(movement) for movement in movements]
        body = {"booked_at": datetime.now(UTC).isoformat(), "movements": plain}
        text = json.dumps(body, separators=(",", ":")).encode()
        line = _digest(text) + b" " + text + b"\n"
        is_new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            before = os.fstat(handle).st_size
            written = os.write(handle, line)
            if written != len(line):
                os.ftruncate(handle, before)
                raise OSError(f"{self.path}: only {written} of {len(line)} bytes could be written; nothing was booked")
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            _sync_folder(self.path.parent)

    def _movements(self, number: int, line: bytes) -> list[Movement]:
        digest, _, text = line.partition(b" ")
        try:
            if digest != _digest(text):
                raise ValueError("the digest does not fit")
            return [from_plain(one) for one in json.loads(text)["movements"]]
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise JournalDamaged(f"{self.path}:{number}: {error}; restore the file from a copy") from error


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
