"""From the meter to the bill, by provider and month: plain fractions from the facts, no code and no SQL of the product.

Written from the rules: what is metered at list price, less the discount that contracts promise on it (or that the bill
states, on billed days), and what has no price, was not metered, or was credited or bought ahead, leaves a residual to
the bill. What a prepaid balance pays is a credit on the bill and comes back as timing. Requests that are logged twice
count once; one that comes again under its id on another day counts, and is told.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from tests.reference.billing import Billing, billing_day
from tests.reference.contracts import Row
from tests.reference.expected import Reference

Lines = dict[tuple[str, str, str], Fraction]


def bridge(reference: Reference) -> Lines:
    """The first leg, timing and memo lines by provider, month and line; no line is zero."""
    billing = reference.billing
    used = _priced_by_day(billing)
    quoting = {row.provider for row in billing.rows if row.at_list is not None and _cause(row, used) == "matched"}
    found: Lines = defaultdict(Fraction)
    for provider, day, line, amount in [*_of_bills(billing.rows, used), *_of_usage(reference, quoting)]:
        found[provider, f"{day:%Y-%m}", line] += amount
    for (provider, month, line), amount in dict(found).items():
        if line in ("billed_cost", "metered_list_cost"):
            found[provider, month, "metering_residual"] += amount if line == "billed_cost" else -amount
        elif line in ("discount", "unpriced_usage", "untracked_traffic", "credits"):
            found[provider, month, "metering_residual"] -= amount
    return {key: amount for key, amount in found.items() if amount}


def _priced_by_day(billing: Billing) -> dict[tuple[str, date], bool]:
    """The days with usage of a provider, and whether some of it has a price."""
    found: dict[tuple[str, date], bool] = defaultdict(bool)
    for call in billing.calls:
        found[call.seller.name, billing_day(call)] |= billing.is_priced(call)
    return found


def _cause(row: Row, used: dict[tuple[str, date], bool]) -> str:
    """What a row of the bill is for."""
    if row.category == "credit" or (row.category == "purchase" and not row.effective):
        return "credits"
    if (row.provider, row.day) not in used:
        return "untracked_traffic"
    return "matched" if used[row.provider, row.day] else "unpriced_usage"


def _of_bills(rows: Iterable[Row], used: dict[tuple[str, date], bool]) -> Iterator[tuple[str, date, str, Fraction]]:
    for row in rows:
        if row.category == "tax":
            continue
        yield row.provider, row.day, "billed_cost", row.billed
        yield row.provider, row.day, "prepaid_timing", row.effective - row.billed
        cause = "credits" if row.is_drawn else _cause(row, used)
        if cause != "matched":
            yield row.provider, row.day, cause, row.billed
        elif row.at_list is not None:
            yield row.provider, row.day, "discount", row.billed - row.at_list


def _of_usage(reference: Reference, quoting: set[str]) -> Iterator[tuple[str, date, str, Fraction]]:
    billing = reference.billing
    seen: set[tuple[str, str]] = set()
    for call in sorted(billing.calls, key=lambda one: one.started_at):
        provider = call.seller.name
        is_metered = call in billing.metered
        day = billing.usage_day(call) if is_metered else billing_day(call)
        contracted = sum((billing.contracted_cost(call, one) for one in call.tokens), Fraction(0))
        at_list = sum((billing.list_cost(call, one) for one in call.tokens), Fraction(0))
        yield provider, day, "metered_list_cost", at_list
        if is_metered or provider not in quoting:
            yield provider, day, "discount", contracted - at_list
        if is_metered:
            yield provider, day, "billed_cost", contracted
        if (provider, call.request_id) in seen:
            yield provider, billing_day(call), "repeated_requests", at_list
        seen.add((provider, call.request_id))
    for call in reference.company.repeated:
        if billing_day(call) <= reference.company.as_of:
            at_list = sum((billing.list_cost(call, one) for one in call.tokens), Fraction(0))
            yield call.seller.name, billing_day(call), "duplicates", -at_list
