"""What a section of the summary is, and how its figures read. Draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

Row = dict[str, Any]
TEXT = (
    "why",
    "because",
    "verdict",
    "alert",
    "what",
    "stability",
    "first",
    "roles without an account",
    "waits for",
    "stands",
)
"""Columns of words: set to the left, and wrapped. The first column of a table always is one."""


@dataclass(frozen=True)
class Section:
    """A titled table of text. ``note`` says what the columns mean, or what an empty table means; ``todo``: what a person is
    to do, one sentence each; ``urgent``: positions of the rows that need a person.
    """

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    todo: Sequence[str] = ()
    urgent: frozenset[int] = frozenset()


def amount(text: str | Decimal | None) -> str:
    """Money for the eye: two decimals, thousands marked, no negative zero; nothing where it is not known."""
    return "" if text is None else f"{Decimal(text).quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN) + 0:,}"


def percent(ratio: float | str | None) -> str:
    return "" if ratio is None else f"{float(ratio):.1%}"
