"""What the shapes of accounting systems share: pages in, rows of the ``general_ledger`` schema out, as text.

What belongs here: the row every shape fills, exact amounts with their sign, and the account types of the one chart that all
systems are brought to. What a system's own fields mean is in its module. A value that a shape cannot make sense of stays as
it was sent, so that the rules of the ledger refuse it with its file, line and entry.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orchestration.connectors.ledgers.schemas import GENERAL_LEDGER
from orchestration.connectors.payload import Record

COLUMNS = tuple(column.name for column in GENERAL_LEDGER.columns)
LedgerRow = dict[str, str | None]
_OWN_NUMBER = re.compile(r"TKN-(ACC|REV|PRE)-.+?-\d{4}-\d{2}(-\d{4}-\d{2})?")

ACCOUNT_CLASSES = {
    "bank": "asset",
    "accounts_receivable": "asset",
    "other_current_asset": "asset",
    "fixed_asset": "asset",
    "other_asset": "asset",
    "accounts_payable": "liability",
    "credit_card": "liability",
    "other_current_liability": "liability",
    "long_term_liability": "liability",
    "equity": "equity",
    "income": "revenue",
    "other_income": "revenue",
    "cost_of_goods_sold": "expense",
    "expense": "expense",
    "other_expense": "expense",
}


@dataclass(frozen=True)
class Page:
    """One JSON object that a system gave; ``name`` is the file or the read that it came from."""

    name: str
    body: Any


@dataclass(frozen=True)
class Books:
    """Whose ledger it is, and the currency it is kept in, where the pages themselves do not say."""

    legal_entity_id: str
    currency: str


@dataclass(frozen=True)
class LedgerRows:
    """Rows of one partition, named like ``xero:ledgers/october.json`` or ``xero:2026-10``; lines count from 1."""

    name: str
    rows: list[LedgerRow] = field(default_factory=list)

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.rows, sort_keys=True).encode()).hexdigest()


def ledger_row(books: Books, **values: str | None) -> LedgerRow:
    """A posted line; columns that are not named are null, a name that is no column is an error."""
    unknown = set(values) - set(COLUMNS)
    if unknown:
        raise KeyError(f"general_ledger has no column {', '.join(sorted(unknown))}")
    row: LedgerRow = dict.fromkeys(COLUMNS)
    row |= {"legal_entity_id": books.legal_entity_id, "currency": books.currency, "posting_status": "posted"}
    row |= values
    return row


def text_of(value: Any) -> str | None:
    """A JSON value as text: numbers digit by digit and without exponent, nothing and blanks as None."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    text = format(value, "f") if isinstance(value, Decimal) else str(value).strip()
    return text or None


def signed_sides(amount: str | None) -> tuple[str | None, str | None]:
    """Debit and credit of a signed amount: positive is a debit, negative a credit. No amount is no zero."""
    if amount is None:
        return None, None
    return ("0", amount[1:]) if amount.startswith("-") else (amount, "0")


def account_kind(native: str | None, kinds: Mapping[str, str]) -> dict[str, str | None]:
    """``account_class`` and ``account_type`` of a system's own account type; one that is not known stays as it is."""
    known = kinds.get(native or "")
    return {"account_class": ACCOUNT_CLASSES[known] if known else native, "account_type": known or native}


def with_own_number(description: str | None, *texts: str | None) -> str | None:
    """The description, with the number of one of our month-end journals behind it that only another text of the entry has."""
    number = next((found[0] for text in texts if text and (found := _OWN_NUMBER.search(text))), None)
    if number is None or number in (description or ""):
        return description
    return f"{description} {number}" if description else number


def month_of(day: str | None) -> str | None:
    """The fiscal period of a posting in systems whose periods are the calendar's months."""
    return day[:7] if day and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) else None


def worded(native: str | None, known: Mapping[str, str]) -> str | None:
    """A document type in our words: the known one, else the system's own in lower case with underscores."""
    if native is None:
        return None
    return known.get(native) or re.sub(r"[^a-z0-9]+", "_", native.lower()).strip("_") or None


def entries(record: Record, name: str, key: str) -> Iterator[tuple[str, Record]]:
    """The objects of list ``name`` with their ``key``; from here on faults name the entry."""
    for item, body in zip(record.value(name), record.parts(name), strict=True):
        entry = text_of(body.value(key))
        if entry is None:
            raise body.drift(f"field {name}.{key} is empty")
        yield entry, Record(record.source, record.stream, item, f"journal {entry}")
