"""The accounting systems whose own shapes are read beside the drop folder, from files or over their API.

Source: ``quickbooks``, ``xero`` and ``netsuite`` in sources.yaml. In ``files`` mode ``path`` is a glob of JSON files, each one
page or a list of pages; without ``path`` the system's postings are expected as ``general_ledger`` files. In ``api`` mode the
whole ledger is read on every run from ``start_date`` on, because postings are dated back and changed; ``lookback_days`` plays
no part. Grain: as ``general_ledger``, one partition per file (``xero:ledgers/october.json``) or per month of an API
(``xero:2026-10``).
Failure mode: a file that is not JSON, or no file at all, stops the read before anything is landed.
"""

import json
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType

from orchestration.connectors.http import JsonApi
from orchestration.connectors.ledgers import netsuite, quickbooks, xero
from orchestration.connectors.ledgers.shapes import Books, LedgerRow, LedgerRows, Page, month_of
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry import Company
from orchestration.registry.sources import SourceConfig

SYSTEMS: dict[str, ModuleType] = {module.SOURCE: module for module in (quickbooks, xero, netsuite)}
UNDATED = "undated"
SecretOf = Callable[[str], str | None]


def read_systems(company: Company, landing: Landing, as_of: date | None, secret_of: SecretOf) -> list[LedgerRows]:
    """The ledger rows of every enabled system; an API is read up to ``as_of`` or the last month landed before."""
    parts: list[LedgerRows] = []
    for name in SYSTEMS:
        source = company.sources.get(name)
        if source is None or not source.enabled or (source.is_file_source and source.path is None):
            continue
        books = Books(
            source.legal_entity_id or company.config.company_id, source.currency or company.config.reporting_currency
        )
        if source.is_file_source:
            parts += _from_files(company.folder, source, books)
        elif as_of is None:
            raise ValueError(f"{name}: an API is read up to a day; name it")
        else:
            parts += _from_api(source, landing, as_of, secret_of(name), books)
    return parts


def switched_off_partitions(company: Company) -> tuple[str, ...]:
    """The beginnings of the partitions of systems that are switched off: what they landed stays as it is."""
    return tuple(f"{name}:" for name in SYSTEMS if name in company.sources and not company.sources[name].enabled)


def system_files(company: Company) -> set[Path]:
    """Every file that a system's ``path`` names, whether the system is switched on or not."""
    patterns = [company.sources[name].path for name in SYSTEMS if name in company.sources]
    return {path for pattern in patterns if pattern for path in company.folder.glob(pattern)}


def open_api(source: SourceConfig, secret: str | None) -> JsonApi:
    """The API of a system; Xero is told the tenant, NetSuite that the answer need not be kept."""
    headers = {"Prefer": "transient"} if source.name == netsuite.SOURCE else {}
    if source.name == xero.SOURCE and source.legal_entity_id:
        headers["Xero-tenant-id"] = source.legal_entity_id
    return JsonApi(
        source.name,
        source.base_url,
        secret=secret,
        secret_env=source.api_key_env,
        headers=headers,
        timeout_seconds=source.timeout_seconds,
    )


def probe(source: SourceConfig, secret: str | None) -> None:
    """One small read of a system's API; raises what a whole read would raise."""
    with open_api(source, secret) as api:
        if source.name == quickbooks.SOURCE:
            api.get("/query", [("query", "select * from CompanyInfo"), quickbooks.VERSION])
        elif source.name == netsuite.SOURCE:
            api.ask(netsuite.PATH, {"q": "select id from currency"}, [("limit", "1")])
        else:
            xero.base_currency(api)


def _from_files(folder: Path, source: SourceConfig, books: Books) -> list[LedgerRows]:
    assert source.path is not None
    paths = sorted(path for path in folder.glob(source.path) if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise PermanentFailure(source.name, f"no file matches path {source.path} in the company folder")
    pages = [page for path in paths for page in _file_pages(source.name, path, path.relative_to(folder).as_posix())]
    rows = SYSTEMS[source.name].convert(pages, books)
    return [LedgerRows(name, found) for name, found in rows.items()]


def _file_pages(source: str, path: Path, name: str) -> list[Page]:
    try:
        body = json.loads(path.read_bytes(), parse_float=Decimal, parse_constant=str)
    except ValueError:
        raise SchemaDrift(source, f"{name}: is not whole JSON; export it again") from None
    return [Page(f"{source}:{name}", one) for one in (body if isinstance(body, list) else [body])]


def _from_api(
    source: SourceConfig, landing: Landing, as_of: date, secret: str | None, books: Books
) -> list[LedgerRows]:
    assert source.start_date is not None
    if as_of < source.start_date:
        return []
    months = _months(source.start_date, _last_month(source.name, landing, as_of))
    with open_api(source, secret) as api:
        if source.name == quickbooks.SOURCE:
            pages = list(quickbooks.read(api, months, is_report=source.api != "journal_entries"))
        elif source.name == netsuite.SOURCE:
            pages = list(netsuite.read(api, months))
        else:
            pages = list(xero.read(api, source.start_date))
            base = xero.base_currency(api)
            books = Books(books.legal_entity_id, source.currency or base)
    rows = [row for found in SYSTEMS[source.name].convert(pages, books).values() for row in found]
    return _by_month(source, rows, months)


def _last_month(name: str, landing: Landing, as_of: date) -> str:
    """The month of ``as_of``, or a later one that an earlier run landed, so that going back in time loses nothing."""
    landed = landing.manifest("ledgers", "general_ledger")
    own = [partition.removeprefix(f"{name}:") for partition, part in landed.items() if part.current]
    return max([month for month in own if month_of(f"{month}-01") == month] + [f"{as_of:%Y-%m}"])


def _months(start: date, last: str) -> list[tuple[date, date]]:
    """First and last day of every month from ``start`` (its first month begins there) to the month ``last``."""
    months, first = [], start
    while f"{first:%Y-%m}" <= last:
        end = first.replace(day=monthrange(first.year, first.month)[1])
        months.append((first, end))
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return months


def _by_month(source: SourceConfig, rows: Sequence[LedgerRow], months: Sequence[tuple[date, date]]) -> list[LedgerRows]:
    """One part per month, also without rows; postings before the start date are left out."""
    parts = {f"{first:%Y-%m}": LedgerRows(f"{source.name}:{first:%Y-%m}") for first, _ in months}
    for row in rows:
        day = row["posting_date"]
        month = month_of(day)
        if month is not None and day is not None and day < str(source.start_date):
            continue
        name = month or UNDATED
        parts.setdefault(name, LedgerRows(f"{source.name}:{name}")).rows.append(row)
    return list(parts.values())
