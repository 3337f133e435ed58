"""Which days of a bill a newer export replaces: a charge that several files state counts once, in its latest state.

Two files are compared where they hold charges of the same provider and billing account that begin on the same UTC day.

- Files of one folder whose names differ in a part number only (``part-0001``, ``_part_1_0002``, ``-00002``) are parts of
  one export: they add up.
- Files that share no charge there (its service, meter, resource, description, class, tags and begin) add up too: a bill
  split by service, a file of corrections.
- Where the newer file states again at least half of what the older one says, it replaces the days that it covers. Newer
  is the later time of modification in whole seconds; of equal times, the greater numbers in names that differ in numbers
  only; of equal contents, the last by name.

Failure mode: what fits none of these cannot be told apart, which is :class:`SchemaDrift` naming both files. A provider
whose own API bills it from a day on (:data:`BILLED_BY_API`) and a file of the same days are refused likewise: their costs
would add up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from orchestration.landing.errors import SchemaDrift
from orchestration.sellers import seller_of

BILLED_BY_API = ("openai", "anthropic", "openrouter")
"""The sources whose API reports what their provider bills; each is named like its provider."""

SUPERSEDED_DAYS = "superseded_days"
RESTATED_RATIO = 0.5
"""Share of the older file's charges that a newer export states again; corrections restate few, exports nearly all."""

_PART = re.compile(r"[-_. ]?part(?:ition)?[-_. ]?\d+(?:[-_.]\d+)*|[-_]00\d{2,4}(?=\.)")
_NUMBER = re.compile(r"\d+")
_ACCOUNT_DAY = (
    "provider_name, coalesce(billing_account_id, '') as billing_account_id, "
    "cast(timezone('UTC', charge_period_start) as date) as charge_date"
)
_IDENTITY = (
    "hash(sub_account_id, service_name, charge_category, charge_class, charge_description, sku_id, resource_id, "
    "region_id, usage_type, operation, sku_meter, tags, charge_period_start)"
)


@dataclass(frozen=True)
class Export:
    """One file of a bill: the SQL relation that holds its charges, its content, and when it was modified (seconds)."""

    name: str
    relation: str
    content: str
    modified_at: int


def superseded_days(
    connection: duckdb.DuckDBPyConnection, source: str, exports: Mapping[str, Export]
) -> list[dict[str, Any]]:
    """The days of each file that a newer one replaces, as rows of the stream; ``connection`` sees every relation."""
    if len(exports) < 2:
        return []
    files = " union all ".join(
        f"select {number} as file, * from (select {_ACCOUNT_DAY}, {_IDENTITY} as identity from {one.relation})"
        for number, one in enumerate(exports.values())
    )
    connection.execute(f"create or replace temp table stated as select distinct * from ({files})")
    connection.execute(
        "create or replace temp table shared_days as select provider_name, billing_account_id, charge_date from stated "
        "group by all having count(distinct file) > 1"
    )
    connection.execute(
        "create or replace temp table overlapping as select * from stated "
        "semi join shared_days using (provider_name, billing_account_id, charge_date)"
    )
    overlapping = connection.execute(
        "select one.file, other.file from (select distinct file, provider_name, billing_account_id, charge_date "
        "from overlapping) as one inner join (select distinct file, provider_name, billing_account_id, charge_date "
        "from overlapping) as other using (provider_name, billing_account_id, charge_date) "
        "where one.file < other.file group by all order by all"
    ).fetchall()
    named = list(exports.values())
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for first, second in overlapping:
        older = _older(connection, source, named, first, second)
        if older is not None:
            newer = second if older == first else first
            for row in _replaced(connection, named, older, newer):
                rows[row["file"], row["provider_name"], row["billing_account_id"], row["charge_date"]] = row
    return [rows[key] for key in sorted(rows)]


def _older(
    connection: duckdb.DuckDBPyConnection, source: str, named: list[Export], first: int, second: int
) -> int | None:
    """Which of two overlapping files the other replaces; None where they add up."""
    one, other = named[first], named[second]
    if _PART.sub("", one.name) == _PART.sub("", other.name):
        return None
    shared, in_one, in_other = _restated(connection, first, second)
    if shared == 0:
        return None
    older = _earlier(one, other)
    ratio = shared / (in_one if older is one else in_other) if older is not None else 0
    if older is None or ratio < RESTATED_RATIO:
        raise SchemaDrift(
            source,
            f"{one.name} and {other.name} both hold charges of the same billing account and days, and which of them "
            "counts cannot be told: keep the newest export of a period only, or name parts of one export part-1, part-2",
        )
    return first if older is one else second


def _earlier(one: Export, other: Export) -> Export | None:
    """The earlier of two exports; None where nothing tells."""
    if one.modified_at != other.modified_at:
        return min(one, other, key=lambda export: export.modified_at)
    if one.content == other.content:
        return min(one, other, key=lambda export: export.name)
    if _NUMBER.sub("", one.name) == _NUMBER.sub("", other.name):
        return min(one, other, key=lambda export: [int(number) for number in _NUMBER.findall(export.name)])
    return None


def _restated(connection: duckdb.DuckDBPyConnection, first: int, second: int) -> tuple[int, int, int]:
    """Charges that both state, and that each states, on the days that both cover."""
    counted = connection.execute(
        "with pair as (select * from overlapping where file in ($1, $2)), "
        "days as (select provider_name, billing_account_id, charge_date from pair group by all "
        "having count(distinct file) = 2), "
        "charges as (select provider_name, billing_account_id, charge_date, identity, "
        "bool_or(file = $1) as in_first, bool_or(file = $2) as in_second from pair "
        "semi join days using (provider_name, billing_account_id, charge_date) group by all) "
        "select count(*) filter (where in_first and in_second), count(*) filter (where in_first), "
        "count(*) filter (where in_second) from charges",
        [first, second],
    ).fetchone()
    assert counted is not None
    return counted


def _replaced(
    connection: duckdb.DuckDBPyConnection, named: list[Export], older: int, newer: int
) -> list[dict[str, Any]]:
    found = connection.execute(
        "select distinct older.provider_name, older.billing_account_id, older.charge_date from overlapping as older "
        "inner join overlapping as newer using (provider_name, billing_account_id, charge_date) "
        "where older.file = ? and newer.file = ?",
        [older, newer],
    ).fetchall()
    return [
        {
            "file": named[older].name,
            "provider_name": provider,
            "billing_account_id": account,
            "charge_date": day,
            "superseded_by": named[newer].name,
        }
        for provider, account, day in found
    ]


def refuse_second_bills(
    connection: duckdb.DuckDBPyConnection, source: str, exports: Mapping[str, Export], read_from: Mapping[str, date]
) -> None:
    """Raise where a file bills a provider on days that the provider's own source bills too.

    ``read_from``: the first day of each source of :data:`BILLED_BY_API` that is read.
    """
    if not read_from or not exports:
        return
    for one in exports.values():
        last_days = connection.execute(
            "select provider_name, max(cast(timezone('UTC', charge_period_start) as date)) "
            f"from {one.relation} group by provider_name order by provider_name"
        ).fetchall()
        for name, last_day in last_days:
            provider = seller_of(name)
            if provider in read_from and last_day >= read_from[provider]:
                raise SchemaDrift(
                    source,
                    f"{one.name} bills {provider} up to {last_day}, and source {provider} bills it from "
                    f"{read_from[provider]} on: their costs would count twice; switch one of the two off in "
                    f"sources.yaml, or let start_date of {provider} begin after the files",
                )
