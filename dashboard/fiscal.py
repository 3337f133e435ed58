"""The company's fiscal calendar as published: which period the as-of day is in, and how much of it is over.

A period is what ``dim_dates`` says, never a month of the wall calendar. Where the calendar is not published there is no
period, and the pages say so.
"""

from dataclasses import dataclass
from datetime import date

from dashboard.publication import Publication

CALENDAR = """
select
    today.fiscal_period as name, today.fiscal_year as fiscal_year,
    min(days.calendar_date) filter (where days.fiscal_period = today.fiscal_period) as starts_on,
    max(days.calendar_date) filter (where days.fiscal_period = today.fiscal_period) as ends_on,
    min(days.calendar_date) as year_starts_on
from dim_dates as today
inner join dim_dates as days on today.fiscal_year = days.fiscal_year
where today.calendar_date = cast(? as date)
group by all
"""
UNKNOWN = "The company's calendar is not published, so no month can be told."


@dataclass(frozen=True)
class Period:
    """The fiscal period of the as-of day: its first and last day, its fiscal year and that year's first day."""

    name: str
    fiscal_year: int
    starts_on: date
    ends_on: date
    year_starts_on: date
    as_of: date

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1

    @property
    def days_elapsed(self) -> int:
        return (self.as_of - self.starts_on).days + 1

    @property
    def progress(self) -> str:
        """How much of the period the figures are of."""
        if self.as_of >= self.ends_on:
            return f"all {self.days} days"
        return f"to date, {self.days_elapsed} of {self.days} days"


def read_period(publication: Publication) -> Period | None:
    """The period of the as-of day, None where the calendar is not published or does not reach it."""
    as_of = publication.provenance.as_of
    found = publication.one("dim_dates", CALENDAR, [as_of])
    return Period(**found, as_of=as_of) if found else None
