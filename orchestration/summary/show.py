"""Show a collected summary: tables of 80 columns, or as wide as the terminal is up to 100, whose words wrap and whose
numbers are never cut; the JSON form keeps every digit.

Only what needs a person has a colour, and only on a terminal where ``NO_COLOR`` is not set.
"""

import io
import json
from typing import TYPE_CHECKING, Any, TextIO

from orchestration.summary.section import TEXT, Section
from orchestration.summary.sections import heading, sections

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH, WIDEST = 80, 100
INDENT = 2
LEAST_WORDS = 10
"""Characters that a column of words keeps; where numbers leave less, a table is told row by row."""
URGENT = "red"


def write_summary(summary: dict[str, Any], stream: TextIO, *, as_json: bool = False) -> None:
    """Write as JSON, or as tables: wide and coloured as the terminal allows, 80 columns of plain text elsewhere."""
    if as_json:
        print(json.dumps(summary, indent=2), file=stream)
    elif stream.isatty():
        from rich.console import Console

        console = Console(file=stream, highlight=False)
        console.width = min(console.width, WIDEST)
        write_rich(summary, console)
    else:
        print(plain_text(summary), file=stream)


def plain_text(summary: dict[str, Any]) -> str:
    """The same tables without colour, no line longer than 80 characters."""
    from rich.console import Console

    stream = io.StringIO()
    write_rich(summary, Console(file=stream, width=WIDTH, color_system=None, force_terminal=False, highlight=False))
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines())


def write_rich(summary: dict[str, Any], console: "Console") -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print(Text(heading(summary), style="bold"))
    for section in sections(summary):
        console.print()
        if not section.rows:
            console.print(Text(f"{section.title}: {section.note or 'none'}"))
            continue
        console.print(Text(section.title, style="bold"))
        console.print(Padding(_body(section, console.width - INDENT), (0, 0, 0, INDENT)))
        for words, style in ((section.note, "dim"), *((f"To do: {one}", URGENT) for one in section.todo)):
            if words:
                console.print(Padding(Text(words, style=style), (0, 0, 0, INDENT)))


def _body(section: Section, width: int) -> "RenderableType":
    """A list where there is one column, else a table, with two spaces between its columns where it has the room; where even
    the numbers have none, each row is told.
    """
    if len(section.headers) == 1:
        return _listed(section)
    roomy = _width(section, 2, longest=True) <= width
    return _table(section, 2 if roomy else 1) if _width(section, 1) <= width else _told(section)


def _is_words(section: Section, at: int) -> bool:
    return at == 0 or section.headers[at] in TEXT


def _width(section: Section, gap: int, *, longest: bool = False) -> int:
    """What a table needs: every number whole, and for each column of words ten characters; ``longest``: for the first its
    longest name.
    """
    total = -gap
    for at, header in enumerate(section.headers):
        lines = [line for cell in (header, *(row[at] for row in section.rows)) for line in cell.split("\n")]
        is_short = _is_words(section, at) and not (longest and at == 0)
        total += gap + (LEAST_WORDS if is_short else max(map(len, lines)))
    return total


def _table(section: Section, gap: int) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="underline")
    height = max(header.count("\n") for header in section.headers)
    for at, header in enumerate(section.headers):
        words = _is_words(section, at)
        on_the_ground = "\n" * (height - header.count("\n")) + header
        table.add_column(
            on_the_ground,
            justify="left" if words else "right",
            no_wrap=not words,
            overflow="fold",
        )
    for at, row in enumerate(section.rows):
        table.add_row(*(Text(cell) for cell in row), style=URGENT if at in section.urgent else None)
    return table


def _listed(section: Section) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    for at, (text,) in enumerate(section.rows):
        grid.add_row("-", Text(text), style=URGENT if at in section.urgent else None)
    return grid


def _told(section: Section) -> "RenderableType":
    """Row by row, each number with its name: for amounts too wide to stand beside each other."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    names = [header.replace("\n", " ") for header in section.headers]
    for at, row in enumerate(section.rows):
        style = URGENT if at in section.urgent else ""
        said = "; ".join(
            f"{name} {' '.join(cell.split())}" for name, cell in zip(names[1:], row[1:], strict=True) if cell
        )
        parts += [Text(row[0], style=style), Padding(Text(said, style=style), (0, 0, 0, INDENT))]
    return Group(*parts)
