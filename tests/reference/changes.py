"""Changes of a drawn company whose effect on its money is known without working the money out. Facts in, facts out."""

import csv
import random
from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.reference.company import TOKEN_CLASSES, Call, Charge, Company, Price, Rate, Seller
from tests.reference.draw import SELLERS, ZONES

SUMMER_TIME = ("America/New_York", "Pacific/Auckland")
"""Zones of the draw in which a day of another week may begin at another hour of UTC."""
NAMES = ("key", "request_id", "name", "initiative", "department", "product", "customer", "pool")
"""The fields that name something of the company's own."""
AMOUNTS = ("amount", "effective", "at_list")
"""The fields that hold money, beside prices."""
OF_MONTHS = ("headcounts",)
"""Facts that belong to a month, and so not to one some weeks later."""
ORDERED = ("ownership", "older_exports")
"""Facts whose order says which comes first."""
STRANGER_KEY = "key-of-a-stranger"


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` applied to every value in it; what ``change`` gives back as it is, is looked into."""
    changed = change(value)
    if changed is not value:
        return changed
    if is_dataclass(value):
        return replace(value, **{one.name: mapped(getattr(value, one.name), change) for one in fields(value)})  # type: ignore[type-var]
    if isinstance(value, tuple):
        return tuple(mapped(one, change) for one in value)
    return value


def with_rates_times(company: Company, factor: Decimal) -> Company:
    """Every foreign currency is worth ``factor`` times as much."""

    def dearer(rate: Rate) -> Rate:
        return replace(rate, rate=rate.rate * factor if rate.to == company.currency else rate.rate / factor)

    return replace(company, rates=tuple(map(dearer, company.rates)))


def in_foreign_currency(company: Company) -> Company:
    """The same numbers, all of them in one currency that is not the reporting currency; without calls at list price."""
    currency = next(one for rate in company.rates for one in (rate.currency, rate.to) if one != company.currency)

    def restated(value: Any) -> Any:
        if isinstance(value, (Company, Rate)) or not hasattr(value, "currency"):
            return value
        return replace(value, currency=currency)

    restated_company: Company = mapped(at_agreed_prices(company), restated)
    return restated_company


def at_agreed_prices(company: Company) -> Company:
    """Without calls at list price, which nobody here can change."""
    priced = {(one.seller, one.token_class) for one in company.prices}
    calls = [one for one in company.calls if all((one.seller, name) in priced for name in TOKEN_CLASSES)]
    return replace(company, calls=tuple(calls))


def grown(company: Company, tokens: int, prices: int) -> Company:
    """``tokens`` times as many tokens at ``prices`` times the price, and all other amounts as many times both; without calls
    at list price.
    """

    def times(value: Any) -> Any:
        if isinstance(value, Call):
            return replace(value, tokens={name: count * tokens for name, count in value.tokens.items()})
        if isinstance(value, Price):
            return replace(value, per_million=value.per_million * prices)
        found = ((name, getattr(value, name, None)) for name in AMOUNTS)
        amounts = {name: amount * tokens * prices for name, amount in found if isinstance(amount, Decimal)}
        return replace(value, **amounts) if amounts else value

    grown_company: Company = mapped(at_agreed_prices(company), times)
    return grown_company


def renamed(company: Company) -> tuple[Company, dict[str, str]]:
    """Other names for keys, requests, initiatives, departments and products, in the opposite order of the alphabet; and
    the old name of each.
    """
    names: set[str] = set()

    def noted(value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, (Seller, Company)):
            names.update(found for one in NAMES if (found := getattr(value, one, None)) is not None)
        return value

    mapped(company, noted)
    new = {name: f"named-{number:05}" for number, name in enumerate(sorted(names, reverse=True))}
    changed = mapped(company, lambda value: new.get(value, value) if isinstance(value, str) else value)
    return changed, {other: name for name, other in new.items()}


def shuffled(company: Company) -> Company:
    """The same facts in another order."""
    dice = random.Random(company.seed)
    found = {one.name: getattr(company, one.name) for one in fields(company) if one.name not in ORDERED}
    return replace(
        company,
        **{name: tuple(dice.sample(facts, len(facts))) for name, facts in found.items() if isinstance(facts, tuple)},
    )


def with_stranger(company: Company) -> tuple[Company, str]:
    """The company with a further seller, used by a key of its own and billed, some days of it; and the seller's name."""
    known = {call.seller.name for call in company.calls} | {charge.seller.name for charge in company.charges}
    seller = next(one for one in SELLERS if one.name not in known)
    calls = [
        Call(f"stranger-{number}", seller, STRANGER_KEY, call.started_at + timedelta(minutes=7), call.tokens)
        for number, call in enumerate(company.calls)
    ]
    first = min(call.started_at for call in calls).astimezone(UTC).date()
    charges = [Charge(seller, first + timedelta(days=2 * number), Decimal("3.21"), "USD") for number in range(4)]
    prices = [Price(seller, one, Decimal("2.5"), company.currency, date(2026, 1, 1)) for one in TOKEN_CLASSES]
    return replace(
        company,
        prices=(*company.prices, *prices),
        calls=(*company.calls, *calls),
        charges=(*company.charges, *charges),
        billed_through=company.billed_through if company.charges else charges[-1].day,
    ), seller.name


def without(company: Company, facts: Collection[str]) -> Company:
    """The company without these kinds of facts."""
    return replace(company, **{one.name: () for one in fields(company) if one.name in facts})


def weeks_later(company: Company, weeks: int) -> Company:
    """Everything ``weeks`` later, in a zone without summer time; without facts of whole months."""
    company = without(company, OF_MONTHS)
    zone = next(one for one in ZONES if one not in SUMMER_TIME) if company.zone in SUMMER_TIME else company.zone
    later = timedelta(weeks=weeks)
    return replace(mapped(company, lambda value: value + later if isinstance(value, date) else value), zone=zone)


STATED_TOKENS = 1000


def state_quantities(folder: Path) -> None:
    """Every usage charge of the bill says that it is for :data:`STATED_TOKENS` tokens of input."""
    stated = {"ConsumedQuantity": str(STATED_TOKENS), "ConsumedUnit": "Tokens", "SkuMeter": "model-input-tokens"}
    for path in (folder / "bills").iterdir():
        with path.open(newline="") as file:
            rows = [row | (stated if row["ChargeCategory"] == "Usage" else {}) for row in csv.DictReader(file)]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


def split_files(folder: Path) -> None:
    """Every file of rows in ``folder`` as two, row by row in turn; the lines of one journal entry stay together."""
    for path in sorted(path for name in ("logs", "bills", "ledgers") for path in (folder / name).iterdir()):
        lines = path.read_text().splitlines(keepends=True)
        header = [] if path.suffix == ".jsonl" else lines[:1]
        parts: list[list[str]] = [header.copy(), header.copy()]
        seen: dict[str, int] = {}
        for line in lines[len(header) :]:
            parts[seen.setdefault(_entry(header, line), len(seen)) % 2].append(line)
        if len(seen) > 1:
            for number, part in enumerate(parts):
                path.with_stem(f"{path.stem}_part-{number}").write_text("".join(part))
            path.unlink()


def _entry(header: list[str], line: str) -> str:
    """What a line cannot be parted from: its journal entry, else itself."""
    names = next(csv.reader(header), [])
    return next(csv.reader([line]))[names.index("journal_entry_id")] if "journal_entry_id" in names else line
