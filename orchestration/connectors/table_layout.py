"""How a text table is laid out: its encoding, its separator, the lines above its header, and its columns.

What belongs here: telling apart the ways in which spreadsheets and finance systems write one and the same table, by the
column names that are looked for. A layout is found, never assumed: the header is the record that names most of them.
Failure mode: a file in no encoding that is read, or without any record, is a :class:`SchemaDrift` that names the file
and what to change.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from orchestration.landing.errors import SchemaDrift

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
HEADER_WITHIN = 40
"""Records looked through for the header."""
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
AS_WINDOWS_WRITES_IT = {"shift_jis": "cp932", "euc-kr": "cp949"}
"""Encodings that programs on Windows write with letters of their own, by the name that people know."""
_DECLARED = re.compile(r'"?sep=(.)"?;*,*\s*', re.I)


@dataclass(frozen=True)
class Layout:
    """``header`` names columns as they are known, else as written, '' where the file gives no name.

    ``header_line`` is the line it stands on, ``records_before_rows`` counts the records (blank lines too) up to and with
    it.
    """

    encoding: str = "utf-8-sig"
    separator: str = ","
    header: tuple[str, ...] = ()
    header_line: int = 1
    records_before_rows: int = 1

    def described(self) -> str:
        """What was found, for a message."""
        shown = ", ".join(name or "(no name)" for name in self.header)
        return f"read as {_shown(self.encoding)}, separated by {SEPARATORS[self.separator]}: {shown}"


def find_layout(
    source: str,
    path: Path,
    name: str,
    columns: Sequence[str],
    headings: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Layout:
    """The layout of a file that should hold ``columns``; ``headings`` are what the file calls some of them, ``encoding``
    what the company says of a file without a byte order mark.
    """
    encoding = _encoding(path, AS_WINDOWS_WRITES_IT.get(encoding or "", encoding or "utf-8-sig"))
    known = known_headings(columns, headings)
    try:
        declared = _declared_separator(path, encoding)
        candidates = [declared] if declared else list(SEPARATORS)
        found = [_best_header(path, encoding, separator, known) for separator in candidates]
    except UnicodeError:
        place = f"{name}:{_undecoded_line(path, encoding)}"
        remedy = f"save the file as 'CSV UTF-8'{_remedy(encoding)}"
        raise SchemaDrift(source, f"{place}: is not {_shown(encoding)} text; {remedy}") from None
    _, _, layout = max(found, key=lambda one: one[:2])
    if not layout.header:
        raise SchemaDrift(source, f"{name}:1: the file has no header line")
    return layout


def known_headings(columns: Sequence[str], headings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Column by what it may be headed with, in the plain form of :func:`plain_heading`."""
    own = {plain_heading(column): column for column in columns}
    return own | {plain_heading(heading): column for column, heading in (headings or {}).items()}


def records(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line that it begins on, blank lines as empty records."""
    with path.open(encoding=layout.encoding, newline="") as file:
        yield from _records(file, layout.separator)


def _records(lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    begins = 1
    for record in reader:
        yield begins, record
        begins = reader.line_num + 1


def _best_header(path: Path, encoding: str, separator: str, known: Mapping[str, str]) -> tuple[int, int, Layout]:
    """The record that names most known columns, the earliest of equals: how many, how many cells it has, the layout."""
    best, width, number = (-1, 0, Layout()), 0, 0
    with path.open(encoding=encoding, newline="") as file, suppress(csv.Error):
        for line, record in islice(_records(file, separator), HEADER_WITHIN):
            number += 1
            width = max(width, len(record))
            if not any(cell.strip() for cell in record) or _DECLARED.fullmatch(separator.join(record)):
                continue
            named = len({known[key] for cell in record if (key := plain_heading(cell)) in known})
            if named > best[0]:
                header = tuple(known.get(plain_heading(cell), cell.strip()) for cell in record)
                best = (named, len(record), Layout(encoding, separator, header, line, number))
                width = len(record)
    score, cells, layout = best
    padding = ("",) * (width - len(layout.header)) if score > 0 else ()
    return score, cells, replace(layout, header=layout.header + padding)


def _shown(encoding: str) -> str:
    return encoding.removesuffix("-sig").upper()


def _remedy(encoding: str) -> str:
    return (
        ", or set encoding: windows-1252 (Japanese: shift_jis) for its kind under ledgers in sources.yaml"
        if encoding == "utf-8-sig"
        else ""
    )


def _undecoded_line(path: Path, encoding: str) -> int:
    """The first line that is not text in this encoding, as far as lines can be told."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                decoder.decode(line)
            except UnicodeError:
                return number
    return 1


def _encoding(path: Path, otherwise: str) -> str:
    """As declared, UTF-8 without that, unless a byte order mark, or zero bytes at every other place, say otherwise."""
    with path.open("rb") as file:
        begin = file.read(512)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if begin.startswith(mark):
            return encoding
    if len(begin) > 3 and not any(begin[1::2]):
        return "utf-16-le"
    if len(begin) > 3 and not any(begin[0::2]):
        return "utf-16-be"
    return otherwise


def _declared_separator(path: Path, encoding: str) -> str | None:
    """The separator of a first line ``sep=;``."""
    with path.open(encoding=encoding, newline="") as file:
        found = _DECLARED.fullmatch(file.readline())
    return found[1] if found and found[1] in SEPARATORS else None


def plain_heading(heading: str) -> str:
    """A heading without regard to case, surrounding blanks, and how its words are joined."""
    return re.sub(r"[\s_-]+", "_", heading.strip().casefold())
