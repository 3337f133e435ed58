"""What balances pay: plain fractions from the facts, no code and no SQL of the product.

Written from the rules: a balance is a version of a contract, worth its amount at the rate of its first day. What a
provider charges draws on it while it is open, charges of a day in proportion to what is left of them; credits before
prepaid, then the earliest expiry, the earliest start, the id; nothing beyond a charge. Commitments count the same
charges once more, however they were paid. A credit lowers cost. A prepaid balance is billed when it is bought and cost
when it is used, and its unused rest is cost on its last day; what is missing to a commitment is billed, and cost, on its last
day.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.reference.company import Balance, Call


class Drawable(NamedTuple):
    """What a balance may pay: the calls of a metered day one by one, of a billed day the charge; ``call``: None for that.

    ``account`` and ``currency`` are those of the charge.
    """

    day: date
    provider: str
    amount: Fraction
    call: Call | None = None
    account: str | None = None
    currency: str | None = None


class Row(NamedTuple):
    """A row of a bill, or that contracts add to the bills; ``call`` is what a credit on metered cost lowers.

    ``is_drawn``: what a prepaid balance pays, of a charge or of metered cost. ``currency``: None is the reporting one.
    ``at_list``: what it comes to at list price where the bill says so.
    """

    day: date
    provider: str
    category: str
    billed: Fraction
    effective: Fraction
    call: Call | None = None
    account: str | None = None
    currency: str | None = None
    is_drawn: bool = False
    at_list: Fraction | None = None


def contract_rows(
    balances: Sequence[tuple[Balance, Fraction]], drawables: Sequence[Drawable], as_of: date
) -> Iterable[Row]:
    """Every row that the balances, each with what it is worth, add up to ``as_of``."""
    for is_commitment in (False, True):
        open_amounts = {number: one.amount for number, one in enumerate(drawables) if one.amount > 0}
        lane = [pair for pair in balances if (pair[0].kind == "commitment") == is_commitment]
        for balance, worth in sorted(lane, key=lambda pair: _turn(pair[0])):
            drawn = _draw(balance, worth, drawables, open_amounts)
            for number, amount in drawn.items():
                open_amounts[number] -= amount
                yield from _drawn_rows(balance, drawables[number], amount)
            yield from _own_rows(balance, worth, sum(drawn.values(), Fraction(0)), as_of)


def _turn(balance: Balance) -> tuple[bool, date, date, str]:
    return balance.kind == "prepaid", balance.valid_to or date.max, balance.valid_from, balance.contract


def _draw(
    balance: Balance, worth: Fraction, drawables: Sequence[Drawable], open_amounts: dict[int, Fraction]
) -> dict[int, Fraction]:
    by_day: dict[date, list[int]] = defaultdict(list)
    for number, amount in open_amounts.items():
        one = drawables[number]
        is_open = balance.valid_from <= one.day and (balance.valid_to is None or one.day < balance.valid_to)
        is_meant = balance.model is None or (one.call is not None and one.call.seller.model == balance.model)
        if amount and one.provider == balance.seller.name and is_open and is_meant:
            by_day[one.day].append(number)
    found: dict[int, Fraction] = {}
    for _, numbers in sorted(by_day.items()):
        whole = sum(open_amounts[number] for number in numbers)
        taken = min(worth - sum(found.values(), Fraction(0)), whole)
        found |= {number: taken * open_amounts[number] / whole for number in numbers if taken}
    return found


def _drawn_rows(balance: Balance, drawable: Drawable, amount: Fraction) -> Iterable[Row]:
    day, provider, _, call, account, currency = drawable
    if balance.kind == "credit":
        yield Row(day, provider, "credit", -amount, -amount, call, account)
    elif balance.kind == "prepaid":
        category = "usage" if call is None else "draw"
        yield Row(day, provider, category, -amount, Fraction(0), call, account, currency, is_drawn=True)


def _own_rows(balance: Balance, worth: Fraction, drawn: Fraction, as_of: date) -> Iterable[Row]:
    provider, nothing = balance.seller.name, Fraction(0)
    if balance.kind == "prepaid":
        yield Row(balance.valid_from, provider, "purchase", worth, nothing)
    last_day = balance.valid_to - timedelta(days=1) if balance.valid_to else date.max
    if balance.kind == "credit" or last_day > as_of or worth == drawn:
        return
    if balance.kind == "prepaid":
        yield Row(last_day, provider, "usage", nothing, worth - drawn)
    else:
        yield Row(last_day, provider, "adjustment", worth - drawn, worth - drawn)
