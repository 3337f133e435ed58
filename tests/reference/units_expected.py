"""What a unit of work and a token cost: plain fractions from the facts, no code and no SQL of the product.

Written from the rules: an initiative's units of a day are its own, else its product's, else its department's, unless
several initiatives have that unit in common there. They are known from the first to the last day of which any are told,
if on half of the 28 days before the last; told more seldom, for the months they are dated in. Units are set against the
cost of the same days, tokens against the cost of the month.
"""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.reference.billing import holds
from tests.reference.company import Initiative
from tests.reference.compared import Quotient
from tests.reference.expected import Reference
from tests.reference.months import day_of, month_end

LAST_DAYS, HALF = 28, 14
Rows = dict[tuple[str, str], dict[str, Any]]


class Units:
    """The units of a company's initiatives, and what they cost."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.as_of = reference.company.as_of
        self.told = self._told()
        self.known = {name: self._known(days) for name, days in self._days_with_units().items()}

    def economics(self) -> Rows:
        """Rows of ``unit_economics_by_initiative_month`` by month and initiative."""
        tokens = self._tokens()
        found: Rows = {}
        for (month, name), days in self._costs().items():
            units, reason = self._units(name, month)
            first, last = self._compared(name, month)
            spent = [amount for day, amount in days.items() if first <= day <= last]
            compared = sum(spent, Fraction(0))
            used = tokens[month, name]
            read, output, whole = used["cache_read"], used["output"], sum(used.values(), Fraction(0))
            count = max((last - first).days + 1, 0)
            found[month, name] = {
                "allocated_cost": sum(days.values(), Fraction(0)),
                "units": units,
                "units_null_reason": reason,
                "compared_cost": compared if spent or units is not None else None,
                "cost_per_unit": Quotient(compared, units or Fraction(0)),
                "days_compared": None if units is None else count,
                "is_partial": None if units is None else count < month_end(month).day,
                "cost_per_million_tokens": Quotient(sum(days.values(), Fraction(0)), whole / 1_000_000),
                "cache_hit_ratio": Quotient(read, whole - output),
                "output_to_input_ratio": Quotient(output, whole - output),
            }
        return found

    def drift(self) -> Rows:
        """What the units of a month cost above those of the month before, and the change in tokens for each."""
        economics, intensity = self.economics(), self._intensity()
        found: Rows = {}
        for (month, name), row in economics.items():
            before = f"{day_of(month, 1) - timedelta(days=1):%Y-%m}", name
            earlier = economics.get(before, {"cost_per_unit": Quotient(Fraction(0), Fraction(0))})["cost_per_unit"]
            drift = None
            if earlier.under and row["units"] is not None:
                drift = max(row["compared_cost"] - earlier.over / earlier.under * row["units"], Fraction(0))
            now, then = intensity.get((month, name)), intensity.get(before)
            change = Quotient(now - then, then) if now is not None and then else None
            found[month, name] = {"drift_cost": drift, "intensity_change_ratio": change}
        return found

    def _told(self) -> dict[tuple[str, date], Fraction | str]:
        """Units by initiative and day, or with whom they are in common."""
        reported: dict[tuple[date, str, str, str], Fraction] = defaultdict(Fraction)
        for one in self.reference.company.metrics:
            levels = {"initiative": one.initiative, "product": one.product, "department": one.department}
            ((level, owner),) = [(level, owner) for level, owner in levels.items() if owner]
            if one.day <= self.as_of:
                reported[one.day, one.metric, level, owner] += Fraction(one.value)
        found: dict[tuple[str, date], Fraction | str] = {}
        for day in {key[0] for key in reported}:
            counting = [one for one in self.reference.company.initiatives if one.unit and holds(one, day)]
            takers: dict[tuple[str, str, str], int] = defaultdict(int)
            for one in counting:
                for owner in _owners(one):
                    takers[one.unit or "", *owner] += 1
            for one in counting:
                for owner in _owners(one):
                    key = one.unit or "", *owner
                    if (day, *key) in reported:
                        value = reported[day, *key] if takers[key] == 1 else f"shared_{owner[0]}"
                        found.setdefault((one.name, day), value)
        return found

    def _days_with_units(self) -> dict[str, list[date]]:
        found: dict[str, list[date]] = defaultdict(list)
        for (name, day), value in self.told.items():
            if not isinstance(value, str):
                found[name].append(day)
        return found

    def _known(self, days: list[date]) -> tuple[date, date]:
        first, last = min(days), max(days)
        recent = sum(day > last - timedelta(days=LAST_DAYS) for day in days)
        if last > first and recent >= min(HALF, (last - first).days + 1):
            return first, last
        return first.replace(day=1), month_end(f"{last:%Y-%m}")

    def _compared(self, name: str, month: str) -> tuple[date, date]:
        """First and last day of the month of which units are known; the last before the first: none are."""
        if name not in self.known:
            return date.max, date.min
        first, last = self.known[name]
        return max(first, day_of(month, 1)), min(last, month_end(month), self.as_of)

    def _units(self, name: str, month: str) -> tuple[Fraction | None, str | None]:
        values = [value for (one, day), value in self.told.items() if (one, f"{day:%Y-%m}") == (name, month)]
        reasons = [value for value in values if isinstance(value, str)]
        numbers = [value for value in values if not isinstance(value, str)]
        return (sum(numbers, Fraction(0)) if numbers and not reasons else None), max(reasons, default=None)

    def _costs(self) -> dict[tuple[str, str], dict[date, Fraction]]:
        found: dict[tuple[str, str], dict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for cost, amount in self.reference.costs.items():
            if cost.initiative:
                found[f"{cost.day:%Y-%m}", cost.initiative][cost.day] += amount
        return found

    def _tokens(self) -> dict[tuple[str, str], dict[str, Fraction]]:
        found: dict[tuple[str, str], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for call, day, initiative, _, ratio in self.reference.attributed():
            for token_class, quantity in call.tokens.items():
                found[f"{day:%Y-%m}", initiative or ""][token_class] += quantity * ratio
        return found

    def _intensity(self) -> dict[tuple[str, str], Fraction]:
        """Tokens of the days with known units for each unit, by month and initiative."""
        tokens: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for call, day, initiative, _, ratio in self.reference.attributed():
            first, last = self._compared(initiative or "", f"{day:%Y-%m}")
            if first <= day <= last:
                tokens[f"{day:%Y-%m}", initiative or ""] += sum(call.tokens.values()) * ratio
        found = {}
        for month, name in self._costs():
            units, _ = self._units(name, month)
            if units:
                found[month, name] = tokens[month, name] / units
        return found


def _owners(one: Initiative) -> list[tuple[str, str]]:
    """Whose rows may tell the units of an initiative, the nearest first; those of others only while it is not retired."""
    own = [("initiative", one.name)]
    if one.stage == "retired":
        return own
    return own + ([("product", one.product)] if one.product else []) + [("department", one.department)]
