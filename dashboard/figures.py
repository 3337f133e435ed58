"""What a page is made of: figures, tables and charts as frozen values, and how a value reads.

Every value keeps its exact digits beside the text that is shown (``exact`` in the page, which sorting, sums and exports
use). Text is rounded half to even; nothing is rounded before it is summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

Unit = Literal["money", "ratio", "count", "quantity", "number", "date", "moment", "text", "flag", "days", "months"]
Verdict = Literal["good", "watch", "bad", "unknown", "none"]
FILTERS = ("period", "department", "product")
NOTHING = "–"
_CENT, _WHOLE = Decimal("0.01"), Decimal(1)


@dataclass(frozen=True)
class Figure:
    """One number that is read first. ``formula``: how it comes about, in words; ``source``: the published table it is in;
    ``rows``: id of the table on the page whose rows make it up, with ``total`` the column that sums to it.
    """

    label: str
    value: Any
    unit: Unit
    formula: str
    source: str
    rows: str | None = None
    total: str | None = None
    verdict: Verdict = "none"
    says: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a table; ``is_total`` sums it below the rows, for as many as are shown."""

    name: str
    label: str
    unit: Unit = "text"
    is_total: bool = False


@dataclass(frozen=True)
class Table:
    """Rows that can be sorted, filtered and exported. ``filters``: filter name to the column that holds its value;
    ``verdict``: the column that holds a row's verdict.
    """

    id: str
    title: str
    source: str
    columns: tuple[Column, ...]
    rows: Sequence[dict[str, Any]]
    empty: str
    says: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    verdict: str | None = None
    is_folded: bool = False

    def total(self, column: str) -> Decimal:
        return sum((Decimal(row[column]) for row in self.rows if row[column] is not None), Decimal(0))


@dataclass(frozen=True)
class Chart:
    """A drawing of a table that stands on the page, so that whoever cannot see it reads the rows. ``alt`` says what it shows."""

    title: str
    svg: str
    alt: str
    rows: str
    says: str = ""


@dataclass(frozen=True)
class Note:
    """A sentence that needs no number of its own."""

    text: str
    verdict: Verdict = "none"


Block = Figure | Table | Chart | Note


@dataclass(frozen=True)
class Section:
    """Blocks that answer one question."""

    title: str
    blocks: tuple[Block, ...]
    says: str = ""


@dataclass(frozen=True)
class Page:
    """One page. ``asks``: the question it answers, as its first line."""

    id: str
    title: str
    asks: str
    sections: tuple[Section, ...]

    @property
    def tables(self) -> list[Table]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]


def shown(value: Any, unit: Unit) -> str:
    """The value as a person reads it."""
    if value is None:
        return NOTHING
    if unit == "money":
        return f"{Decimal(value).quantize(_CENT, ROUND_HALF_EVEN):,f}"
    if unit == "ratio":
        return f"{Decimal(str(value)) * 100:,.1f} %"
    if unit == "count":
        return f"{Decimal(value).quantize(_WHOLE, ROUND_HALF_EVEN):,f}"
    if unit in ("quantity", "number"):
        return f"{Decimal(str(value)).normalize():,f}"
    if unit in ("days", "months"):
        amount = f"{Decimal(str(value)):,.1f}".removesuffix(".0")
        return f"{amount} {unit if amount != '1' else unit[:-1]}"
    if unit == "moment":
        return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
    if unit == "flag":
        return "yes" if value else "no"
    return str(value)


def exact(value: Any) -> str:
    """Every digit of the value, for sums, sorting and export; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
