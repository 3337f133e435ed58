"""The fiscal period of the as-of day and the one before it, as the published calendar (``dim_dates``) has them.

Without a published calendar a period is a calendar month, as in every model. Failure mode: none.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from orchestration.publish.evidence import plain


@dataclass(frozen=True)
class Periods:
    """``first`` to ``last``: the days of the period of ``as_of``, both inclusive; ``previous_...``: of the one before it."""

    as_of: date
    fiscal_period: str
    first: date
    last: date
    previous_period: str
    previous_first: date
    previous_last: date
    year_first: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def days_to_date(self) -> int:
        return (self.as_of - self.first).days + 1

    @property
    def is_whole(self) -> bool:
        return self.as_of >= self.last

    @property
    def compared_last(self) -> date:
        """The last day of the period before that a comparison counts: all of it where this one is whole, else as many days."""
        return (
            self.previous_last
            if self.is_whole
            else min(self.previous_last, self.previous_first + (self.as_of - self.first))
        )

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: plain(value) for name, value in asdict(self).items()},
            "days": self.days,
            "days_to_date": self.days_to_date,
            "is_whole": self.is_whole,
            "compared_last": self.compared_last.isoformat(),
            "compared_days": (self.compared_last - self.previous_first).days + 1,
        }


def read_periods(connection: duckdb.DuckDBPyConnection, as_of: date, holds: Callable[..., bool]) -> Periods:
    """Also makes the temporary view ``period_days`` (calendar_date, fiscal_period) for the queries of this connection."""
    if holds("dim_dates") and connection.execute(_HAS_DAY, [as_of]).fetchone():
        connection.execute("create temp view period_days as select calendar_date, fiscal_period from dim_dates")
        year = connection.execute(_YEAR, [as_of]).fetchone()
    else:
        connection.execute(_CALENDAR)
        year = (as_of.replace(month=1, day=1),)
    found = connection.execute(_PERIOD, [as_of]).fetchone()
    assert found is not None and year is not None
    fiscal_period, first, last = found
    previous = connection.execute(_PERIOD, [first - timedelta(days=1)]).fetchone()
    previous_period, previous_first, previous_last = previous or (fiscal_period, first, last)
    return Periods(as_of, fiscal_period, first, last, previous_period, previous_first, previous_last, year[0])


_HAS_DAY = "select 1 from dim_dates where calendar_date = ?"
_CALENDAR = """
create temp view period_days as
select cast(day as date) as calendar_date, strftime(day, '%Y-%m') as fiscal_period
from generate_series(date '2015-01-01', date '2060-12-31', interval 1 day) as days (day)
"""
_PERIOD = """
select fiscal_period, min(calendar_date), max(calendar_date)
from period_days
where fiscal_period = (select fiscal_period from period_days where calendar_date = ?)
group by fiscal_period
"""
_YEAR = """
select min(calendar_date) from dim_dates
where fiscal_year = (select fiscal_year from dim_dates where calendar_date = ?)
"""
