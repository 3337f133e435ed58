"""What files name and the company folder does not know: products, initiatives and departments, and currencies without a rate;
and which sellers the company folder names that nothing else knows.

Reads rows that are landed, in a landing area of its own; a row that cannot be read is none of its business.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration import utc_duckdb
from orchestration.exchange_rates import missing_rates
from orchestration.files import counted
from orchestration.landing.store import Landing
from orchestration.registry import Company, read_document
from orchestration.registry.sources import LEDGER_SOURCES
from orchestration.sellers import counterparties_of_sellers, names_of_sellers, seller_of

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


def unknown_sellers(company: Company, landing: Landing, is_listed: Callable[[str], bool]) -> tuple[str, ...]:
    """A line for each provider of contracts.yaml, company.yaml and sources.yaml of which no price list, source, bill or ledger
    knows the name, with its place: what is declared of it then holds for nothing. ``is_listed``: whether a price list does.
    """
    usual = names_of_sellers() | counterparties_of_sellers().keys() | company.sources.keys()
    doubtful = [one for one in _sellers_named(company) if seller_of(one[1]) not in usual and not is_listed(one[1])]
    if not doubtful:
        return ()
    used = _sellers_in_files(landing)
    with utc_duckdb.connect() as connection:
        landing.register(connection)
        query = "select distinct lower(counterparty_name) from landing.ledgers__general_ledger where counterparty_name <> ''"
        ledger = [name for (name,) in connection.execute(query).fetchall()]
    return tuple(
        f"{place}: provider {name}: no source, price list, bill or ledger knows it, so {what}{_nearest(name, usual | used)}"
        for place, name, what in doubtful
        if seller_of(name) not in used and not any(told.startswith(name.lower()) for told in ledger)
    )


def _sellers_named(company: Company) -> Iterator[tuple[str, str, str]]:
    """Place, name, and what follows where it is none."""

    def line(file: str, path: tuple[str | int, ...]) -> str:
        document = read_document(company.folder / file, [])
        return f"{file}:{document.line(path) if document else 1}"

    for at, contract in enumerate(company.contracts):
        place = line("contracts.yaml", ("contracts", at, "provider"))
        yield place, contract.provider, f"contract {contract.contract_id} applies to nothing"
    for pattern, counterparty in company.config.ledger_counterparties.items():
        place = line("company.yaml", ("ledger_counterparties", pattern))
        yield place, counterparty.provider, f"postings of {pattern} settle no bill"
    for provider in company.metering:
        yield line("sources.yaml", ("metering", provider)), provider, "the choice of its meter chooses nothing"


def _sellers_in_files(landing: Landing) -> set[str]:
    """The sellers of all usage and of all bills."""
    with utc_duckdb.connect() as connection:
        landing.register(connection)
        query = "select distinct provider_name from landing.focus_files__cost_and_usage"
        billed = {name for (name,) in connection.execute(query).fetchall()}
    return {seller_of(name) for name in billed | {provider for provider, _ in landing.models_of_usage()} if name}


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.7)
    return f"; did you mean '{close[0]}'?" if close else ""
