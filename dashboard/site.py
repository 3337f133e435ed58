"""Writes the site: every page of one publication as HTML, with its style and its one script, into one folder.

The pages open from disk, a share or a mail: nothing is asked of a server, and nothing of another host. A page is a file,
``index.html`` the front page; what they share stands in ``assets/``.
"""

import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dashboard.charts import Drawer
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


def write_site(folder: Path, manifest: dict[str, Any], *, kept_charts: Path) -> list[Path]:
    """Write ``folder/dashboard`` and the finance pack for the publication in ``folder``, of which ``manifest`` speaks; the pages,
    the front page first. ``kept_charts``: where drawings are kept from site to site.
    """
    drawer = Drawer(kept_charts)
    with open_publication(folder, manifest) as publication:
        pages = [make(publication, drawer) for make in PAGES]
        files = _write(publication, pages, folder / FOLDER)
        write_pack(publication, pages, _templates(), folder)
    drawer.forget_unused()
    return files


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
