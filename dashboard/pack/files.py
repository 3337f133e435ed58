"""The files of the finance pack, written into a publication before anybody sees it: whole or absent with it."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment

from dashboard.figures import Page
from dashboard.pack.approval import write_approvals
from dashboard.pack.printed import cell_kind, css_text, printed_rows, standing_rows, write_printed
from dashboard.pack.workbook import write_workbook
from dashboard.publication import Publication
from orchestration.files import counted
from orchestration.glossary import in_words

FOLDER = "pack"


def write_pack(publication: Publication, pages: Sequence[Page], templates: Environment, folder: Path) -> list[Path]:
    """Write ``folder/pack`` and the pages to sign in ``folder/evidence``; ``pages`` as the dashboard shows them, the front page
    first. The files.
    """
    templates.filters |= {
        "standing_rows": standing_rows,
        "printed_rows": printed_rows,
        "cell_kind": cell_kind,
        "css_text": css_text,
        "counted": counted,
        "words": in_words,
    }
    target = folder / FOLDER
    target.mkdir()
    printed, workbook = target / "finance_pack.html", target / "finance_pack.xlsx"
    write_printed(publication, pages, templates, printed)
    write_workbook(publication, pages[0], workbook)
    return [printed, workbook, *write_approvals(publication, templates, folder / "evidence")]
