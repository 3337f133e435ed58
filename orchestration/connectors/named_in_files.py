"""What files name and the company folder does not know: products, initiatives and departments, and currencies without a rate.

Reads rows that are landed, in a landing area of its own; a row that cannot be read is none of its business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration import utc_duckdb
from orchestration.exchange_rates import missing_rates
from orchestration.files import counted
from orchestration.landing.store import Landing
from orchestration.registry import Company
from orchestration.registry.sources import LEDGER_SOURCES

PRICE_LIST_CURRENCY = "USD"
_NAMED = {
    "initiative_id": ("revenue", "budgets", "business_metrics"),
    "product_id": ("revenue", "business_metrics"),
    "department_id": ("budgets", "business_metrics"),
}
_WHERE = {
    "initiative_id": "initiatives.yaml does not know it",
    "product_id": "no initiative, rule or products.yaml names it, so it has no AI cost to set against it",
    "department_id": "no initiative, rule or departments.yaml names it, so nothing is spent from it",
}


@dataclass(frozen=True)
class Doubts:
    """``faults``: what leaves an amount out; ``doubts``: what may be meant so, since a name exists by being used."""

    faults: tuple[str, ...]
    doubts: tuple[str, ...]


def doubts(company: Company, landing: Landing, as_of: date) -> Doubts:
    """Each name, and each currency of amounts up to ``as_of``, once, with the first file and line that has it."""
    with utc_duckdb.connect() as connection:
        landing.register(connection)
        unknown = {key: tuple(_unknown(connection, company, key)) for key in _NAMED}
        dated = map(str, missing_rates(connection, company.config.reporting_currency, as_of, PRICE_LIST_CURRENCY))
        without_rate = (*dated, *_never_quoted(connection, company))
    return Doubts((*without_rate, *unknown["initiative_id"]), (*unknown["product_id"], *unknown["department_id"]))


def _unknown(connection: duckdb.DuckDBPyConnection, company: Company, key: str) -> Iterator[str]:
    known = (
        {one.initiative_id for one in company.initiatives} if key == "initiative_id" else set(company.referenced(key))
    )
    rows = " union all ".join(f"select file, line, {key} as name from landing.ledgers__{one}" for one in _NAMED[key])
    query = (
        f"select name, arg_min(file, (file, line)), arg_min(line, (file, line)), count(*) from ({rows}) "
        "where name is not null group by name order by name"
    )
    for name, file, line, count in connection.execute(query).fetchall():
        if name not in known:
            yield f"{file}:{line}: {key} {name}: {_WHERE[key]} ({counted(count, 'row')})"


def _never_quoted(connection: duckdb.DuckDBPyConnection, company: Company) -> Iterator[str]:
    """Currencies of the company folder, of price lists and of amounts without a day that no rate on any day turns into the
    reporting currency.
    """
    own = company.config.reporting_currency
    quoted = connection.execute(
        "select from_currency from landing.ledgers__exchange_rates where to_currency = $own "
        "union select to_currency from landing.ledgers__exchange_rates where from_currency = $own",
        {"own": own},
    ).fetchall()
    told = {own, *(currency for (currency,) in quoted)}
    for place, currency in (*_undated(connection), *_declared(company)):
        if currency is not None and currency not in told:
            told.add(currency)
            yield (
                f"{place}: no exchange rate between {currency} and {own} on any day; add it to "
                "ledgers/exchange_rates*.csv"
            )


def _undated(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """The first row of each currency in the ledgers that are converted on days of their own."""
    for table in ("labor_rates", "budgets"):
        query = f"select currency, file, line from landing.ledgers__{table} order by file, line"
        for currency, file, line in connection.execute(query).fetchall():
            yield f"{file}:{line}", currency


def _declared(company: Company) -> Iterator[tuple[str, str | None]]:
    """Where a currency is declared, and which."""
    for contract in company.contracts:
        yield f"contracts.yaml: {contract.contract_id}", contract.currency
    for cap in company.guardrails.caps:
        yield f"guardrails.yaml: {cap.cap_id}", cap.currency
    for one in company.initiatives:
        for part in (one.allocation, one.replaces, one.guardrail):
            yield f"initiatives.yaml: {one.initiative_id}", part.currency if part else None
    if any(source.enabled and source.name not in LEDGER_SOURCES for source in company.sources.values()):
        yield f"company.yaml: list prices are in {PRICE_LIST_CURRENCY}", PRICE_LIST_CURRENCY
