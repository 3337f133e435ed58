"""``finance_pack.html``: the pages of the dashboard as one file to print, with a cover to sign. It needs no script and no other
file.

Each page is printed as it opens: its rows are those of the filters that it opens with. Paper is always light, whatever the
reader's screen. The dictionary of all tables is not printed.
"""

import calendar
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from dashboard.figures import Page, Table
from dashboard.publication import Provenance, Publication, Row
from orchestration.files import counted
from orchestration.glossary import in_words

STATIC = Path(__file__).parents[1] / "static"
NOT_PRINTED = {"tables"}
ROWS = 45
"""Rows of a table that are printed: a page and a half of A4."""


def write_printed(publication: Publication, pages: Sequence[Page], templates: Environment, file: Path) -> None:
    """Write the pages as one printable file."""
    run = publication.provenance
    text = templates.get_template("pack.html.j2").render(
        pages=[page for page in pages if page.id not in NOT_PRINTED],
        run=run,
        style=paper_style(),
        foot=foot(run),
        is_open=run.as_of.day < calendar.monthrange(run.as_of.year, run.as_of.month)[1],
        missing=sorted(publication.missing),
        most=ROWS,
    )
    file.write_text(text, encoding="utf-8")


def standing_rows(table: Table, opens_with: Mapping[str, str]) -> Sequence[Row]:
    """The rows that the page shows when it is opened."""
    return [row for row in table.rows if table.stands(row, opens_with)]


def printed_rows(table: Table, standing: Sequence[Row]) -> Sequence[Row]:
    """All of few rows, the first of many, none of many that are folded on their page."""
    if len(standing) <= ROWS:
        return standing
    return [] if table.is_folded else standing[:ROWS]


def cell_kind(text: str) -> str:
    """Whether the cell's text may break anywhere (it holds a long word, such as a key) or nowhere (it is short)."""
    longest = max(map(len, text.split()), default=0)
    return "long" if longest > 24 else "short" if len(text) <= 12 else ""


def paper_style() -> str:
    """The style of the pages without its dark scheme."""
    return (STATIC / "tokenomics.css").read_text(encoding="utf-8").replace("(prefers-color-scheme: dark)", "not all")


def foot(run: Provenance) -> str:
    """What stands at the foot of each printed page."""
    simulated = ", simulated company" if run.is_simulated else ""
    return f"{run.company}{simulated}, as of {run.as_of} in {run.currency}, run {run.run_id}"


def css_text(text: str) -> str:
    """The text for a quoted string of a style sheet: whatever is neither letter nor digit by its code."""
    return "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text)


FILTERS: dict[str, Callable[..., Any]] = {
    "standing_rows": standing_rows,
    "printed_rows": printed_rows,
    "cell_kind": cell_kind,
    "css_text": css_text,
    "counted": counted,
    "words": in_words,
}
"""What the templates of the paper and of the page to sign ask for."""
