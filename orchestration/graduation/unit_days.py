"""An initiative's units of work by day, as they were known on a day: what was not reported yet is unknown, not zero.

Units reported on at least half of the 28 days up to the last report are reported by day: between the first and the last
report a day without one is a day without work, and nothing is known after the last. Others are reported by week or month,
stand for the whole month they are dated in, spread evenly over its days, and are known when it has ended. The same rule
stands for months in ``int_initiative_units_covered``.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from orchestration.graduation.records import InitiativeTerms
from orchestration.policy.evidence import rounded

JUDGED_DAYS = 28
DIGITS = 12


class UnitDays:
    """The units of one initiative by reported day, all of one kind of unit."""

    def __init__(self, units: Mapping[date, Decimal]) -> None:
        self.units = units
        self.dates = sorted(units)

    @classmethod
    def of_kind(
        cls, units: Mapping[date, Decimal], terms: Mapping[date, InitiativeTerms], unit_of_work: str | None
    ) -> "UnitDays":
        """Those of ``units`` whose day's terms name ``unit_of_work``: units of two kinds never add up."""
        return cls(
            {day: amount for day, amount in units.items() if day in terms and terms[day].unit_of_work == unit_of_work}
        )

    def known(self, days: list[date], until: date) -> dict[date, Decimal]:
        """Units of those of ``days`` whose units were known on ``until``; empty where none are."""
        reported = bisect_right(self.dates, until)
        if not reported:
            return {}
        first, last = self.dates[0], self.dates[reported - 1]
        if self._is_by_day(first, last, reported):
            return {day: self.units.get(day, Decimal(0)) for day in days if first <= day <= last}
        return self._spread(days, until)

    def _is_by_day(self, first: date, last: date, reported: int) -> bool:
        recent = reported - bisect_right(self.dates, last - timedelta(days=JUDGED_DAYS), hi=reported)
        return last > first and recent * 2 >= min(JUDGED_DAYS, 2 * ((last - first).days + 1))

    def _spread(self, days: list[date], until: date) -> dict[date, Decimal]:
        months: dict[tuple[int, int], Decimal | None] = {}
        found = {}
        for day in days:
            month = (day.year, day.month)
            if month not in months:
                months[month] = self._daily_units(day, until)
            daily = months[month]
            if daily is not None:
                found[day] = daily
        return found

    def _daily_units(self, day: date, until: date) -> Decimal | None:
        """Units a day of the month of ``day``; None before it has ended, and without a report dated in it."""
        length = monthrange(day.year, day.month)[1]
        begins, ends = day.replace(day=1), day.replace(day=length)
        reported = self.dates[bisect_left(self.dates, begins) : bisect_right(self.dates, ends)]
        if ends > until or not reported:
            return None
        return rounded(sum((self.units[one] for one in reported), Decimal(0)) / length, DIGITS)
