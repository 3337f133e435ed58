"""What a company's cash, wages and budgets come to, from the facts alone: plain fractions, no code of the product.

Written from the rules. Cash is the balance of each currency at the rate of the month's end (of the as-of day, in the
month that has not ended); net burn is what left the accounts as booked, entries against financing left out, so that no
revaluation is burn. The runway rests on the mean burn of the last three whole months that the ledger covers. A month of
work has 2,080 / 12 hours, at the rate in force at the month's end. Whatever a department costs is core, unless it is an
experiment's.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.reference.ledger_expected import LedgerReference, costs_of, rate_of
from tests.reference.months import month_end, months_between

HOURS_OF_A_MONTH = Fraction(2080, 12)
MONTHS_OF_BURN = 3


@dataclass(frozen=True)
class CashMonth:
    """``runway``: months; None where it is not known or nothing burns."""

    cash: Fraction
    net_burn: Fraction
    runway: Fraction | None
    status: str


class CashReference:
    """The reference's answers about cash, wages and what departments spent."""

    def __init__(self, ledger: LedgerReference) -> None:
        self.ledger = ledger
        self.as_of = ledger.company.as_of

    def runway(self) -> dict[str, CashMonth]:
        """By month, from the first posting to the month of the last."""
        days = [one.day for one in self.ledger.postings]
        if not days:
            return {}
        burns: list[Fraction] = []
        found = {}
        for month in months_between(f"{min(days):%Y-%m}", f"{max(days):%Y-%m}"):
            burn = self._burn(month)
            if min(days) <= date.fromisoformat(f"{month}-01") and month_end(month) <= self.as_of:
                burns.append(burn)
            last = burns[-MONTHS_OF_BURN:]
            cash, runway, status = self._cash(month), None, "burning"
            if len(last) < MONTHS_OF_BURN:
                status = "insufficient_history"
            elif sum(last) <= 0:
                status = "not_burning"
            else:
                runway = cash / (sum(last) / MONTHS_OF_BURN)
            found[month] = CashMonth(cash, burn, runway, status)
        return found

    def labor(self) -> dict[tuple[str, str, str], Fraction]:
        """By month, department and labour rate."""
        found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        for one in self.ledger.books.heads:
            if one.month_end > self.as_of:
                continue
            for name in {wage.name for wage in self.ledger.books.wages}:
                known = [
                    wage for wage in self.ledger.books.wages if wage.name == name and wage.valid_from <= one.month_end
                ]
                wage = max(known, key=lambda wage: wage.valid_from)
                hourly = Fraction(wage.hourly) * rate_of(self.ledger.reference, wage.currency, one.month_end)
                found[f"{one.month_end:%Y-%m}", one.department, name] += Fraction(one.heads) * hourly * HOURS_OF_A_MONTH
        return found

    def spent(self) -> dict[tuple[str, str, str], Fraction]:
        """Cost by department, month and budget class."""
        found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        for one in costs_of(self.ledger.reference):
            if one.department:
                budget_class = "experimentation" if self.ledger.is_experiment(one) else "core"
                found[one.department, one.month, budget_class] += one.amount
        return found

    def funded(self) -> dict[tuple[str, str, str], Fraction]:
        """Budgets by department, month and class, of the months that have begun, at the rate of their first day."""
        found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        for one in self.ledger.books.budgets:
            first = date.fromisoformat(f"{one.month}-01")
            if first <= self.as_of:
                rate = rate_of(self.ledger.reference, one.currency, first)
                found[one.department, one.month, one.budget_class] += Fraction(one.amount) * rate
        return found

    def _cash(self, month: str) -> Fraction:
        day = min(month_end(month), self.as_of)
        balances: dict[str, Fraction] = defaultdict(Fraction)
        for one in self.ledger.postings:
            if one.account == "1000" and f"{one.day:%Y-%m}" <= month:
                balances[one.currency] += Fraction(one.amount)
        return sum(
            (amount * rate_of(self.ledger.reference, currency, day) for currency, amount in balances.items()),
            Fraction(0),
        )

    def _burn(self, month: str) -> Fraction:
        return -sum(
            (
                self.ledger.reporting(one)
                for one in self.ledger.postings
                if one.account == "1000" and one.against != "3000" and f"{one.day:%Y-%m}" == month
            ),
            Fraction(0),
        )
