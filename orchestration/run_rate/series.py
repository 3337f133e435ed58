"""An entity's daily costs as dbt built them, dense and checked: what run-rates and stability are computed on.

A series with a gap, or a cost that is null, is an error and never zero. A cost is an integer in units of 10^-12.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

import duckdb
import numpy as np

from orchestration.statistics.growth import Floats
from orchestration.statistics.looks import Flags, Positions
from orchestration.statistics.run_rate import scaled

TABLE = "int_cost_object_daily_costs"
DAILY_COSTS = f"""
select entity_type, entity_id, cost_date, allocated_cost, cast(stable_basis_cost as double),
    cast(constant_price_cost as double), is_complete, is_missing, settle_days, credited_cost,
    cast(stable_basis_credited_cost as double)
from intermediate.{TABLE} where cost_date <= $as_of order by entity_type, entity_id, cost_date"""


class BrokenInput(ValueError):
    """An intermediate table does not hold what it promises; the message names the table and the entity."""


@dataclass(frozen=True)
class DailySeries:
    """One entity's daily costs, dense from ``first_day``. ``cost`` and ``credited`` in units of 10^-12, the others as floats.

    ``stable_basis`` is usage alone, ``credited`` what of ``cost`` are credits and refunds, zero or below (a day whose cost
    is negative has at least that much). ``settle_days``: how many days before each day had not settled on it, whenever
    it is judged.
    """

    entity_type: str
    entity_id: str
    first_day: date
    cost: list[int]
    stable_basis: Floats
    constant_price: Floats
    is_complete: Flags
    settle_days: Positions
    credited: list[int]

    def position(self, day: date) -> int:
        """Where ``day`` stands in the series; may lie outside it."""
        return (day - self.first_day).days

    def day(self, position: int) -> date:
        return self.first_day + timedelta(days=position)

    @cached_property
    def use(self) -> Floats:
        """Daily cost without credits, for telling a job's cycle."""
        return np.array([amount - credit for amount, credit in zip(self.cost, self.credited, strict=True)], dtype=float)

    @property
    def first_cost(self) -> int | None:
        """Position of the first day with a cost, None while there is none."""
        return next((position for position, amount in enumerate(self.cost) if amount), None)

    @classmethod
    def without_cost(cls, entity_id: str, first_day: date, as_of: date) -> "DailySeries":
        """The series of an initiative of which nothing is known on any of its days."""
        days = (as_of - first_day).days + 1
        nothing, never = np.zeros(days), np.zeros(days, dtype=bool)
        settled = np.zeros(days, dtype=np.int64)
        return cls("initiative", entity_id, first_day, [0] * days, nothing, nothing, never, settled, [0] * days)


def read_daily_series(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[DailySeries]:
    """Every entity's series up to ``as_of`` inclusive. Raises :class:`BrokenInput` on a series with gaps or nulls."""
    return list(_checked(connection.execute(DAILY_COSTS, {"as_of": as_of}).fetchall(), as_of))


def _checked(rows: list[tuple[Any, ...]], as_of: date) -> Iterator[DailySeries]:
    for (entity_type, entity_id), group in groupby(rows, key=lambda row: (row[0], row[1])):
        part = list(group)
        where = f"{TABLE}, {entity_type} {entity_id}"
        first_day = part[0][2]
        days = [row[2] for row in part]
        if days != [first_day + timedelta(days=n) for n in range(len(part))] or days[-1] != as_of:
            raise BrokenInput(f"{where}: the days from {first_day} to {as_of} are not there once each")
        if any(row[column] is None for row in part for column in (3, 4, 6, 8, 9, 10)):
            raise BrokenInput(f"{where}: a cost, its credits, its completeness or when it settles is null")
        yield DailySeries(
            entity_type,
            entity_id,
            first_day,
            [scaled(row[3]) for row in part],
            np.maximum(np.array([row[4] - row[10] for row in part], dtype=np.float64), 0.0),
            np.maximum(np.array([np.nan if row[5] is None else row[5] for row in part], dtype=np.float64), 0.0),
            np.array([row[6] and not row[7] for row in part], dtype=bool),
            np.array([row[8] for row in part], dtype=np.int64),
            [min(scaled(row[9]), scaled(row[3])) for row in part],
        )
