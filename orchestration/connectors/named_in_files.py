"""What files name and the company folder does not know: products, initiatives and departments, and currencies without a rate.

Reads rows that are landed, in a landing area of its own; a row that cannot be read is none of its business.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from orchestration.landing.store import Landing
from orchestration.registry import Company
from orchestration.registry.sources import LEDGER_SOURCES

PRICE_LIST_CURRENCY = "USD"
RATE_DAYS = 7
"""A rate holds for its day and this many after it, as in ``int_exchange_rates_filled``."""

_DATED = {
    "ledgers__revenue": "select file, line, currency, revenue_date as day from landing.ledgers__revenue",
    "ledgers__general_ledger": (
        "select file, line, currency, posting_date as day from landing.ledgers__general_ledger where exchange_rate is null"
    ),
    "ledgers__labor_rates": "select file, line, currency, cast(null as date) as day from landing.ledgers__labor_rates",
    "ledgers__budgets": "select file, line, currency, cast(null as date) as day from landing.ledgers__budgets",
    "focus_files__cost_and_usage": (
        "select partition as file, line, billing_currency as currency, cast(charge_period_start as date) as day "
        "from landing.focus_files__cost_and_usage"
    ),
}
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


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Doubts:
    """``faults``: what leaves an amount out; ``doubts``: what may be meant so, since a name exists by being used."""

    faults: tuple[str, ...]
    doubts: tuple[str, ...]


def doubts(company: Company, landing: Landing) -> Doubts:
    """Each name and currency once, with the first file and line that has it."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        unknown = {key: tuple(_unknown(connection, company, key)) for key in _NAMED}
        without_rate = (*_without_rate(connection, company), *_never_quoted(connection, company))
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


def _without_rate(connection: duckdb.DuckDBPyConnection, company: Company) -> Iterator[str]:
    """The first row of each currency on a day without a rate into the reporting currency."""
    own = company.config.reporting_currency
    query = f"""
        with rates as (
            select rate_date, from_currency as currency from landing.ledgers__exchange_rates where to_currency = $own
            union all
            select rate_date, to_currency from landing.ledgers__exchange_rates where from_currency = $own
        ),
        used as ({" union all ".join(_DATED.values())}),
        without as (
            select * from used
            where currency <> $own and not exists (
                select 1 from rates
                where rates.currency = used.currency
                    and (used.day is null or rates.rate_date between used.day - {RATE_DAYS} and used.day)
            )
        )
        select currency, arg_min(file, (day, file, line)), arg_min(line, (day, file, line)), min(day), count(*)
        from without group by currency order by currency
    """
    for currency, file, line, day, count in connection.execute(query, {"own": own}).fetchall():
        on = f" for {day} (from that day or the {RATE_DAYS} before)" if day else ""
        yield (
            f"{file}:{line}: no exchange rate between {currency} and {own}{on}; add it to ledgers/exchange_rates*.csv "
            f"({counted(count, 'row')})"
        )


def _never_quoted(connection: duckdb.DuckDBPyConnection, company: Company) -> Iterator[str]:
    """Currencies of the company folder, and of price lists, that no rate on any day turns into the reporting currency."""
    own = company.config.reporting_currency
    quoted = connection.execute(
        "select from_currency from landing.ledgers__exchange_rates where to_currency = $own "
        "union select to_currency from landing.ledgers__exchange_rates where from_currency = $own",
        {"own": own},
    ).fetchall()
    told = {own, *(currency for (currency,) in quoted)}
    for place, currency in _declared(company):
        if currency is not None and currency not in told:
            told.add(currency)
            yield (
                f"{place}: no exchange rate between {currency} and {own} on any day; add it to "
                "ledgers/exchange_rates*.csv"
            )


def _declared(company: Company) -> Iterator[tuple[str, str | None]]:
    """Where a currency is declared, and which."""
    for contract in company.contracts:
        yield f"contracts.yaml: {contract.contract_id}", contract.currency
    for one in company.initiatives:
        for part in (one.allocation, one.replaces, one.guardrail):
            yield f"initiatives.yaml: {one.initiative_id}", part.currency if part else None
    if any(source.enabled and source.name not in LEDGER_SOURCES for source in company.sources.values()):
        yield f"company.yaml: list prices are in {PRICE_LIST_CURRENCY}", PRICE_LIST_CURRENCY
