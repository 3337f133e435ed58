"""Reads what the statistics need from the warehouse's intermediate tables and the landed registry, checked.

A series with a gap, or a cost that is null, is an error and never zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from orchestration.graduation.records import (
    AllocationChange,
    DailySeries,
    GuardedDay,
    GuardrailReading,
    InitiativeRecord,
    Inputs,
    OtherCostPosting,
    ProductDay,
    ProductTarget,
    TierDay,
)
from orchestration.statistics.run_rate import scaled


class BrokenInput(ValueError):
    """An intermediate table does not hold what it promises; the message names the table and the entity."""


def read_inputs(connection: duckdb.DuckDBPyConnection, as_of: date) -> Inputs:
    """Read all inputs up to ``as_of`` inclusive. Raises :class:`BrokenInput` on a series with gaps or nulls."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql, {"as_of": as_of} if "$as_of" in sql else {}).fetchall()

    company = rows("select reporting_currency, reporting_time_zone from landing.registry__company")
    if len(company) != 1:
        raise BrokenInput(f"landing.registry__company holds {len(company)} rows instead of one")
    settle = rows("select coalesce(max(settle_lag_hours), 0) from landing.registry__sources where is_enabled")
    return Inputs(
        reporting_currency=company[0][0],
        time_zone=company[0][1],
        settle_days=-(-int(settle[0][0]) // 24),
        series=list(_series(rows(_SERIES), as_of)),
        initiatives=_grouped(InitiativeRecord, rows(_INITIATIVES), keep_key=True),
        model_costs={key: [row[1:] for row in part] for key, part in _parts(rows(_MODEL_COSTS))},
        tier_days=_grouped(TierDay, rows(_TIER_DAYS)),
        guarded_days={key: {row[1]: GuardedDay(*row[2:]) for row in part} for key, part in _parts(rows(_GUARDED_DAYS))},
        product_days=_grouped(ProductDay, rows(_PRODUCT_DAYS)),
        other_cost_postings=_grouped(OtherCostPosting, rows(_OTHER_COST_POSTINGS)),
        revenue_dates=[day for (day,) in rows(_REVENUE_DATES)],
        product_targets=_grouped(ProductTarget, rows(_PRODUCT_TARGETS)),
        units={key: {row[1]: row[2] for row in part} for key, part in _parts(rows(_UNITS))},
        readings=_by(lambda reading: reading.entity, _readings(rows(_READINGS), company[0][1])),
        labor_rates={key: [row[1:] for row in part] for key, part in _parts(rows(_LABOR_RATES))},
        exchange_rates=_exchange_rates(rows(_EXCHANGE_RATES)),
        allocation_changes=_grouped(AllocationChange, rows(_ALLOCATION_CHANGES)),
        graduated_on=dict(rows(_GRADUATIONS)),
        worst_requests={
            entity: [(row[1], Decimal(str(row[2]))) for row in part] for entity, part in _parts(rows(_WORST_REQUESTS))
        },
    )


def _series(rows: list[tuple[Any, ...]], as_of: date) -> Iterator[DailySeries]:
    for (entity_type, entity_id), group in groupby(rows, key=lambda row: (row[0], row[1])):
        part = list(group)
        where = f"int_cost_object_daily_costs, {entity_type} {entity_id}"
        first_day = part[0][2]
        if [row[2] for row in part] != [first_day + timedelta(days=n) for n in range(len(part))] or part[-1][
            2
        ] != as_of:
            raise BrokenInput(f"{where}: the days from {first_day} to {as_of} are not there once each")
        if any(row[3] is None or row[4] is None or row[6] is None for row in part):
            raise BrokenInput(f"{where}: a cost or its completeness is null")
        yield DailySeries(
            entity_type,
            entity_id,
            first_day,
            [scaled(row[3]) for row in part],
            np.array([row[4] for row in part], dtype=np.float64),
            np.array([np.nan if row[5] is None else row[5] for row in part], dtype=np.float64),
            np.array([row[6] and not row[7] for row in part], dtype=bool),
        )


def _parts(rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    for key, group in groupby(rows, key=lambda row: row[0]):
        yield key, list(group)


def _grouped(record: Any, rows: list[tuple[Any, ...]], *, keep_key: bool = False) -> dict[str, list[Any]]:
    return {key: [record(*(row if keep_key else row[1:])) for row in part] for key, part in _parts(rows)}


def _by(key: Any, records: Iterable[Any]) -> dict[str, list[Any]]:
    grouped = defaultdict(list)
    for record in records:
        grouped[key(record)].append(record)
    return dict(grouped)


def _readings(rows: list[tuple[Any, ...]], time_zone: str) -> Iterator[GuardrailReading]:
    zone = ZoneInfo(time_zone)
    for as_of_date, read_at, entity, max_budget, *others, updated_at in rows:
        budget = None if max_budget is None else Decimal(max_budget)
        since = as_of_date if updated_at is None else min(as_of_date, updated_at.astimezone(zone).date())
        yield GuardrailReading(*(as_of_date, read_at, entity, budget, *others, since))


def _exchange_rates(rows: list[tuple[Any, ...]]) -> dict[tuple[str, str], list[tuple[date, Decimal]]]:
    rates = defaultdict(list)
    for from_currency, to_currency, rate_date, rate in rows:
        rates[from_currency, to_currency].append((rate_date, rate))
    return dict(rates)


_SERIES = """
select entity_type, entity_id, cost_date, allocated_cost, cast(stable_basis_cost as double),
    cast(constant_price_cost as double), is_complete, is_missing
from intermediate.int_cost_object_daily_costs where cost_date <= $as_of order by entity_type, entity_id, cost_date"""
_INITIATIVES = """
select initiative_id, kind, stage, product_id, complexity, started_on, allocation_amount, allocation_daily_cap,
    allocation_starts_on, target_gross_margin_ratio, unit_of_work, labor_hours_per_unit, labor_rate_id,
    legacy_software_per_month, guardrail_adapter, guardrail_entity, guardrail_daily_cap, valid_from, valid_to
from landing.registry__initiatives order by initiative_id, valid_from nulls first"""
_MODEL_COSTS = """
select initiative_id, cost_date, model_id, cast(sum(allocated_cost) as double)
from intermediate.int_initiative_model_daily_costs
where cost_date <= $as_of and model_id is not null and model_id <> '(none)' and initiative_id is not null
group by all order by initiative_id, cost_date, model_id"""
_TIER_DAYS = """
select initiative_id, usage_date, model_id, is_higher_tier, list_cost, counterfactual_same, counterfactual_cache_lost
from intermediate.int_initiative_tier_daily_costs
where usage_date <= $as_of and initiative_id is not null order by initiative_id, usage_date, model_id, tier"""
_GUARDED_DAYS = """
select initiative_id, usage_date, sum(metered_cost), cast(sum(refused_requests) as bigint)
from intermediate.int_guarded_entity_days where usage_date <= $as_of group by all order by initiative_id, usage_date"""
_PRODUCT_DAYS = """
select product_id, margin_date, revenue, core_ai_cogs as ai_cogs, other_cogs
from intermediate.int_product_daily_economics
where margin_date <= $as_of and product_id is not null order by product_id, margin_date"""
_OTHER_COST_POSTINGS = """
select product_id, cast(coalesce(service_period, fiscal_period) || '-01' as date), posting_date,
    sum(debit_amount - credit_amount)
from intermediate.int_ledger_entries_classified
where account_role = 'other_cost_of_goods_sold' and product_id is not null and provider is null
    and posting_date <= $as_of
group by all order by all"""
_REVENUE_DATES = """
select distinct revenue_date from intermediate.int_revenue_recognised_by_day
where revenue_date <= $as_of order by revenue_date"""
_UNITS = """
select initiative_id, metric_date, sum(units)
from intermediate.int_initiative_daily_units where metric_date <= $as_of
group by all order by initiative_id, metric_date"""
_PRODUCT_TARGETS = """
select product_id, target_gross_margin_ratio, valid_from, valid_to
from landing.registry__products order by product_id, valid_from nulls first"""
_READINGS = """
select as_of_date, read_at, entity, max_budget, budget_duration, currency, rpm_limit, tpm_limit, is_found, is_blocked,
    settings_updated_at
from landing.litellm__guardrail_settings where as_of_date <= $as_of order by entity, as_of_date, read_at"""
_LABOR_RATES = """
select labor_rate_id, valid_from, hourly_rate, currency
from landing.ledgers__labor_rates where valid_from <= $as_of order by labor_rate_id, valid_from"""
_EXCHANGE_RATES = """
select from_currency, to_currency, rate_date, rate
from landing.ledgers__exchange_rates where rate_date <= $as_of order by from_currency, to_currency, rate_date"""
_ALLOCATION_CHANGES = """
select initiative_id, effective_on, sum(amount)
from landing.budget__movements
where effective_on <= $as_of and kind in ('adjust', 'return') and account = 'allocation:' || initiative_id
group by all order by initiative_id, effective_on"""
_GRADUATIONS = """
select initiative_id, min(effective_on)
from landing.budget__movements where effective_on <= $as_of and kind = 'graduate' and initiative_id is not null
group by initiative_id"""
_WORST_REQUESTS = """
with limited as (
    select distinct entity from landing.litellm__guardrail_settings
    where as_of_date <= $as_of and rpm_limit is not null
)
select limited.entity, cast(logs.started_at as date), max(logs.gateway_spend)
from limited inner join landing.litellm__spend_logs as logs
    on limited.entity in ('key:' || logs.api_key, 'team:' || logs.team_id)
where cast(logs.started_at as date) <= $as_of and logs.gateway_spend > 0 group by all order by 1, 2"""
