"""Reads what graduation needs of dbt's intermediate tables: converted, parsed and dated there, only typed here.

:data:`TABLES` is the one list of what is read: the queries are made of it, and the lineage of the graph too. A table
that does not hold what it promises is :class:`orchestration.run_rate.series.BrokenInput`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb

from orchestration.graduation.records import (
    CapInForce,
    Graduation,
    GuardedDay,
    InitiativeTerms,
    Inputs,
    LedgerKnown,
    OtherCost,
    ProductDay,
    TierDay,
)
from orchestration.lineage import tables_read
from orchestration.run_rate.series import DAILY_COSTS, BrokenInput, read_daily_series

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """One intermediate table: the columns to read, in order of ``order``, of the rows ``known`` on the day ``$as_of``."""

    name: str
    columns: str
    known: str
    order: str

    @property
    def query(self) -> str:
        return f"select {self.columns} from intermediate.{self.name} where {self.known} order by {self.order}"

    def rows(self, connection: duckdb.DuckDBPyConnection, as_of: date) -> list[Row]:
        return connection.execute(self.query, {"as_of": as_of} if "$as_of" in self.query else {}).fetchall()


CALENDAR = Table("int_evaluation_calendar", "reporting_time_zone", "true", "all")
TERMS = Table(
    "int_initiative_terms_by_day",
    "initiative_id, term_date, kind, stage, started_on, "
    "case when graduation_date <= $as_of then graduation_date end, product_id, target_gross_margin_ratio, "
    "unit_of_work, labor_hours_per_unit, labor_rate_id, hourly_rate, legacy_software_per_month, "
    "legacy_software_without_rate, guardrail_entity, daily_cap, daily_cap_without_rate, allocation_amount, "
    "allocation_starts_on, allocation_first_day, allocation_expires_on, is_reconfigured",
    "term_date <= $as_of",
    "initiative_id, term_date",
)
CAPS = Table(
    "int_caps_in_force_by_day",
    "entity, cap_date, reading_date, read_at, is_found, is_blocked, is_without_cap, daily_cap, cap_gap",
    "cap_date <= $as_of and reading_date <= $as_of",
    "entity, cap_date, preference desc",
)
MODEL_COSTS = Table(
    "int_initiative_model_daily_costs",
    "initiative_id, cost_date, model_id, cast(allocated_cost as double)",
    "cost_date <= $as_of and model_id <> '(none)'",
    "initiative_id, cost_date, model_id",
)
TIER_DAYS = Table(
    "int_initiative_tier_daily_costs",
    "initiative_id, usage_date, model_id, is_higher_tier, list_cost, counterfactual_same, counterfactual_cache_lost",
    "usage_date <= $as_of",
    "initiative_id, usage_date, model_id, tier",
)
GUARDED_DAYS = Table(
    "int_guarded_entity_days",
    "initiative_id, usage_date, metered_cost, refused_requests, drills",
    "usage_date <= $as_of",
    "initiative_id, usage_date",
)
PRODUCT_DAYS = Table(
    "int_product_daily_economics",
    "product_id, margin_date, revenue, core_ai_cogs, other_cogs",
    "margin_date <= $as_of",
    "product_id, margin_date",
)
UNPRICED_DAYS = Table(
    "int_product_unpriced_days",
    "product_id, unpriced_date",
    "unpriced_date <= $as_of",
    "product_id, unpriced_date",
)
OTHER_COSTS = Table(
    "int_other_cogs_known_by_day",
    "product_id, cost_date, known_from, other_cogs",
    "known_from <= $as_of",
    "product_id, cost_date, known_from",
)
LEDGER_KNOWN = Table(
    "int_ledger_entries_classified",
    "min(posting_date), min(greatest(posting_date, "
    "last_day(cast(coalesce(service_period, fiscal_period) || '-01' as date))))",
    "posting_date <= $as_of",
    "all",
)
GRADUATIONS = Table(
    "int_graduations_verified",
    "initiative_id, effective_on, verified_run_rate_high",
    "effective_on <= $as_of",
    "initiative_id, effective_on",
)
GRADUATED_COSTS = Table(
    "int_graduated_core_costs_by_day",
    "product_id, initiative_id, cost_date, core_ai_cogs",
    "cost_date <= $as_of",
    "product_id, initiative_id, cost_date",
)
REVENUE_KNOWN = Table(
    "int_product_revenue_known_by_day",
    "product_id, known_on, known_through",
    "known_on <= $as_of",
    "product_id, known_on",
)
REVENUE_DATES = Table(
    "int_revenue_recognised_by_day", "distinct revenue_date", "revenue_date <= $as_of", "revenue_date"
)
UNITS = Table(
    "int_initiative_daily_units",
    "initiative_id, metric_date, units",
    "metric_date <= $as_of",
    "initiative_id, metric_date",
)
_TABLES = (
    *(CALENDAR, TERMS, CAPS, MODEL_COSTS, TIER_DAYS, GUARDED_DAYS, PRODUCT_DAYS, OTHER_COSTS),
    *(UNPRICED_DAYS, REVENUE_KNOWN, REVENUE_DATES, UNITS, LEDGER_KNOWN, GRADUATIONS, GRADUATED_COSTS),
)
TABLES = tables_read(DAILY_COSTS, *(table.query for table in _TABLES))


def read_inputs(connection: duckdb.DuckDBPyConnection, as_of: date) -> Inputs:
    """Read all inputs up to ``as_of`` inclusive. Raises :class:`BrokenInput` where a table breaks its promise."""

    def keyed(table: Table) -> Iterator[tuple[str, list[Row]]]:
        for key, group in groupby(table.rows(connection, as_of), key=lambda row: row[0]):
            yield key, list(group)

    calendar = CALENDAR.rows(connection, as_of)
    if len(calendar) != 1:
        raise BrokenInput(f"{CALENDAR.name} holds {len(calendar)} rows instead of one")
    (time_zone,) = calendar[0]
    unpriced = set(UNPRICED_DAYS.rows(connection, as_of))
    return Inputs(
        time_zone=time_zone,
        series=read_daily_series(connection, as_of),
        terms={key: {row[1]: InitiativeTerms(*row) for row in part} for key, part in keyed(TERMS)},
        # the preferred reading of a day comes last and stands
        caps={key: {row[1]: CapInForce(*row) for row in part} for key, part in keyed(CAPS)},
        model_costs={key: [(row[1], row[2], row[3]) for row in part] for key, part in keyed(MODEL_COSTS)},
        tier_days={key: [TierDay(*row[1:]) for row in part] for key, part in keyed(TIER_DAYS)},
        guarded_days={key: {row[1]: GuardedDay(*row[2:]) for row in part} for key, part in keyed(GUARDED_DAYS)},
        product_days={
            key: [ProductDay(row[1], row[2], row[3], row[4], (key, row[1]) in unpriced) for row in part]
            for key, part in keyed(PRODUCT_DAYS)
        },
        other_costs={key: _versions(part) for key, part in keyed(OTHER_COSTS)},
        revenue_known={key: [(row[1], row[2]) for row in part] for key, part in keyed(REVENUE_KNOWN)},
        revenue_dates=[day for (day,) in REVENUE_DATES.rows(connection, as_of)],
        units={key: {row[1]: row[2] for row in part} for key, part in keyed(UNITS)},
        ledger_known=LedgerKnown(*LEDGER_KNOWN.rows(connection, as_of)[0]),
        graduations={key: [Graduation(*row[1:]) for row in part] for key, part in keyed(GRADUATIONS)},
        graduated_costs={key: _by_initiative(part) for key, part in keyed(GRADUATED_COSTS)},
    )


def _by_initiative(rows: list[Row]) -> dict[str, dict[date, Decimal]]:
    costs: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for _, initiative, day, amount in rows:
        costs[initiative][day] = amount
    return dict(costs)


def _versions(rows: list[Row]) -> dict[date, list[OtherCost]]:
    versions: dict[date, list[OtherCost]] = defaultdict(list)
    for _, day, known_from, amount in rows:
        versions[day].append(OtherCost(known_from, amount))
    return dict(versions)
