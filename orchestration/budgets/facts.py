"""What movements rest on, read from the warehouse and the landed statistics: budgets, allocations, costs, verdicts.

Amounts are in the reporting currency. An amount without an exchange rate is an error, never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.budgets.movements import money
from orchestration.lineage import tables_read


class UnknownFact(Exception):
    """Something a movement rests on is not known; the message says what and how to get it."""


@dataclass(frozen=True)
class BudgetLine:
    """A department's budget of one fiscal period (YYYY-MM) and class (core, experimentation)."""

    department_id: str
    fiscal_period: str
    budget_class: str
    starts_on: date
    amount: Decimal


@dataclass(frozen=True)
class Allocation:
    """A declared allocation. ``amount`` is to be granted, ``declared_amount`` is what the registry says now.

    ``expires_on`` is inclusive; on ``superseded_on`` the initiative's next allocation starts. ``continues``: on a change of
    department, the start of the allocation whose rest this one is, granted by the new department; its ``amount`` is that
    of the whole.
    """

    initiative_id: str
    department_id: str
    starts_on: date
    expires_on: date
    superseded_on: date | None
    amount: Decimal
    declared_amount: Decimal
    continues: date | None = None


@dataclass(frozen=True)
class BudgetFacts:
    """Everything known on ``as_of``. ``costs``: allocated cost by initiative and day; ``ready_days`` by initiative;
    ``returns``: the days on which the registry made an initiative an experiment again.
    """

    as_of: date
    budgets: tuple[BudgetLine, ...]
    allocations: tuple[Allocation, ...]
    costs: Mapping[str, Mapping[date, Decimal]]
    ready_days: Mapping[str, tuple[date, ...]]
    returns: Mapping[str, tuple[date, ...]] = field(default_factory=dict)

    def spent(self, initiative_id: str, first: date, last: date) -> Decimal:
        """Allocated cost of an initiative from ``first`` to ``last`` inclusive, with nine decimals."""
        days = self.costs.get(initiative_id, {})
        return money(sum((cost for day, cost in days.items() if first <= day <= last), Decimal(0)))

    def allocation_of(self, initiative_id: str) -> Allocation | None:
        """The initiative's latest allocation that has started."""
        own = [one for one in self.allocations if one.initiative_id == initiative_id]
        return max(own, key=lambda one: one.starts_on, default=None)

    def was_ready(self, allocation: Allocation) -> bool:
        """The initiative was ready on some day of the allocation."""
        days = self.ready_days.get(allocation.initiative_id, ())
        return any(allocation.starts_on <= day <= allocation.expires_on for day in days)


@dataclass(frozen=True)
class Verdict:
    """The evaluation of one initiative on one day: its gates and readiness rows, as landed."""

    gates: tuple[Mapping[str, Any], ...]
    readiness: Mapping[str, Any]


def read_facts(connection: duckdb.DuckDBPyConnection, as_of: date) -> BudgetFacts:
    """The facts up to ``as_of``, from a warehouse built for that day or a later one. Raises :class:`UnknownFact`."""
    built = connection.execute(_BUILT).fetchall()
    if len(built) != 1 or built[0][0] < as_of:
        raise UnknownFact(f"the warehouse does not reach {as_of}; first: tokenomics run --as-of {as_of}")

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql, {"as_of": as_of}).fetchall()

    costs: dict[str, dict[date, Decimal]] = {}
    for initiative_id, day, cost in rows(_COSTS):
        costs.setdefault(initiative_id, {})[day] = cost
    return BudgetFacts(
        as_of=as_of,
        budgets=tuple(BudgetLine(*_with_amounts("budget of", row, at=(4,))) for row in rows(_BUDGETS)),
        allocations=tuple(Allocation(*_with_amounts("allocation of", row, at=(5, 6))) for row in rows(_ALLOCATIONS)),
        costs=costs,
        ready_days={initiative_id: tuple(days) for initiative_id, days in rows(_READY_DAYS)},
        returns={initiative_id: tuple(days) for initiative_id, days in rows(_RETURNS)},
    )


def read_verdict(connection: duckdb.DuckDBPyConnection, initiative_id: str, as_of: date) -> Verdict | None:
    """The landed gates and readiness of an initiative on ``as_of``; None where it was not evaluated that day."""
    values = {"initiative": initiative_id, "as_of": as_of}
    readiness = _dicts(connection, "statistics__readiness", "initiative_id", values)
    if not readiness:
        return None
    gates = _dicts(connection, "statistics__gates", "gate_number", values)
    return Verdict(tuple(gates), readiness[0])


def _dicts(
    connection: duckdb.DuckDBPyConnection, table: str, order: str, values: dict[str, Any]
) -> list[dict[str, Any]]:
    result = connection.execute(
        f"select * exclude (partition, load_id) from landing.{table} "
        f"where initiative_id = $initiative and as_of_date = $as_of order by {order}",
        values,
    )
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _with_amounts(what: str, row: tuple[Any, ...], at: tuple[int, ...]) -> tuple[Any, ...]:
    if any(row[position] is None for position in at):
        raise UnknownFact(
            f"{what} {row[0]} ({row[1]}): no exchange rate into the reporting currency on its first day; "
            "add it to the exchange_rates ledger"
        )
    return row


_BUILT = "select as_of_date from intermediate.int_evaluation_calendar"
_BUDGETS = """
select department_id, fiscal_period, budget_class, starts_on, amount
from intermediate.int_department_budgets_converted where starts_on <= $as_of
order by starts_on, department_id, budget_class"""
_ALLOCATIONS = """
select initiative_id, department_id, starts_on, expires_on, superseded_on, amount, declared_amount, continues
from intermediate.int_allocations_declared where starts_on <= $as_of order by starts_on, initiative_id"""
_COSTS = """
select entity_id, cost_date, allocated_cost
from intermediate.int_cost_object_daily_costs
where entity_type = 'initiative' and cost_date <= $as_of and allocated_cost <> 0
    and entity_id in (select initiative_id from intermediate.int_allocations_declared)"""
_READY_DAYS = """
select initiative_id, list(as_of_date order by as_of_date)
from landing.statistics__readiness where is_ready and as_of_date <= $as_of group by initiative_id"""
_RETURNS = """
select initiative_id, list(effective_from order by effective_from)
from (
    select initiative_id, stage, effective_from,
        lag(stage) over (partition by initiative_id order by effective_from) as stage_before
    from intermediate.int_initiatives_effective
)
where stage = 'experimentation' and stage_before <> 'experimentation' and effective_from <= $as_of
group by initiative_id"""
TABLES = tables_read(_BUILT, _BUDGETS, _ALLOCATIONS, _COSTS, _READY_DAYS, _RETURNS)
