"""What a file is: a log of a gateway, a cloud's bill, postings of an accounting system, or one of our ledgers in other words.

A file is opened as the readers open it: encoding, separator and header line are found by the headings that are known
(``headings``). What it is called decides before what it holds. Failure mode: :class:`NotRecognised`, a sentence that names
the file, what was looked for and what to do; nothing is guessed.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from orchestration.connectors.ledgers.foreign import AMOUNT, CONTRA, SIDE
from orchestration.connectors.ledgers.schemas import SCHEMAS
from orchestration.connectors.providers.focus.columns import REQUIRED as FOCUS_COLUMNS
from orchestration.connectors.providers.litellm.records import REQUIRED as LOG_COLUMNS
from orchestration.connectors.table_layout import HEADER_WITHIN, SEPARATORS, Layout, find_layout, records
from orchestration.connectors.text_tables import open_text_file
from orchestration.landing.errors import SchemaDrift
from orchestration.proposal.headings import ACCOUNT_CLASSES, HEADINGS, folded
from orchestration.utc_duckdb import connect

GENERAL_LEDGER = "general_ledger"
TABLES, LINES = (".csv", ".txt", ".tsv"), (".jsonl", ".ndjson", ".json")
FILLED_OTHERWISE = {"currency", "legal_entity_id", "journal_line_number", "account_name", "account_class"}
"""Required columns that a declaration can fill, so that their absence does not tell what a file is."""
ROWS_LOOKED_AT = 100_000
_EXPORTS = (
    ({"amount value", "amount currency"}, "an OpenAI cost export", "openai"),
    ({"start time iso", "end time iso"}, "an OpenAI usage export", "openai"),
    ({"usage date utc"}, "an Anthropic Console export", "anthropic"),
)
"""What providers' consoles export: headings, what it is, and the source whose API gives the same and more."""


class NotRecognised(Exception):
    """Why a file cannot be taken, and what to do."""


@dataclass(frozen=True)
class Recognised:
    """``kind`` is a ledger, a source, or an accounting system. Of a table, ``headings`` says what the file calls each column,
    ``rows`` are its cells by our names with their line; ``layout`` is None where the file declares itself.
    """

    path: Path
    kind: str
    is_by_name: bool = False
    headings: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[tuple[int, Mapping[str, str]]] = ()
    layout: Layout | None = None

    def cells(self, column: str) -> list[str]:
        """The filled cells of a column."""
        return [row[column] for _, row in self.rows if row.get(column)]


def recognise(path: Path) -> Recognised:
    """What ``path`` is; raises :class:`NotRecognised`."""
    suffix = path.suffix.lower()
    if not path.is_file():
        raise NotRecognised(f"{path}: there is no such file")
    if suffix in (".xlsx", ".xls", ".xlsm", ".ods"):
        raise NotRecognised(f"{path.name}: a workbook is not read; save its sheet as 'CSV UTF-8' and name that file")
    if suffix in LINES:
        return _of_json(path)
    if suffix == ".parquet":
        return _of_parquet(path)
    if suffix in TABLES:
        return _of_table(path)
    raise NotRecognised(f"{path.name}: only CSV, Parquet and JSON are read; export it as one of these")


def _of_json(path: Path) -> Recognised:
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = json.loads(next((line for line in text.splitlines() if line.strip()), ""))
    except UnicodeDecodeError:
        raise NotRecognised(f"{path.name}: is not UTF-8 text; export it again as JSON in UTF-8") from None
    except ValueError:
        try:
            first = json.loads(text)
        except ValueError as error:
            raise NotRecognised(f"{path.name}: is neither JSON nor JSON lines ({error}); export it again") from None
    first = first[0] if isinstance(first, list) and first else first
    keys = set(first) if isinstance(first, dict) else set()
    if set(LOG_COLUMNS) <= keys:
        return Recognised(path, "litellm")
    for kind, marks in (("xero", {"Journals"}), ("quickbooks", {"Header", "Rows"}), ("netsuite", {"items", "links"})):
        if marks <= keys:
            return Recognised(path, kind)
    raise NotRecognised(
        f"{path.name}: JSON with the keys {', '.join(sorted(keys)[:8]) or 'none'} is neither a LiteLLM spend log "
        f"(it lacks {', '.join(sorted(set(LOG_COLUMNS) - keys)[:4])}) nor a page of QuickBooks, Xero or NetSuite"
    )


def _of_parquet(path: Path) -> Recognised:
    try:
        with connect() as connection:
            header = open_text_file(connection, "ledgers", path, path.name).header
    except SchemaDrift as error:
        raise NotRecognised(str(error).removeprefix("ledgers: ")) from None
    return _of_source(path, header) or _of_ledger(path, header, [], None)


def _of_table(path: Path) -> Recognised:
    layout = _layout(path)
    try:
        table = list(islice(records(path, layout), layout.records_before_rows + ROWS_LOOKED_AT))
    except csv.Error as error:
        raise NotRecognised(f"{path.name}: the file is not well-formed ({error}); export it again") from None
    rows = [(line, cells) for line, cells in table[layout.records_before_rows :] if any(one.strip() for one in cells)]
    return _of_source(path, layout.header) or _of_ledger(path, layout.header, rows, layout)


def _layout(path: Path) -> Layout:
    """Encoding as the readers find it, else Windows-1252; the separator and header that know most headings."""
    try:
        encoding = find_layout("ledgers", path, path.name, ["nothing"]).encoding
    except SchemaDrift as error:
        if "the file has no header line" in str(error):
            raise NotRecognised(f"{path.name}: the file is empty; export it again") from None
        encoding = "windows-1252"
    known = {folded(word) for words in HEADINGS.values() for text in words.values() for word in text.split("|")}
    known |= {folded(name) for words in HEADINGS.values() for name in words}
    known |= {folded(name) for name in (*LOG_COLUMNS, *FOCUS_COLUMNS.values())}
    known |= {"model", "input tokens", "output tokens", "tokens", "total tokens"}
    known |= {heading for marks, _, _ in _EXPORTS for heading in marks}
    best, found = 0, Layout(encoding)
    for separator in SEPARATORS:
        try:
            head = list(islice(records(path, Layout(encoding, separator)), HEADER_WITHIN))
        except (csv.Error, UnicodeError):
            continue
        for number, (line, record) in enumerate(head, 1):
            count = len({folded(cell) for cell in record} & known)
            if count > best:
                header = tuple(cell.strip() for cell in record)
                best, found = count, Layout(encoding, separator, header, line, number)
    if best < 2:
        raise NotRecognised(
            f"{path.name}: no line of the first {HEADER_WITHIN} names columns that are known; see ledgers/README.md of the "
            "new folder for those of each ledger, and write its header line so"
        )
    return found


def _of_source(path: Path, header: Sequence[str]) -> Recognised | None:
    names, plain = set(header), {folded(name) for name in header}
    if set(LOG_COLUMNS) <= names:
        return Recognised(path, "litellm")
    if set(FOCUS_COLUMNS.values()) <= names:
        return Recognised(path, "focus_files")
    lacking = [name for name in LOG_COLUMNS if name not in names]
    for marks, what, source in _EXPORTS:
        if marks <= plain:
            raise NotRecognised(
                f"{path.name}: {what} is not read as a file; the same comes over the API: switch {source} on in sources.yaml "
                "and set the key that it names"
            )
    if "model" in plain and any("token" in name for name in plain):
        raise NotRecognised(
            f"{path.name}: a usage log without {', '.join(lacking)}; as a file the spend log of LiteLLM is read, with the "
            "columns of LiteLLM_SpendLogs unrenamed; a provider's own usage comes over its API"
        )
    return None


def _of_ledger(
    path: Path, header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], layout: Layout | None
) -> Recognised:
    by_name = [kind for kind in SCHEMAS if path.name.startswith(kind)]
    found = {kind: _matched(kind, header, rows) for kind in by_name or HEADINGS}
    fitting = {kind: columns for kind, columns in found.items() if not _lacking(kind, columns)}
    most = max((len(columns) for columns in fitting.values()), default=0)
    best = [kind for kind, columns in fitting.items() if len(columns) == most]
    if len(best) > 1:
        raise NotRecognised(
            f"{path.name}: may be {' or '.join(best)} by its columns; begin its name with the one that it is"
        )
    if not best:
        closest = min(found, key=lambda kind: len(_lacking(kind, found[kind])))
        shown = ", ".join(name or "(no name)" for name in header)
        raise NotRecognised(
            f"{path.name}{f':{layout.header_line}' if layout else ''}: is no ledger that is known; to be a {closest} it lacks "
            f"{', '.join(_lacking(closest, found[closest]))} (its columns are {shown}); export it with these, or name the "
            "columns so"
        )
    positions = found[best[0]]
    headings = {column: header[position] for column, position in positions.items()}
    cells = [
        (line, {column: row[at].strip() if at < len(row) else "" for column, at in positions.items()})
        for line, row in rows
    ]
    return Recognised(path, best[0], bool(by_name), headings, cells, layout)


def _matched(kind: str, header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> dict[str, int]:
    """Column to the position of its heading; each heading serves one column, the likeliest."""
    plain = [folded(name) for name in header]
    found: dict[str, int] = {}
    for column, words in HEADINGS[kind].items():
        for word in (folded(column), *words.split("|")):
            position = next((at for at, name in enumerate(plain) if name == word and at not in found.values()), None)
            if position is not None and _fits(column, position, rows):
                found[column] = position
                break
    if {"debit_amount", "credit_amount"} <= set(found):
        for column in (AMOUNT, SIDE, CONTRA):
            found.pop(column, None)
    if AMOUNT in found:
        for column in ("debit_amount", "credit_amount"):
            found.pop(column, None)
    return found


def _fits(column: str, position: int, rows: Sequence[tuple[int, Sequence[str]]]) -> bool:
    """Whether the cells are what the heading says, where a heading alone says too little."""
    if column != "account_class" or not rows:
        return True
    known = {word for words in ACCOUNT_CLASSES.values() for word in words.split("|")}
    return any(folded(row[position]) in known for _, row in rows if position < len(row))


def _lacking(kind: str, columns: Mapping[str, int]) -> list[str]:
    """Required columns that nothing else can fill."""
    filled = set(columns) | FILLED_OTHERWISE
    filled |= {"debit_amount", "credit_amount"} if AMOUNT in columns else set()
    schema = SCHEMAS[kind]
    lacking = [column.name for column in schema.columns if column.is_required and column.name not in filled]
    return lacking + ([" or ".join(schema.one_of)] if schema.one_of and not set(schema.one_of) & set(columns) else [])
