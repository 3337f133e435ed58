"""The files of the finance pack, written into a publication before anybody sees it: whole or absent with it."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from dashboard.figures import Page
from dashboard.pack.printed import write_printed
from dashboard.pack.workbook import write_workbook
from dashboard.publication import Publication

FOLDER = "pack"


def write_pack(publication: Publication, pages: Sequence[Page], templates: Environment, folder: Path) -> None:
    """Write the paper and the workbook into ``folder``; ``pages`` as the dashboard shows them, the front page first."""
    folder.mkdir(exist_ok=True)
    write_printed(publication, pages, templates, folder / "finance_pack.html")
    write_workbook(publication, pages[0], folder / "finance_pack.xlsx")
