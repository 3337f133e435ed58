"""What a page is made of: figures, tables and charts as frozen values, and how a value reads.

Every value keeps its exact digits beside the text that is shown (``exact`` in the page, which sorting, sums and exports
use). Text is rounded half to even; nothing is rounded before it is summed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Any, Literal

Unit = Literal[
    "money", "price", "ratio", "count", "quantity", "number", "date", "moment", "text", "flag", "days", "months"
]
"""``price``: money for one unit of work, to four digits; ``number``: without a unit, to three decimals."""
Verdict = Literal["good", "watch", "bad", "unknown", "none"]
NO_FILTERS: Mapping[str, str] = MappingProxyType({})
NOTHING = "–"
_CENT, _PERMILLE, _MILLI, _WHOLE = Decimal("0.01"), Decimal("0.1"), Decimal("0.001"), Decimal(1)


@dataclass(frozen=True)
class Figure:
    """One number that is read first. ``formula``: how it comes about, in words; ``source``: the published table it is in;
    ``rows``: id of the table on the page whose rows make it up, with ``total`` the column that sums to it. A ratio is the sum of
    ``total`` over that of ``over``.
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
    over: str | None = None


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
    ``verdict``: the column that holds a row's verdict; ``first``: as many rows are shown before the reader asks for all.
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
    first: int | None = None

    def total(self, column: str, opens_with: Mapping[str, str] = NO_FILTERS) -> Decimal:
        """The column's sum over the rows that stand under the filters ``opens_with``."""
        rows = (row for row in self.rows if self.stands(row, opens_with))
        return sum((Decimal(row[column]) for row in rows if row[column] is not None), Decimal(0))

    def known_total(self, column: str, opens_with: Mapping[str, str] = NO_FILTERS) -> Decimal | None:
        """The same, and None where no row has a value: what is not known is no zero."""
        is_known = any(row[column] is not None for row in self.rows if self.stands(row, opens_with))
        return self.total(column, opens_with) if is_known else None

    def stands(self, row: Mapping[str, Any], opens_with: Mapping[str, str]) -> bool:
        return all(row[self.filters[name]] == value for name, value in opens_with.items() if name in self.filters)


@dataclass(frozen=True)
class Chart:
    """A drawing of a table that stands on the page, so that whoever cannot see it reads the rows. ``alt`` says what it shows;
    ``shows``: the filters that it is drawn for, none for everything. Under other filters it is not shown.
    """

    title: str
    svg: str
    alt: str
    rows: str
    says: str = ""
    shows: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A sentence that needs no number of its own."""

    text: str
    verdict: Verdict = "none"


Block = Figure | Table | Chart | Note


@dataclass(frozen=True)
class Section:
    """Blocks that answer one question; ``is_half`` stands beside another where there is room."""

    title: str
    blocks: tuple[Block, ...]
    says: str = ""
    is_half: bool = False


@dataclass(frozen=True)
class Page:
    """One page. ``asks``: the question it answers, as its first line; ``opens_with``: the filters it is opened with."""

    id: str
    title: str
    asks: str
    sections: tuple[Section, ...]
    opens_with: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> list[Table]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]


def shown(value: Any, unit: Unit) -> str:
    """The value as a person reads it. What is not zero never reads as zero."""
    if value is None:
        return NOTHING
    if unit == "money":
        return _rounded(Decimal(value), _CENT)
    if unit == "price":
        return _price(Decimal(value))
    if unit == "ratio":
        return f"{_rounded(Decimal(str(value)) * 100, _PERMILLE)} %"
    if unit == "count":
        return _rounded(Decimal(value), _WHOLE)
    if unit == "number":
        return _without_zeros(_rounded(Decimal(str(value)), _MILLI))
    if unit == "quantity":
        return f"{Decimal(str(value)).normalize():,f}"
    if unit in ("days", "months"):
        amount = _without_zeros(_rounded(Decimal(str(value)), _PERMILLE))
        return f"{amount} {unit if amount != '1' else unit[:-1]}"
    if unit == "moment":
        return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
    if unit == "flag":
        return "yes" if value else "no"
    return str(value)


def gate_value(value: Decimal, unit: str) -> str:
    """What a gate measured or allows, without the words for ``unit``."""
    return shown(value, "ratio" if "ratio" in unit else "money" if unit.startswith("money") else "quantity")


def _rounded(value: Decimal, step: Decimal) -> str:
    """Rounded half to even; what would read as zero and is not says that it is less than one step."""
    near = value.quantize(step, ROUND_HALF_EVEN)
    if near:
        return f"{near:,f}"
    return f"{abs(near):,f}" if not value else f"<{step}" if value > 0 else f">-{step}"


def _price(value: Decimal) -> str:
    if not value or abs(value) >= 1:
        return _rounded(value, _CENT)
    return f"{value.quantize(Decimal(1).scaleb(value.adjusted() - 3), ROUND_HALF_EVEN):,f}"


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and text[0] not in "<>" else text


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
