"""Build a company folder's tables in this process: the product's own readers, landing, price book and models, without the graph,
the statistics and the publication, so that a company takes seconds.
"""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.budgets.booking import book_scheduled, change_allocation
from orchestration.budgets.decisions import Refused
from orchestration.budgets.journal import Journal
from orchestration.connectors.ledgers.extract import extract as extract_ledgers
from orchestration.connectors.sources import SOURCES
from orchestration.landing.store import Landing
from orchestration.prices.book import build_price_book
from orchestration.registry import Company, land_registry, load_company
from orchestration.warehouse import connect, prepare
from tests.dbt_project.compiled_models import build
from tests.reference.ledger_company import BudgetChange

TABLES = (
    "fct_allocated_costs",
    "fct_billed_costs",
    "fct_usage",
    "gross_margin_by_product_day",
    "gross_margin_by_product_month",
    "reconciliation_by_provider_month",
)
BOOKED_FROM = (
    "int_allocations_declared",
    "int_cost_object_daily_costs",
    "int_department_budgets_converted",
    "int_evaluation_calendar",
)
"""What budget movements are booked from."""
Rows = list[dict[str, Any]]
Query = str | Callable[[duckdb.DuckDBPyConnection], Rows]
"""SQL, or what reads the warehouse itself."""


def tables(
    folder: Path,
    home: Path,
    as_of: date,
    queries: Sequence[Query],
    names: Sequence[str] = TABLES,
    changes: Sequence[BudgetChange] | None = None,
) -> list[Rows]:
    """The rows of ``queries`` over schema ``marts``, which has the tables ``names``, for the company in ``folder``.

    With ``changes``, budgets are booked, and these, in the order of their days, as far as they are allowed.
    """
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
        if changes is not None:
            build(connection, BOOKED_FROM)
            _book(
                connection,
                landing,
                Journal(home / "budget", company.config.reporting_currency),
                company,
                as_of,
                changes,
            )
        build(connection, names)
        connection.execute("use marts")
        found = []
        for query in queries:
            if not isinstance(query, str):
                found.append(query(connection))
                continue
            result = connection.execute(query)
            names = [column[0] for column in result.description]
            found.append([dict(zip(names, row, strict=True)) for row in result.fetchall()])
        return found


def _book(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    journal: Journal,
    company: Company,
    as_of: date,
    changes: Sequence[BudgetChange],
) -> None:
    for one in changes:
        try:
            change_allocation(
                connection,
                landing,
                journal,
                company,
                one.kind,
                one.initiative,
                one.amount,
                "cfo@company.example",
                one.day,
            )
        except Refused:
            continue
    book_scheduled(connection, landing, journal, company, as_of)
    landing.register(connection)
