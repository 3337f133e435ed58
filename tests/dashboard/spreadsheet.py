"""Reads a workbook as plain zip and XML and works its formulas out again, without the library that wrote it."""

import re
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
CELL = re.compile(r"\$?([A-Z]+)\$?(\d+)")


@dataclass(frozen=True)
class Cell:
    """``value``: text or number, of a formula the one that is cached; ``style``: the number format."""

    value: str | Decimal | None
    formula: str | None = None
    style: str = "General"


@dataclass
class Read:
    """Cells by sheet and address, ``tables`` by name: the sheet, head labels, first and last row, has a row of totals."""

    sheets: dict[str, dict[str, Cell]] = field(default_factory=dict)
    tables: dict[str, tuple[str, list[str], int, int, bool]] = field(default_factory=dict)
    xml: dict[str, str] = field(default_factory=dict)

    def rows(self, table: str) -> list[dict[str, str | Decimal | None]]:
        sheet, labels, first, last, _ = self.tables[table]
        cells = self.sheets[sheet]
        empty = Cell(None)
        return [
            {label: cells.get(f"{letters(n)}{line}", empty).value for n, label in enumerate(labels)}
            for line in range(first, last + 1)
        ]

    def total(self, table: str, label: str) -> Cell:
        sheet, labels, _, last, has_total = self.tables[table]
        assert has_total, f"{table} has no row of totals"
        return self.sheets[sheet][f"{letters(labels.index(label))}{last + 1}"]

    def below(self, table: str, says: str, label: str) -> Cell:
        """The cell in the line below the table that ``says`` so."""
        sheet, labels, _, last, _ = self.tables[table]
        (line,) = [n for n in range(last, last + 9) if self.sheets[sheet].get(f"A{n}", Cell(None)).value == says]
        return self.sheets[sheet][f"{letters(labels.index(label))}{line}"]

    def evaluate(self, sheet: str, formula: str) -> Decimal:
        """The value of one of the formulas that the workbook uses."""
        text = formula
        if whole := re.fullmatch(r"SUBTOTAL\(109,(\w+)\[([^]]+)\]\)", text):
            table, label = whole.groups()
            return sum((one for row in self.rows(table) if isinstance(one := row[label], Decimal)), Decimal(0))
        if whole := re.fullmatch(r"ROUND\(SUM\(([A-Z]+\d+):([A-Z]+\d+)\)\+([A-Z]+\d+)-([A-Z]+\d+),(\d+)\)", text):
            begin, end, plus, minus, digits = whole.groups()
            total = (
                sum(self._range(sheet, begin, end), Decimal(0)) + self._number(sheet, plus) - self._number(sheet, minus)
            )
            return round(total, int(digits))
        terms = re.findall(r"ABS\('([^']+)'!([A-Z]+\d+)\)", text)
        assert "+".join(f"ABS('{of}'!{cell})" for of, cell in terms) == text, f"a formula that nobody works out: {text}"
        return sum((abs(self._number(of, cell)) for of, cell in terms), Decimal(0))

    def _range(self, sheet: str, begin: str, end: str) -> list[Decimal]:
        (column, first), (_, last) = split(begin), split(end)
        found = [self.sheets[sheet].get(f"{column}{n}", Cell(None)).value for n in range(first, last + 1)]
        return [one for one in found if isinstance(one, Decimal)]

    def _number(self, sheet: str, address: str) -> Decimal:
        cell = self.sheets[sheet][address]
        found = self.evaluate(sheet, cell.formula) if cell.formula else cell.value
        assert isinstance(found, Decimal), f"{sheet}!{address} is no number"
        return found


def split(address: str) -> tuple[str, int]:
    found = CELL.fullmatch(address)
    assert found
    return found[1], int(found[2])


def letters(number: int) -> str:
    """Column 0 is A, 26 is AA."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def read(file: Path) -> Read:
    """All of the workbook."""
    found = Read()
    with zipfile.ZipFile(file) as archive:
        found.xml = {name: archive.read(name).decode() for name in archive.namelist()}
    texts = [
        "".join(part.text or "" for part in one.iter(f"{MAIN}t"))
        for one in ElementTree.fromstring(found.xml["xl/sharedStrings.xml"])
    ]
    styles = _styles(found.xml["xl/styles.xml"])
    targets = _relations(found.xml["xl/_rels/workbook.xml.rels"])
    for sheet in ElementTree.fromstring(found.xml["xl/workbook.xml"]).iter(f"{MAIN}sheet"):
        name, path = sheet.attrib["name"], f"xl/{targets[sheet.attrib[f'{OFFICE}id']]}"
        root = ElementTree.fromstring(found.xml[path])
        found.sheets[name] = {one.attrib["r"]: _cell(one, texts, styles) for one in root.iter(f"{MAIN}c")}
        relations = found.xml.get(path.replace("worksheets/", "worksheets/_rels/") + ".rels")
        for target in _relations(relations).values() if relations else ():
            if "tables/" in target:
                _table(found, name, found.xml[f"xl/{target.removeprefix('../')}"])
    return found


def _table(found: Read, sheet: str, text: str) -> None:
    root = ElementTree.fromstring(text)
    begin, end = (split(one)[1] for one in root.attrib["ref"].split(":"))
    has_total = root.attrib.get("totalsRowCount") == "1"
    labels = [one.attrib["name"] for one in root.iter(f"{MAIN}tableColumn")]
    found.tables[root.attrib["name"]] = (sheet, labels, begin + 1, end - has_total, has_total)


def _cell(one: ElementTree.Element, texts: list[str], styles: list[str]) -> Cell:
    value, formula = one.findtext(f"{MAIN}v"), one.findtext(f"{MAIN}f")
    style = styles[int(one.attrib.get("s", "0"))]
    if value is None:
        return Cell(None, formula, style)
    return Cell(texts[int(value)] if one.attrib.get("t") == "s" else Decimal(value), formula, style)


def _styles(text: str) -> list[str]:
    root = ElementTree.fromstring(text)
    codes = {one.attrib["numFmtId"]: one.attrib["formatCode"] for one in root.iter(f"{MAIN}numFmt")}
    used = root.find(f"{MAIN}cellXfs")
    assert used is not None
    return [codes.get(one.attrib["numFmtId"], one.attrib["numFmtId"]) for one in used]


def _relations(text: str) -> dict[str, str]:
    return {one.attrib["Id"]: one.attrib["Target"] for one in ElementTree.fromstring(text)}
