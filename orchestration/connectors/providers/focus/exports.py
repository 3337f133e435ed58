"""Which days of a bill a newer export replaces: a charge that several files state counts once, in its latest state.

Two files are compared where they hold charges of the same provider and billing account that begin on the same UTC day.

- Files of one folder whose names differ in a part number only (``part-0001``, ``_part_1_0002``, ``-00002``) are parts of
  one export: they add up.
- Files that share no charge there (its service, meter, resource, description, class, tags and begin) add up too: a bill
  split by service, a file of corrections.
- Where the newer file states again at least half of what the older one says, it replaces the days that it covers. Newer
  are the greater numbers in names that differ in numbers only, since a copied folder keeps names and not always times;
  else the later time of modification in whole seconds; of equal contents, the last by name.

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
_DAY = "provider_name, billing_account_id, charge_date"
_IDENTITY = (
    "hash(sub_account_id, service_name, charge_category, charge_class, charge_description, sku_id, resource_id, "
    "region_id, usage_type, operation, sku_meter, tags, charge_period_start)"
)
_DAYS_OF_PAIRS = f"""
with days as (select distinct file, {_DAY} from overlapping)
select one.file as first, other.file as second, {_DAY} from days as one inner join days as other using ({_DAY})
where one.file < other.file order by all"""
_PAIRS = f"""
with days as (select file, {_DAY}, count(*) as charges from overlapping group by all),
pairs as (
    select one.file as first, other.file as second, sum(one.charges) as in_first, sum(other.charges) as in_second
    from days as one inner join days as other using ({_DAY}) where one.file < other.file group by all
),
restated as (
    select one.file as first, other.file as second, count(*) as shared
    from overlapping as one inner join overlapping as other using ({_DAY}, identity)
    where one.file < other.file group by all
)
select first, second, coalesce(shared, 0), in_first, in_second
from pairs left join restated using (first, second) order by all"""
"""Of each pair of files with days in common: the charges of these days that both state, and that each states."""


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
        f"create or replace temp table overlapping as select * from stated semi join shared_days using ({_DAY})"
    )
    named, older_newer = list(exports.values()), {}
    for first, second, shared, in_first, in_second in connection.execute(_PAIRS).fetchall():
        older = _older(source, named[first], named[second], shared, in_first, in_second)
        if older is not None:
            older_newer[first, second] = (older, named[second] if older is named[first] else named[first])
    replaced: dict[tuple[Any, ...], str] = {}
    for first, second, *day in connection.execute(_DAYS_OF_PAIRS).fetchall():
        if (first, second) in older_newer:
            older, newer = older_newer[first, second]
            replaced[older.name, *day] = newer.name
    return [
        dict(zip(("file", "provider_name", "billing_account_id", "charge_date"), key, strict=True))
        | {"superseded_by": newer}
        for key, newer in sorted(replaced.items())
    ]


def _older(source: str, one: Export, other: Export, shared: int, in_one: int, in_other: int) -> Export | None:
    """Which of two overlapping files the other replaces; None where they add up. Of the days that both cover: the charges
    that both state, and that each states.
    """
    if shared == 0 or _PART.sub("", one.name) == _PART.sub("", other.name):
        return None
    older = _earlier(one, other)
    ratio = shared / (in_one if older is one else in_other) if older is not None else 0
    if older is None or ratio < RESTATED_RATIO:
        raise SchemaDrift(
            source,
            f"{one.name} and {other.name} both hold charges of the same billing account and days, and which of them "
            "counts cannot be told: keep the newest export of a period only, or name parts of one export part-1, part-2",
        )
    return older


def _earlier(one: Export, other: Export) -> Export | None:
    """The earlier of two exports; None where nothing tells."""
    numbers = [[int(number) for number in _NUMBER.findall(export.name)] for export in (one, other)]
    if _NUMBER.sub("", one.name) == _NUMBER.sub("", other.name) and numbers[0] != numbers[1]:
        return one if numbers[0] < numbers[1] else other
    if one.modified_at != other.modified_at:
        return min(one, other, key=lambda export: export.modified_at)
    if one.content == other.content:
        return min(one, other, key=lambda export: export.name)
    return None


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
