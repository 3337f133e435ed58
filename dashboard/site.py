"""Writes the site: every page of one publication as HTML, with its style and its one script, into one folder.

The pages open from disk, a share or a mail: nothing is asked of a server, and nothing of another host. A page is a file,
``index.html`` the front page; what they share stands in ``assets/``.
"""

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dashboard.charts import Drawer
from dashboard.departments import Restricted, open_departments
from dashboard.figures import Block, Chart, Figure, Note, Page, Section, Table, exact, shown
from dashboard.names import read_names
from dashboard.pack.approval import write_approvals
from dashboard.pack.files import FOLDER as PACK
from dashboard.pack.files import write_pack
from dashboard.pack.printed import FILTERS as PRINTED_FILTERS
from dashboard.pages import PAGES, MakePage
from dashboard.publication import Publication, open_publication

STATIC = Path(__file__).parent / "static"
LOG = logging.getLogger(__name__)
FOLDER = "dashboard"
DEPARTMENTS = "departments"
DICTIONARY = "tables"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_LONGEST = 100
NOT_WRITTEN = "What this page shows could not be written."


def write_site(folder: Path, manifest: dict[str, Any], *, kept_charts: Path) -> dict[str, str]:
    """Write ``folder/dashboard`` and the finance pack for the publication in ``folder``, of which ``manifest`` speaks; what could
    not be written, with the kind of error. ``kept_charts``: where drawings are kept from site to site.
    ``departments/<id>/`` below the pages is the same for one department alone, whole in itself.

    A page that fails says so in its place, a pack or department that fails is absent: no page keeps the tables from being
    published.
    """
    drawer = Drawer(kept_charts)
    faults: dict[str, str] = {}
    with open_publication(folder, manifest) as publication:
        pages = [_made(make, publication, drawer, faults) for make in PAGES]
        with _apart("finance pack", faults, folder / PACK):
            write_pack(publication, pages, _templates(), folder / PACK)
        _write(publication, pages, folder / FOLDER, faults)
        with _apart("pages to sign", faults):
            write_approvals(publication, _templates(), folder / "evidence")
        with _apart("departments", faults, folder / FOLDER / DEPARTMENTS):
            _write_departments(folder, manifest, drawer, faults)
    drawer.forget_unused()
    return faults


def _made(make: MakePage, publication: Publication, drawer: Drawer, faults: dict[str, str]) -> Page:
    try:
        return make(publication, drawer)
    except Exception as error:
        return _not_written(make.__name__, error, faults)


def _not_written(name: str, error: Exception, faults: dict[str, str]) -> Page:
    """The page in whose place an error stands. Its text may hold what a reader may not see: only its kind is told."""
    faults[name] = type(error).__name__
    LOG.warning("the page %s could not be written: %s: %s", name, type(error).__name__, str(error).split("\n")[0])
    sentence = (
        f"This page could not be written ({type(error).__name__}). Its numbers stand in the published tables, which are whole. "
        "Please report it with the run below."
    )
    title = name.replace("_", " ").capitalize()
    return Page("index" if name == "front" else name, title, NOT_WRITTEN, (Section(title, (Note(sentence, "bad"),)),))


@contextmanager
def _apart(name: str, faults: dict[str, str], *targets: Path) -> Iterator[None]:
    """What fails in the block is left out whole, with ``targets``."""
    try:
        yield
    except Exception as error:
        for target in targets:
            shutil.rmtree(target, ignore_errors=True)
        _not_written(name, error, faults)


def _write_departments(folder: Path, manifest: dict[str, Any], drawer: Drawer, faults: dict[str, str]) -> None:
    """A site for each department, and the list of them."""
    target, listed = folder / FOLDER / DEPARTMENTS, []
    with open_departments(folder, manifest) as departments:
        for department_id in departments.ids():
            publication = departments.see(department_id)
            made = [_made(make, publication, drawer, faults) for make in PAGES]
            pages = [page for one in made if (page := without_absent(one, publication))]
            _write(publication, pages, target / folder_name(department_id), faults)
            found = publication.one("dim_departments fct_allocated_costs", LISTED, [publication.provenance.as_of])
            shown = found or {"name": None, "spend": None}
            listed.append({**shown, "department_id": department_id, "folder": folder_name(department_id)})
        template = _templates().get_template("departments.html.j2")
        target.mkdir(parents=True, exist_ok=True)
        text = template.render(run=departments.whole.provenance, departments=listed)
        (target / "index.html").write_text(text, encoding="utf-8")


LISTED = """
select
    (select max(name) from dim_departments where is_current) as name,
    (
        select sum(allocated_cost) from fct_allocated_costs
        where cost_date >= date_trunc('month', cast($1 as date)) and cost_date <= $1
    ) as spend
"""


def folder_name(department_id: str) -> str:
    """The folder of a department: its id, with every byte escaped that is no lower-case letter, digit, ``_`` or ``-``, so that no
    id leaves the folder, none is hidden, and no two are one where the file system tells no case.
    """
    name = "".join(one if one in _PLAIN else "".join(f"%{byte:02X}" for byte in one.encode()) for one in department_id)
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}-{hashlib.sha256(department_id.encode()).hexdigest()[:16]}"


def without_absent(page: Page, publication: Restricted) -> Page | None:
    """The page without what comes from tables of which ``publication`` has no row, and without the sentences beside it: an empty
    table would say that there is nothing where nothing may be seen. None: nothing is left.
    """
    if page.id == DICTIONARY:
        return page
    tables = {table.id for table in page.tables if table.source in publication.filled}

    def stays(block: Block) -> bool:
        if isinstance(block, Chart):
            return block.rows in tables
        return isinstance(block, Note) or block.source in publication.filled

    sections = []
    for section in page.sections:
        blocks = tuple(block for block in section.blocks if stays(block))
        if len(blocks) < len(section.blocks):
            blocks = tuple(block for block in blocks if not isinstance(block, Note))
        if blocks:
            sections.append(replace(section, blocks=blocks))
    return replace(page, sections=tuple(sections)) if sections else None


def _write(publication: Publication, pages: list[Page], target: Path, faults: dict[str, str]) -> None:
    shutil.copytree(STATIC, target / "assets", dirs_exist_ok=True)
    named = read_names(publication)
    names = {"department": named.departments, "product": named.products}

    def text(page: Page) -> str:
        return (
            _templates()
            .get_template("page.html.j2")
            .render(
                page=page,
                pages=pages,
                run=publication.provenance,
                missing=sorted(publication.missing),
                names=names,
                has_pack=(target.parent / PACK).is_dir(),
            )
        )

    for page in pages:
        try:
            written = text(page)
        except Exception as error:
            written = text(_not_written("front" if page.id == "index" else page.id, error, faults))
        (target / f"{page.id}.html").write_text(written, encoding="utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dashboard"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["exact"] = exact
    environment.filters["groupby_kind"] = _figures_together
    environment.filters |= PRINTED_FILTERS
    kinds: dict[str, type] = {"figure": Figure, "table": Table, "chart": Chart, "note": Note}
    environment.tests |= {name: _is(kind) for name, kind in kinds.items()}
    return environment


def _figures_together(blocks: tuple[Block, ...]) -> list[list[Block]]:
    """Figures that follow each other as one group, every other block as its own."""
    return [list(group) for _, group in groupby(blocks, key=lambda block: isinstance(block, Figure))]


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)
