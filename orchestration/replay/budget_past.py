"""What a company knew each morning of what its AI had cost and earned: the memory on which budgets are replayed.

A day is remembered only after it was decided, so nothing here can look ahead. Amounts are exact decimals in the
reporting currency; means are rounded to twelve decimals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from orchestration.policy.evidence import rounded

FITTED_DAYS = 28
DIGITS = 12
ZERO = Decimal(0)


@dataclass(frozen=True)
class Allocation:
    """What an experiment was granted in total, from ``starts_on`` to ``expires_on``, both inclusive."""

    amount: Decimal
    starts_on: date
    expires_on: date
    daily_cap: Decimal | None

    def is_in_force(self, day: date) -> bool:
        return self.starts_on <= day <= self.expires_on

    @property
    def daily_share(self) -> Decimal:
        return rounded(self.amount / ((self.expires_on - self.starts_on).days + 1), DIGITS)


@dataclass(frozen=True)
class Verified:
    """What was verified of an initiative when it became ready: its cost a day, and a unit's (None without units)."""

    daily_cost: Decimal
    unit_cost: Decimal | None

    def allowance(self, units: Decimal | None) -> Decimal:
        """A day's allowance: unit cost times ``units``; without units the run-rate a day."""
        if self.unit_cost is not None and units is not None:
            return rounded(self.unit_cost * units, DIGITS)
        return rounded(self.daily_cost, DIGITS)


@dataclass(frozen=True)
class Demand:
    """One initiative's day: what it cost, its units of work (None where they are not known), and its standing that morning.

    ``is_core``: the registry or a booked graduation says so; ``is_ready``: it had been ready to graduate by then.
    ``verified``: what was verified of it by then, None of an initiative that was never an experiment.
    """

    initiative_id: str
    amount: Decimal
    units: Decimal | None
    is_core: bool
    is_ready: bool
    allocation: Allocation | None
    verified: Verified | None = None


@dataclass(frozen=True)
class CompanyDay:
    """All demand of one day. ``revenue`` is the company's, None where it was not reported by the end of its month."""

    day: date
    demands: tuple[Demand, ...]
    revenue: Decimal | None


@dataclass(frozen=True)
class Baseline:
    """An initiative's first 28 days. ``units`` and ``cost_with_units`` are of the days whose units are known; units None:
    there are no such days.
    """

    days: int
    cost: Decimal
    units: Decimal | None
    cost_with_units: Decimal = ZERO

    def plus(self, demand: Demand) -> "Baseline":
        """The baseline with one day more."""
        units, with_units = self.units, self.cost_with_units
        if demand.units is not None:
            units, with_units = (units or ZERO) + demand.units, with_units + demand.amount
        return Baseline(self.days + 1, self.cost + demand.amount, units, with_units)

    def allowance(self, units: Decimal | None) -> Decimal:
        """A day's allowance: unit cost of the days with units times ``units``; without units the mean cost a day."""
        if self.units and units is not None:
            return rounded(self.cost_with_units / self.units * units, DIGITS)
        return rounded(self.cost / self.days, DIGITS)


@dataclass(frozen=True)
class Reported:
    """Days with reported revenue, what they earned, and what AI cost on them."""

    days: int = 0
    revenue: Decimal = ZERO
    cost: Decimal = ZERO

    def plus(self, day: CompanyDay, cost: Decimal) -> "Reported":
        if day.revenue is None:
            return self
        return Reported(self.days + 1, self.revenue + day.revenue, self.cost + cost)


@dataclass(frozen=True)
class Past:
    """The days before a morning, summed up as far as a framework needs them.

    ``last_daily_revenue``: revenue per reported day of the last month seen from its first day to its last.
    """

    days: int = 0
    recent: tuple[CompanyDay, ...] = ()
    fitted: Reported = Reported()
    month: Reported = Reported()
    month_begun_on: date | None = None
    last_daily_revenue: Decimal | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict)

    def mean_cost(self, initiative_id: str | None = None) -> Decimal | None:
        """Mean cost a day over the up to 28 recent days with a row; None without any. No id: the company's."""
        sums = []
        for day in self.recent:
            amounts = [one.amount for one in day.demands if initiative_id in (None, one.initiative_id)]
            if amounts:
                sums.append(sum(amounts, ZERO))
        return rounded(sum(sums, ZERO) / len(sums), DIGITS) if sums else None

    def mean_units(self, initiative_id: str) -> Decimal | None:
        """Mean units a day over the recent days that report them; None without any."""
        known = [
            one.units
            for day in self.recent
            for one in day.demands
            if one.initiative_id == initiative_id and one.units is not None
        ]
        return rounded(sum(known, ZERO) / len(known), DIGITS) if known else None


def turned(past: Past, day: date) -> Past:
    """The past in the morning of ``day``: on the first day of a month, the revenue of the month before is known."""
    if past.month_begun_on is not None and first_of_month(past.month_begun_on) == first_of_month(day):
        return past
    known = past.last_daily_revenue
    was_whole = past.month_begun_on is not None and past.month_begun_on.day == 1
    if was_whole and past.month.days:
        known = rounded(past.month.revenue / past.month.days, DIGITS)
    return replace(past, month=Reported(), month_begun_on=day, last_daily_revenue=known)


def remembered(past: Past, day: CompanyDay) -> Past:
    """The past with one day more."""
    cost = sum((one.amount for one in day.demands), ZERO)
    baselines = dict(past.baselines)
    for one in day.demands:
        before = baselines.get(one.initiative_id, Baseline(0, ZERO, None))
        if before.days < FITTED_DAYS:
            baselines[one.initiative_id] = before.plus(one)
    return replace(
        past,
        days=past.days + 1,
        recent=(*past.recent, day)[-FITTED_DAYS:],
        fitted=past.fitted.plus(day, cost) if past.days < FITTED_DAYS else past.fitted,
        month=past.month.plus(day, cost),
        baselines=baselines,
    )


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def days_left(day: date) -> int:
    """Days of the month from ``day`` on, itself included."""
    return ((first_of_month(day) + timedelta(days=31)).replace(day=1) - day).days
