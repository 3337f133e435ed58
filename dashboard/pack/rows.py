"""What stands on the sheets of the workbook: their rows, what the marts say these sum to, and what each column means.

A sheet shows at most :data:`ROWS` rows; of a longer one the number of all, and what the others sum to, are known.
"""

from dataclasses import dataclass
from decimal import Decimal

from dashboard.figures import Column
from dashboard.pack.sheets import MEANINGS, SHEETS, Sheet
from dashboard.publication import Publication, Row
from orchestration.glossary import in_words

ROWS = 50_000
"""More rows than a person reads; Excel itself holds 1,048,576."""

DICTIONARY = """
select table_name, column_name, comment from duckdb_columns() where not internal and database_name = current_database()
"""


@dataclass(frozen=True)
class Filled:
    """A sheet with its rows. ``count``: how many there are, ``rows`` those shown; ``sums``: by column, from the marts, and
    ``rest``: of the rows that are not shown.
    """

    sheet: Sheet
    rows: list[Row]
    count: int
    sums: dict[str, Decimal]
    rest: dict[str, Decimal]
    is_published: bool

    @property
    def totalled(self) -> list[tuple[int, Column]]:
        """The columns with a total, with their number: those of which at least one value is known."""
        return [
            (number, column)
            for number, column in enumerate(self.sheet.columns)
            if column.is_total and self.unknown(column.name) < len(self.rows)
        ]

    def unknown(self, column: str) -> int:
        return sum(row[column] is None for row in self.rows)

    def total(self, column: str) -> Decimal:
        """What the shown rows sum to."""
        return sum((Decimal(row[column]) for row in self.rows if row[column] is not None), Decimal(0))


def fill(publication: Publication, sheet: Sheet) -> Filled:
    def ask(text: str) -> list[Row]:
        return publication.rows(sheet.reads, text, [publication.provenance.as_of] * text.count("?"))

    is_published = publication.holds(*sheet.reads.split())
    rows, rest = ask(f"{sheet.query} limit {ROWS}"), {}
    count = len(rows)
    if count == ROWS:
        totals = "".join(f", sum({column.name}) as {column.name}" for column in sheet.columns if column.is_total)
        (rest,) = ask(f"select count(*) as rows_left{totals} from ({sheet.query} offset {ROWS})")
        count += rest.pop("rows_left")
    sums = ask(sheet.sums)[0] if sheet.sums and is_published else {}
    for row in rows:
        row |= {name: in_words(row[name], name) or None for name in sheet.codes}
    return Filled(sheet, rows, count, _known(sums), _known(rest), is_published)


def _known(sums: Row) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in sums.items() if value is not None}


def meanings(publication: Publication) -> list[Row]:
    """A row for each column of each sheet: what it means in the words of its published table, or else in ours."""
    says = {(row["table_name"], row["column_name"]): row["comment"] for row in publication.rows("", DICTIONARY)}
    return [
        {
            "sheet": sheet.name,
            "label": column.label,
            "table": sheet.source,
            "column": column.name,
            "says": says.get((sheet.source, column.name)) or MEANINGS.get(column.name),
        }
        for sheet in SHEETS
        for column in sheet.columns
    ]
