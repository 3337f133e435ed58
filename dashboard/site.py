"""Writes the site: every page of one publication as HTML, with its style and its one script, into one folder.

The pages open from disk, a share or a mail: nothing is asked of a server, and nothing of another host. A page is a file,
``index.html`` the front page; what they share stands in ``assets/``.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dashboard.charts import Drawer
from dashboard.departments import Restricted, open_departments
from dashboard.figures import Block, Chart, Figure, Note, Page, Table, exact, shown
from dashboard.pack.files import write_pack
from dashboard.pages import PAGES
from dashboard.publication import Publication, open_publication

NAMED = {
    "department": ("dim_departments", "select department_id, name from dim_departments where is_current"),
    "product": ("dim_products", "select product_id, name from dim_products where is_current"),
}
"""What the values of a filter are called: the published table, and its rows of id and name."""
STATIC = Path(__file__).parent / "static"


FOLDER = "dashboard"
DEPARTMENTS = "departments"
DICTIONARY = "tables"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_LONGEST = 100


def write_site(folder: Path, manifest: dict[str, Any], *, kept_charts: Path) -> list[Path]:
    """Write ``folder/dashboard`` and the finance pack for the publication in ``folder``, of which ``manifest`` speaks; the pages,
    the front page first. ``kept_charts``: where drawings are kept from site to site. ``departments/<id>/`` below it is the
    same for one department alone, whole in itself.
    """
    drawer = Drawer(kept_charts)
    with open_publication(folder, manifest) as publication:
        pages = [make(publication, drawer) for make in PAGES]
        files = _write(publication, pages, folder / FOLDER)
        write_pack(publication, pages, _templates(), folder)
        _write_departments(folder, manifest, drawer)
    drawer.forget_unused()
    return files


def _write_departments(folder: Path, manifest: dict[str, Any], drawer: Drawer) -> None:
    """A site for each department, and the list of them."""
    target, listed = folder / FOLDER / DEPARTMENTS, []
    with open_departments(folder, manifest) as departments:
        for department_id in departments.ids():
            publication = departments.see(department_id)
            pages = [page for make in PAGES if (page := without_absent(make(publication, drawer), publication))]
            _write(publication, pages, target / folder_name(department_id))
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


def _write(publication: Publication, pages: list[Page], target: Path) -> list[Path]:
    shutil.copytree(STATIC, target / "assets", dirs_exist_ok=True)
    template = _templates().get_template("page.html.j2")
    names = _names(publication)
    written = []
    for page in pages:
        file = target / f"{page.id}.html"
        file.write_text(
            template.render(
                page=page,
                pages=pages,
                run=publication.provenance,
                missing=sorted(publication.missing),
                names=names,
            ),
            encoding="utf-8",
        )
        written.append(file)
    return written


def _names(publication: Publication) -> dict[str, dict[str, str]]:
    """By filter, the name of each id that has one."""
    found = {}
    for kind, (table, text) in NAMED.items():
        rows = [tuple(row.values()) for row in publication.rows(table, text)]
        found[kind] = {str(key): str(name) for key, name in rows if name}
    return found


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
    kinds: dict[str, type] = {"figure": Figure, "table": Table, "chart": Chart, "note": Note}
    environment.tests |= {name: _is(kind) for name, kind in kinds.items()}
    return environment


def _figures_together(blocks: tuple[Block, ...]) -> list[list[Block]]:
    """Figures that follow each other as one group, every other block as its own."""
    return [list(group) for _, group in groupby(blocks, key=lambda block: isinstance(block, Figure))]


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)
