"""``finance_pack.xlsx``: the tables that a controller asks for, typed, with totals as formulas.

Each table is a named Excel table with a total row (``SUBTOTAL``, so that it follows the filter), and below it what the mart holds
and the difference. Every formula carries its computed value, so that a viewer which does not calculate shows it. Text is
always written as text, also where it begins like a formula. Excel holds 15 digits: where an amount has more, its number is
the nearest one and every digit stands as text in a folded column on the right. Equal content gives equal bytes.

Of a table that is longer than a sheet is made, the sheet says how many rows there are, what the rest sums to and where it is.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from dashboard.figures import Column, Figure, Page, Unit, exact, shown
from dashboard.pack.rows import Filled, fill, meanings
from dashboard.pack.sheets import SHEETS
from dashboard.publication import Provenance, Publication, Row

DIGITS = 15
CELL = 32_000
"""Characters of a cell; Excel holds 32,767."""

EVERY_DIGIT = "Every digit stands in the folded columns on the right."
HEAD = 5
"""The row of a table's head, counted from 0; above it stands what the sheet is about."""

TIES_TO = 4
"""Decimals to which a total is compared with its mart: sums of numbers of 15 digits are exact to less."""

BELOW = ("Rows not shown", "The mart holds", "Equals the mart: difference", "Rows shown without a value")
FORMATS: dict[Unit, str] = {
    "money": "#,##0.00",
    "price": "#,##0.0000",
    "ratio": "0.0%",
    "count": "#,##0",
    "quantity": "#,##0.######",
    "number": "#,##0.######",
    "days": "0.0",
    "months": "0.0",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
EXACT = ("money", "number")
NUMBERS = ("money", "price", "ratio", "count", "quantity", "number", "days", "months")


def write_workbook(publication: Publication, front: Page, file: Path) -> None:
    """Write the workbook of the publication; ``front``: the page whose figures open it."""
    run = publication.provenance
    filled = [fill(publication, sheet) for sheet in SHEETS]
    with xlsxwriter.Workbook(str(file), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties(
            {
                "title": f"Finance pack of {run.company}, {run.month}",
                "company": run.company,
                "comments": f"As of {run.as_of}, run {run.run_id}",
                "created": datetime.fromisoformat(run.published_at).astimezone(UTC).replace(tzinfo=None),
            }
        )
        writer = _Writer(book, run)
        overview = book.add_worksheet("Overview")
        checks = {one.sheet.name: writer.table_sheet(one) for one in filled}
        writer.glossary(meanings(publication))
        writer.overview(overview, front, filled, checks)
        overview.activate()


def fits(value: Decimal) -> bool:
    """Whether Excel holds every digit of the number."""
    return Decimal(f"{float(value):.{DIGITS}g}") == value


class _Writer:
    """Formats of one workbook, and its sheets."""

    def __init__(self, book: Workbook, run: Provenance) -> None:
        self.book, self.run = book, run
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.muted = book.add_format({"font_color": "#566072"})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.sign = book.add_format({"bottom": 1})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.quoted = book.add_format({"quote_prefix": True})
        self.link = book.get_default_url_format()
        self.formats = {unit: book.add_format({"num_format": text}) for unit, text in FORMATS.items()}
        self.totals = {
            unit: book.add_format({"num_format": text, "bold": True, "top": 1}) for unit, text in FORMATS.items()
        }

    def table_sheet(self, filled: Filled) -> list[tuple[str, Decimal]]:
        """Write the sheet of a table; the cells of its differences to the mart, each with its value."""
        page = self._page(filled.sheet.name, filled.sheet.asks, filled.sheet.source)
        if not filled.rows:
            missing = f"Not published: {', '.join(filled.sheet.reads.split())}."
            page.write_string(HEAD, 0, filled.sheet.empty if filled.is_published else missing)
            return []
        columns = self._with_every_digit(filled)
        if len(columns) > len(filled.sheet.columns):
            says = f"Excel holds {DIGITS} digits; amounts with more are the nearest number. {EVERY_DIGIT}"
            page.write_string(3, 0, says, self.muted)
            self._fold(page, len(filled.sheet.columns), len(columns), len(filled.rows))
        totals = {number: filled.total(column.name) for number, column in filled.totalled}
        self._table(page, filled.sheet.id, columns, filled.rows, totals)
        self._fit(page, filled.sheet.columns, filled.rows)
        return self._check(page, filled)

    def _fold(self, page: Worksheet, begin: int, end: int, rows: int) -> None:
        """Fold the columns from ``begin`` to before ``end``, whose numbers are text on purpose."""
        page.set_column(begin, end - 1, 22, None, {"level": 1, "hidden": True})
        page.set_column(end, end, None, None, {"collapsed": True})
        digits = f"{xl_col_to_name(begin)}{HEAD + 2}:{xl_col_to_name(end - 1)}{HEAD + 1 + rows}"
        page.ignore_errors({"number_stored_as_text": digits})

    def _page(self, name: str, asks: str, source: str) -> Worksheet:
        page = self.book.add_worksheet(name)
        run = self.run
        page.write_string(0, 0, name, self.title)
        self._text(
            page, 1, 0, f"{self._who()}, as of {run.as_of}, amounts in {run.currency}, run {run.run_id}", self.muted
        )
        page.write_string(2, 0, f"{asks} Table {source}.")
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(HEAD)
        page.freeze_panes(HEAD + 1, 0)
        page.set_footer("&L&A&C&P / &N&R" + f"{run.as_of}")
        return page

    def _who(self) -> str:
        return f"{self.run.company} (simulated company)" if self.run.is_simulated else self.run.company

    def _with_every_digit(self, filled: Filled) -> list[Column]:
        """The columns, and a text column for each of money that does not fit; its text is put into the rows."""
        columns = list(filled.sheet.columns)
        for column in filled.sheet.columns:
            values = [row[column.name] for row in filled.rows] if column.unit in EXACT else []
            if not all(fits(value) for value in values if value is not None):
                whole = Column(f"{column.name}, every digit", f"{column.label}, every digit")
                columns.append(whole)
                for row in filled.rows:
                    row[whole.name] = exact(row[column.name]) or None
        return columns

    def _table(
        self,
        page: Worksheet,
        name: str,
        columns: Sequence[Column],
        rows: Sequence[Row],
        totals: Mapping[int, Decimal] = MappingProxyType({}),
    ) -> None:
        """A named table, with a row of totals where there are any."""
        heads: list[dict[str, Any]] = [{"header": self._label(one), "header_format": self.head} for one in columns]
        last = HEAD + len(rows) + (1 if totals else 0)
        for number in totals:
            heads[number] |= {"total_function": "sum"}
        if totals:
            heads[0] |= {"total_string": "Total of what is shown"}
        options = {"name": name, "columns": heads, "total_row": bool(totals), "style": "Table Style Light 1"}
        page.add_table(HEAD, 0, last, len(columns) - 1, options)
        for line, row in enumerate(rows, start=HEAD + 1):
            for number, column in enumerate(columns):
                self._cell(page, line, number, row[column.name], column.unit)
        for number, total in totals.items():
            formula = f"=SUBTOTAL(109,{name}[{self._label(columns[number])}])"
            page.write_formula(last, number, formula, self.totals[columns[number].unit], total)

    def _label(self, column: Column) -> str:
        return f"{column.label} {self.run.currency}" if column.unit == "money" else column.label

    def _cell(self, page: Worksheet, line: int, number: int, value: Any, unit: Unit) -> None:
        if value is None:
            page.write_blank(line, number, None)
        elif unit in NUMBERS:
            self._number(page, line, number, value, self.formats[unit])
        elif unit in ("date", "moment") and isinstance(value, date) and value.year >= 1900:
            moment = (
                value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
            )
            page.write_datetime(line, number, moment, self.formats[unit])
        else:
            self._text(page, line, number, shown(value, unit))

    def _number(self, page: Worksheet, line: int, number: int, value: Any, style: Format) -> None:
        """The number by its decimal digits: as binary ones 707.81 would be written as 707.8099999999999."""
        digits: Any = value if isinstance(value, Decimal) else Decimal(str(value))
        page.write_number(line, number, digits, style)

    def _text(self, page: Worksheet, line: int, number: int, text: str, style: Format | None = None) -> None:
        """Text as text: what begins like a formula stays what it is, also when somebody edits the cell."""
        kept = text if len(text) <= CELL else f"{text[:CELL]} … (cut, {len(text):,} characters)"
        page.write_string(line, number, kept, style or (self.quoted if kept.startswith(("=", "+", "-", "@")) else None))

    def _fit(self, page: Worksheet, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        for number, column in enumerate(columns):
            values = [shown(row[column.name], column.unit) for row in rows[:500]]
            widest = max((len(value) for value in values), default=0)
            page.set_column(number, number, min(max(widest, len(column.label) + 6), 48) + 2)

    def _check(self, page: Worksheet, filled: Filled) -> list[tuple[str, Decimal]]:
        """Below the table: rows that are not shown, what the mart holds, the difference of each total; a cell and its value
        for each.
        """
        first, last = HEAD + 2, HEAD + 1 + len(filled.rows)
        line = last + 2
        if filled.count > len(filled.rows):
            says = (
                f"Shown are {len(filled.rows):,} of {filled.count:,} rows; all of them: parquet/{filled.sheet.source}/."
            )
            page.write_string(line - 1, 0, says)
            line += 1
        differences = []
        for number, column in filled.totalled:
            style, of, total = self.formats[column.unit], xl_col_to_name(number), filled.total(column.name)
            mart, rest = filled.sums.get(column.name, Decimal(0)), filled.rest.get(column.name, Decimal(0))
            difference = round(total + rest - mart, TIES_TO)
            formula = f"=ROUND(SUM({of}{first}:{of}{last})+{of}{line + 1}-{of}{line + 2},{TIES_TO})"
            self._number(page, line, number, rest, style)
            self._number(page, line + 1, number, mart, style)
            page.write_formula(line + 2, number, formula, style, difference)
            page.write_number(line + 3, number, filled.unknown(column.name), self.formats["count"])
            differences.append((f"'{filled.sheet.name}'!{of}{line + 3}", difference))
        for offset, label in enumerate(BELOW if differences else ()):
            page.write_string(line + offset, 0, label, self.muted)
        return differences

    def glossary(self, rows: list[Row]) -> None:
        page = self._page("Glossary", "What does each column mean?", "of each sheet")
        columns = (
            Column("sheet", "Sheet"),
            Column("label", "Column"),
            Column("table", "Published table"),
            Column("column", "Published column"),
            Column("says", "Meaning"),
        )
        self._table(page, "glossary", columns, rows)
        self._fit(page, columns, rows)
        page.set_column(4, 4, 100, self.wrapped)

    def overview(
        self, page: Worksheet, front: Page, filled: list[Filled], checks: dict[str, list[tuple[str, Decimal]]]
    ) -> None:
        """What the workbook is, who signs it, what is read first, and each sheet with whether it ties to its mart."""
        run = self.run
        page.set_column(0, 0, 34)
        page.set_column(1, 1, 20)
        page.set_column(2, 2, 22)
        page.set_column(3, 3, 90)
        self._text(page, 0, 0, f"Finance pack of {self._who()}", self.title)
        about = (
            ("As of", str(run.as_of)),
            ("Currency", run.currency),
            ("Run", run.run_id),
            ("Published", f"{run.published_at[:16].replace('T', ' ')} UTC"),
            ("Written by", f"tokenomics {run.version}"),
            ("Company", "simulated: no person, customer or bill is real" if run.is_simulated else run.company),
        )
        for line, (label, value) in enumerate(about, start=2):
            page.write_string(line, 0, label, self.muted)
            self._text(page, line, 1, value)
        for line, label in enumerate(("Prepared by, on", "Reviewed by, on", "Approved by, on"), start=9):
            page.write_string(line, 0, label, self.muted)
            page.write_blank(line, 1, None, self.sign)
            page.write_blank(line, 2, None, self.sign)
        line = self._figures(page, 13, front)
        self._contents(page, line + 1, filled, checks)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)

    def _figures(self, page: Worksheet, line: int, front: Page) -> int:
        for number, label in enumerate(("What finance asks first", "Value", "Published table", "How")):
            page.write_string(line, number, label, self.head)
        figures = [one for section in front.sections for one in section.blocks if isinstance(one, Figure)]
        for figure in figures:
            line += 1
            label = f"{figure.label} ({self.run.currency})" if figure.unit == "money" else figure.label
            self._text(page, line, 0, label)
            if figure.value is None:
                page.write_string(line, 1, figure.says or "not known")
            else:
                self._cell(page, line, 1, figure.value, figure.unit)
            self._text(page, line, 2, figure.source)
            self._text(page, line, 3, figure.formula)
        return line + 1

    def _contents(
        self, page: Worksheet, line: int, filled: list[Filled], checks: dict[str, list[tuple[str, Decimal]]]
    ) -> None:
        for number, label in enumerate(("Sheet", "Rows", "Difference to the mart", "What it answers")):
            page.write_string(line, number, label, self.head)
        for one in filled:
            line += 1
            page.write_url(line, 0, f"internal:'{one.sheet.name}'!A1", self.link, one.sheet.name)
            page.write_number(line, 1, one.count, self.formats["count"])
            cells = checks[one.sheet.name]
            if cells:
                off = sum((abs(value) for _, value in cells), Decimal(0))
                formula = "+".join(f"ABS({cell})" for cell, _ in cells)
                page.write_formula(line, 2, f"={formula}", self.formats["money"], round(off, TIES_TO))
            page.write_string(line, 3, one.sheet.asks)
