"""Build a company folder's tables in this process: the product's own readers, landing, price book and models, without the graph,
the statistics and the publication, so that a company takes seconds.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.connectors.ledgers.extract import extract as extract_ledgers
from orchestration.connectors.sources import SOURCES
from orchestration.landing.store import Landing
from orchestration.prices.book import build_price_book
from orchestration.registry import land_registry, load_company
from orchestration.warehouse import connect, prepare
from tests.dbt_project.compiled_models import build

TABLES = (
    "fct_allocated_costs",
    "fct_billed_costs",
    "fct_usage",
    "gross_margin_by_product_day",
    "gross_margin_by_product_month",
    "reconciliation_by_provider_month",
)
Rows = list[dict[str, Any]]


def tables(folder: Path, home: Path, as_of: date, queries: Sequence[str], names: Sequence[str] = TABLES) -> list[Rows]:
    """The rows of ``queries`` over schema ``marts``, which has the tables ``names``, for the company in ``folder``."""
    company, landing = load_company(folder), Landing(home / "landing")
    land_registry(company, landing)
    for source in SOURCES:
        declared = company.sources.get(source.name)
        if declared is not None and declared.enabled:
            source.extract(company, landing, as_of, None, full_refresh=False)
    extract_ledgers(company, landing, as_of, lambda _: None)
    build_price_book(landing, company)
    with connect(home / "warehouse.duckdb") as connection:
        prepare(connection, landing, company, as_of)
        build(connection, names)
        connection.execute("use marts")
        found = []
        for query in queries:
            result = connection.execute(query)
            names = [column[0] for column in result.description]
            found.append([dict(zip(names, row, strict=True)) for row in result.fetchall()])
        return found
