"""What a company's budgets hold, from the facts alone: plain fractions, no code and no SQL of the product.

Written from the rules. A budget funds the pool or the core of its department on the first of its month, at that day's
rate. An allocation is granted out of the pool on its first day, at that day's rate, by the department that the
initiative then has; it closes on the day after its last, or when the next one starts: what was spent is consumed, the rest
goes back. On a change of department it closes in the old pool and its rest is granted from the new one. An allocation
that is open can be adjusted and returned in part, not below what is spent. What is spent after it closed is not its.

A core initiative is verified by its first 28 complete days from its first cost on: a day is complete when every source
that fed it in the 60 days before has been read beyond it. Its allowance is the verified unit cost (that of the days of
which units are known) times the units of the month, and for the days of which no units are known the verified run-rate;
without units the run-rate, pro rata of the month's days. A department that nobody funded has no budget to be over. A funded
core is judged by the allowances if every core initiative of the month has one by units and they come to something, for
only work that is known moves a budget; else by what was funded.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.billing import days_of, holds
from tests.reference.cash_expected import CashReference
from tests.reference.company import Allocation, Initiative
from tests.reference.compared import Quotient
from tests.reference.ledger_company import BudgetChange
from tests.reference.ledger_draw import MINOR_UNITS
from tests.reference.ledger_expected import LedgerReference, costs_of, rate_of
from tests.reference.months import month_end
from tests.reference.units_expected import Units

STARTED_ON = date(2026, 8, 1)
VERIFIED_DAYS, FEEDING_DAYS = 28, 60
DAYS_OF_A_YEAR = Fraction(1461, 4)
ONE_DAY = timedelta(days=1)
Rows = dict[tuple, dict[str, Any]]


@dataclass
class Grant:
    """An allocation while one department answers for it: from ``first`` to ``last``, both inclusive.

    ``allotted``: what was put in and taken out by day; ``is_continued``: it is the rest of the one before.
    """

    initiative: str
    department: str
    first: date
    last: date
    is_continued: bool
    allotted: dict[date, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    expires_on: date = date.max
    superseded_on: date | None = None


class BudgetReference:
    """The reference's answers about budgets."""

    def __init__(self, ledger: LedgerReference) -> None:
        self.ledger = ledger
        self.company = ledger.company
        self.as_of = ledger.company.as_of
        self.costs: dict[str, dict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for one in costs_of(ledger.reference):
            if one.initiative:
                self.costs[one.initiative][one.day] += one.amount
        self.postings: dict[tuple[date, str, str], Fraction] = defaultdict(Fraction)
        names = sorted({one.name for one in self.company.initiatives})
        self.grants = {name: self._grants(name) for name in names}
        self._fund()
        for name in names:
            self._book(name)

    def movements(self) -> dict[tuple[date, str, str], Fraction]:
        """What was posted by day, kind and account."""
        return {key: amount for key, amount in self.postings.items() if amount}

    def by_initiative(self) -> Rows:
        """Rows of ``budget_status_by_initiative`` by day and initiative."""
        found: Rows = {}
        for name, grants in self.grants.items():
            for one in grants:
                found |= self._days(name, one)
        return found

    def by_department(self) -> Rows:
        """Rows of ``budget_status_by_department_month`` by month, department and class."""
        cash = CashReference(self.ledger)
        funded, spent, flexible = cash.funded(), cash.spent(), self._flexible()
        found: Rows = {}
        unit = Fraction(1, 10 ** MINOR_UNITS.get(self.company.currency, 2))
        for department, month, budget_class in {key for key, amount in funded.items() if amount} | spent.keys():
            key = department, month, budget_class
            budget, spending = funded.get(key, Fraction(0)), spent.get(key, Fraction(0))
            flexed, is_by_units = flexible.get((department, month), (None, False))
            if budget_class == "experimentation":
                flexed = None
            moves = flexed is not None and is_by_units and flexed > 0
            basis = "budget" if flexed is None or budget <= 0 else "flexible" if moves else "fixed"
            allowance = None if budget <= 0 else flexed if basis == "flexible" else budget
            found[month, department, budget_class] = {
                "budget_amount": budget,
                "flexible_budget_amount": flexed,
                "budget_basis": basis,
                "allowance_amount": allowance,
                "spent_amount": spending,
                "remaining_amount": None if allowance is None else allowance - spending,
                "burn_ratio": Quotient(spending, allowance or Fraction(0)),
                "status": _standing(spending, allowance, unit, is_flexed=basis == "flexible"),
            }
        return found

    def _fund(self) -> None:
        for (department, month, budget_class), amount in CashReference(self.ledger).funded().items():
            account = f"core:{department}" if budget_class == "core" else f"pool:experimentation:{department}"
            self._post(date.fromisoformat(f"{month}-01"), "fund", "corporate", account, amount)

    def _post(self, day: date, kind: str, source: str, target: str, amount: Fraction) -> None:
        self.postings[day, kind, source] -= amount
        self.postings[day, kind, target] += amount

    def _grants(self, name: str) -> list[Grant]:
        """The allocations of an initiative that have started, cut where its department changes."""
        versions = [one for one in self.company.initiatives if one.name == name and one.stage == "experimentation"]
        declared: dict[date, Allocation] = {}
        for one in versions:
            if one.allocation and one.allocation.starts_on <= self.as_of:
                declared.setdefault(one.allocation.starts_on, one.allocation)
        found: list[Grant] = []
        for first, allocation in sorted(declared.items()):
            next_first = min((other for other in declared if other > first), default=date.max)
            department = self._at(versions, first).department
            found.append(Grant(name, department, first, date.max, is_continued=False, expires_on=allocation.expires_on))
            rate = rate_of(self.ledger.reference, allocation.currency or self.company.currency, first)
            found[-1].allotted[first] = Fraction(allocation.amount) * rate
            for version in versions:
                day = version.valid_from or date.min
                before = self._at(versions, day - ONE_DAY).department if day > date.min else version.department
                is_inside = first < day <= min(allocation.expires_on, self.as_of) and day < next_first
                if is_inside and version.department != before:
                    found.append(
                        Grant(
                            name, version.department, day, date.max, is_continued=True, expires_on=allocation.expires_on
                        )
                    )
        for one, later in zip_longest(found, found[1:]):
            one.superseded_on = later.first if later else None
            one.last = min(one.expires_on, later.first - ONE_DAY if later else date.max)
        return found

    def _at(self, versions: list[Initiative], day: date) -> Initiative:
        return next((one for one in versions if holds(one, day)), versions[0])

    def _book(self, name: str) -> None:
        """Grant, change and close the allocations in the order of their days."""
        asked = [one for one in self.ledger.books.changes if one.initiative == name]
        rest = Fraction(0)
        for one in self.grants[name]:
            pool, account = f"pool:experimentation:{one.department}", f"allocation:{name}"
            if one.is_continued:
                one.allotted[one.first] = max(rest, Fraction(0))
            self._post(one.first, "grant", pool, account, one.allotted[one.first])
            until = min(self.as_of, one.superseded_on - ONE_DAY if one.superseded_on else self.as_of)
            for change in asked:
                if one.first <= change.day <= until and self._is_allowed(one, change):
                    amount = Fraction(change.amount) * (-1 if change.kind == "return" else 1)
                    one.allotted[change.day] += amount
                    self._post(change.day, change.kind, pool, account, amount)
            spent = self._spent(one, one.last)
            rest = sum(one.allotted.values(), Fraction(0)) - spent
            if one.last < self.as_of:
                self._post(one.last + ONE_DAY, "expire", account, f"consumed:{one.department}", spent)
                self._post(one.last + ONE_DAY, "expire", account, pool, rest)

    def _is_allowed(self, one: Grant, change: BudgetChange) -> bool:
        if change.day > one.last:
            return False
        amount = -change.amount if change.kind == "return" else change.amount
        unspent = sum(one.allotted.values(), Fraction(0)) - self._spent(one, change.day)
        return amount > 0 or unspent + Fraction(amount) >= 0

    def _spent(self, one: Grant, through: date) -> Fraction:
        days = self.costs[one.initiative].items()
        return sum((amount for day, amount in days if one.first <= day <= through), Fraction(0))

    def _days(self, name: str, one: Grant) -> Rows:
        found: Rows = {}
        exhausted_on = None
        last = min(self.as_of, one.superseded_on - ONE_DAY if one.superseded_on else self.as_of)
        for day in days_of(one.first, last):
            allotted = sum((amount for on, amount in one.allotted.items() if on <= day), Fraction(0))
            spent, is_closed = self._spent(one, min(day, one.last)), day > one.last
            if not is_closed and spent >= allotted and exhausted_on is None:
                exhausted_on = day
            status = "expired" if is_closed else "exhausted" if spent >= allotted else _part(spent, allotted)
            found[day, name] = {
                "allocated_amount": allotted,
                "spent_amount": spent,
                "remaining_amount": Fraction(0) if is_closed else allotted - spent,
                "spent_after_close_amount": self._spent(one, day) - spent,
                "burn_ratio": Quotient(spent, allotted),
                "projected_exhaustion_date": exhausted_on if status == "exhausted" else None,
                "starts_on": one.first,
                "expires_on": one.expires_on,
                "status": status,
            }
        return found

    def _flexible(self) -> dict[tuple[str, str], tuple[Fraction | None, bool]]:
        """What core initiatives may cost by department and month; None where one is not verified; whether all by units."""
        units = Units(self.ledger.reference)
        allowances: dict[tuple[str, str], list[tuple[Fraction | None, bool]]] = defaultdict(list)
        for name in self.grants:
            versions = [one for one in self.company.initiatives if one.name == name and one.stage == "core"]
            days = self._series(name) if versions else []
            verified = self._verified(name, days, units)
            by_month: dict[tuple[str, str], list[date]] = defaultdict(list)
            for day in days:
                if day >= STARTED_ON:
                    by_month[self._at(versions, day).department, f"{day:%Y-%m}"].append(day)
            for key, own in by_month.items():
                allowances[key].append(self._allowance(name, own, verified, units))
        return {
            key: (
                None
                if any(amount is None for amount, _ in own)
                else sum((amount or 0 for amount, _ in own), Fraction(0)),
                all(is_by_units for _, is_by_units in own),
            )
            for key, own in allowances.items()
        }

    def _allowance(
        self, name: str, days: list[date], verified: tuple[Fraction, Fraction | None] | None, units: Units
    ) -> tuple[Fraction | None, bool]:
        if verified is None:
            return None, False
        run_rate, unit_cost = verified
        told = [units.told[name, day] for day in days if not isinstance(units.told.get((name, day), ""), str)]
        if not told or unit_cost is None:
            return run_rate * len(days) / month_end(f"{days[0]:%Y-%m}").day, False
        first, last = units.known[name]
        unknown = sum(not first <= day <= last for day in days)
        return unit_cost * sum(told) + run_rate * 12 / DAYS_OF_A_YEAR * unknown, True

    def _series(self, name: str) -> list[date]:
        """The days of an initiative's series: from its start or first cost, not before any source, to the as-of day."""
        if not self.costs[name]:
            return []
        first = max(min(min(self.costs[name]), STARTED_ON), min(first for first, _ in self._sources().values()))
        return list(days_of(first, self.as_of))

    def _verified(self, name: str, days: list[date], units: Units) -> tuple[Fraction, Fraction | None] | None:
        """Run-rate and unit cost of the first 28 complete days."""
        costs = self.costs[name]
        first = max(STARTED_ON, min((day for day, amount in costs.items() if amount), default=date.max))
        chosen = [day for day in days if day >= first and self._is_complete(name, day)][:VERIFIED_DAYS]
        if len(chosen) < VERIFIED_DAYS:
            return None
        cost = sum((costs.get(day, Fraction(0)) for day in chosen), Fraction(0))
        first, last = units.known.get(name, (date.max, date.min))
        compared = sum((costs.get(day, Fraction(0)) for day in chosen if first <= day <= last), Fraction(0))
        told = [units.told[name, day] for day in chosen if not isinstance(units.told.get((name, day), ""), str)]
        worked = sum(told, Fraction(0))
        return cost * DAYS_OF_A_YEAR / 12 / VERIFIED_DAYS, compared / worked if worked > 0 else None

    def _is_complete(self, name: str, day: date) -> bool:
        feeding = {
            ("gateway", None) if cost.basis == "metered" else ("bill", cost.provider)
            for cost in self.ledger.reference.costs
            if cost.initiative == name and day - timedelta(days=FEEDING_DAYS) <= cost.day <= day
        }
        sources = self._sources()
        return bool(feeding) and all(sources[one][0] <= day <= sources[one][1] for one in feeding)

    def _sources(self) -> dict[tuple[str, str | None], tuple[date, date]]:
        """The first and the last complete day of the gateway's log and of each seller's bill."""
        zone = ZoneInfo(self.company.zone)
        logged = [one.started_at.astimezone(zone) for one in self.company.calls]
        known: list[datetime] = [one for one in logged if one.date() <= self.as_of] or logged
        last = max(logged)
        is_whole = last.hour == 23
        found: dict[tuple[str, str | None], tuple[date, date]] = {
            ("gateway", None): (min(known).date(), last.date() if is_whole else last.date() - ONE_DAY)
        }
        for name in {one.seller.name for one in self.company.charges}:
            days = [one.day for one in self.company.charges if one.seller.name == name]
            assert self.company.billed_through
            found["bill", name] = min(days), max(max(days) - ONE_DAY, self.company.billed_through)
        return found


def _part(spent: Fraction, allowance: Fraction) -> str:
    if spent >= allowance * Fraction(8, 10):
        return "alert_80"
    return "alert_50" if spent >= allowance * Fraction(5, 10) else "ok"


def _standing(spent: Fraction, allowance: Fraction | None, unit: Fraction, *, is_flexed: bool) -> str:
    """Over by what rounds to no minor unit is not over."""
    if allowance is None:
        return "no_budget"
    if spent - allowance > unit / 2:
        return "over_budget"
    return "ok" if is_flexed else _part(spent, allowance)
