"""Draw a company with books from a seed: four months of usage and bills, and what its ledger made of them."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.reference.budget_draw import allocated, changes
from tests.reference.company import (
    TOKEN_CLASSES,
    Call,
    Charge,
    Company,
    Initiative,
    Owner,
    Ownership,
    Price,
    Rate,
    Seller,
)
from tests.reference.draw import CURRENCIES, DEPARTMENTS, PRODUCTS, RATES, SELLERS, ZONES
from tests.reference.expected import Reference
from tests.reference.finance_draw import (
    COUNTERPARTIES,
    FIRST,
    budgets,
    cash,
    heads,
    hosting,
    invoices,
    wages,
)
from tests.reference.ledger_company import AI_ACCOUNTS, SEATS, Books, Posting
from tests.reference.ledger_expected import period_costs, rate_of
from tests.reference.months import day_of, months_between

RATES_FROM = date(2026, 4, 25)
AS_OF_DAYS = (date(2026, 10, 31), date(2026, 10, 20), date(2026, 11, 4))
POSTING_ACCOUNTS = {
    "cost_of_goods_sold": "5100",
    "research_and_development": "6100",
    "selling_and_administration": "6200",
    "accrued_liabilities": "2100",
}
MINOR_UNITS = {"JPY": 0, "KWD": 3}
"""Digits of a currency's minor unit where it has not two."""


def draw_with_books(seed: int) -> tuple[Company, Books]:
    """The company of ``seed`` with its books."""
    dice = random.Random(f"books {seed}")
    company = _taxed(random.Random(f"taxed {seed}"), _company(seed, dice))
    company = _second_account(random.Random(f"second account {seed}"), company)
    company = allocated(random.Random(f"allocated {seed}"), company)
    asked = tuple(changes(random.Random(f"changes {seed}"), company))
    return company, replace(_books(dice, company), changes=asked)


def _company(seed: int, dice: random.Random) -> Company:
    currency = dice.choice(CURRENCIES)
    as_of = dice.choice(AS_OF_DAYS)
    sellers = [*{seller.name: seller for seller in dice.sample(SELLERS, dice.randint(1, 3))}.values()]
    billed = [seller for seller in sellers if dice.random() < 0.7]
    through = dice.choice([as_of, as_of, as_of - timedelta(days=dice.randint(1, 40))])
    initiatives = tuple(
        Initiative(f"initiative{n}", dice.choice(DEPARTMENTS), product, dice.choice(["core", "experimentation"]))
        for n, product in enumerate(["desk", *dice.choices([None, *PRODUCTS], k=dice.randint(1, 3))])
    )
    keys = [f"key-{number}" for number in range(dice.randint(2, 5))]
    owners = [*(Owner(initiative=one.name) for one in initiatives), Owner(department="dept_a"), Owner(product="desk")]
    return Company(
        seed=seed,
        currency=currency,
        zone=dice.choice(ZONES),
        as_of=as_of,
        initiatives=initiatives,
        ownership=tuple(Ownership(key, dice.choice(owners)) for key in keys),
        prices=tuple(_prices(dice, sellers, currency)),
        calls=tuple(_calls(dice, sellers, [*keys, "key-nobody"], as_of)),
        charges=tuple(_charges(dice, billed, currency, through)),
        billed_through=through if billed else None,
        revenue=(),
        rates=tuple(_rates(dice, currency, as_of)),
    )


def _prices(dice: random.Random, sellers: list[Seller], currency: str) -> list[Price]:
    found = []
    for seller in sellers:
        in_currency = dice.choice([currency, *CURRENCIES])
        found += [
            Price(seller, token_class, Decimal(dice.randint(100, 4000)) / 100, in_currency, date(2026, 1, 1))
            for token_class in TOKEN_CLASSES
        ]
    return found


def _calls(dice: random.Random, sellers: list[Seller], keys: list[str], as_of: date) -> list[Call]:
    seconds = (as_of - FIRST).days * 86_400
    return [
        Call(
            request_id=f"call-{number}",
            seller=dice.choice(sellers),
            key=dice.choice(keys),
            started_at=datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
            + timedelta(seconds=dice.randint(86_400, seconds)),
            tokens={
                "input_uncached": dice.randint(1, 9_000_000),
                "cache_read": dice.choice([0, dice.randint(0, 90_000)]),
                "output": dice.randint(1, 600_000),
            },
        )
        for number in range(dice.randint(10, 80))
    ]


def _charges(dice: random.Random, sellers: list[Seller], currency: str, through: date) -> list[Charge]:
    found = []
    for seller in sellers:
        in_currency = dice.choice([currency, *CURRENCIES])
        day = FIRST + timedelta(days=dice.choice([0, 0, dice.randint(1, 50)]))
        while day <= through:
            amount = Decimal(dice.randint(1, 90_000)) / (1 if in_currency == "JPY" else 100)
            found.append(Charge(seller, day, amount, in_currency))
            if dice.random() < 0.03:
                found.append(Charge(seller, day, -amount / 2, in_currency, is_credit=True))
            day += timedelta(days=dice.choice([1, 2, 5, 9]))
    return found


def _taxed(dice: random.Random, company: Company) -> Company:
    """The company with tax on some sellers' bills, on a day of each month that has a charge, seldom in another currency;
    seldom a month gives back all of it.
    """
    taxes: list[Charge] = []
    refunds = random.Random(f"tax given back {company.seed}")
    for seller in sorted({one.seller for one in company.charges}, key=lambda one: one.name):
        if dice.random() < 0.5:
            continue
        share, abroad = Decimal(dice.choice([3, 19, 25])) / 100, dice.random() < 0.1
        ours = [one for one in company.charges if one.seller == seller]
        for month in sorted({f"{one.day:%Y-%m}" for one in ours}):
            charges = [one for one in ours if f"{one.day:%Y-%m}" == month]
            currency = "USD" if abroad else charges[0].currency
            amount = Fraction(share * sum(one.amount for one in charges))
            if refunds.random() < 0.1:
                amount = -sum((Fraction(one.amount) for one in taxes if one.seller == seller), Fraction(0))
            taxes.append(
                Charge(
                    seller,
                    charges[-1].day,
                    _rounded(amount, MINOR_UNITS.get(currency, 2)),
                    currency,
                    category="Tax",
                )
            )
    return replace(company, charges=(*company.charges, *taxes))


def _second_account(dice: random.Random, company: Company) -> Company:
    """The company with a second account of some sellers, without tax, in another currency than the first."""
    found = []
    for seller in sorted({one.seller for one in company.charges}, key=lambda one: one.name):
        ours = [one for one in company.charges if one.seller == seller and one.category == "Usage"]
        if dice.random() < 0.3:
            currency = dice.choice([one for one in CURRENCIES if one != ours[0].currency])
            digits = MINOR_UNITS.get(currency, 2)
            found += [
                Charge(seller, one.day, _rounded(Fraction(dice.randint(100, 90_000), 10**digits), digits), currency)
                for one in ours
                if not one.is_credit
            ]
    return replace(company, charges=(*company.charges, *found))


def _rates(dice: random.Random, currency: str, as_of: date) -> list[Rate]:
    found = []
    for other in CURRENCIES:
        if other == currency:
            continue
        is_inverse = dice.random() < 0.4
        rate = dice.choice(RATES)
        for number in range((as_of - RATES_FROM).days + 1):
            rate = dice.choice(RATES) if dice.random() < 0.03 else rate
            day = RATES_FROM + timedelta(days=number)
            found.append(Rate(day, currency, other, 1 / rate) if is_inverse else Rate(day, other, currency, rate))
    return found


def _books(dice: random.Random, company: Company) -> Books:
    reference = Reference(company)
    postings: list[Posting] = []
    providers = sorted({call.seller.name for call in company.calls} | {one.seller.name for one in company.charges})
    for provider in providers:
        postings += _Vendor(dice, company, reference, provider).postings()
    postings += _strangers(dice, company)
    postings += hosting(dice, company, providers)
    postings += cash(dice, company)
    roles = dict(POSTING_ACCOUNTS)
    if dice.random() < 0.2:
        del roles[dice.choice(sorted(roles))]
    return Books(
        postings=tuple(postings),
        counterparties={COUNTERPARTIES[one]: one for one in providers} | {"Acme Robots": None, "": None},
        seats=tuple(one for one in providers if dice.random() < 0.5),
        posting_accounts=roles if dice.random() < 0.95 else {},
        invoices=tuple(invoices(dice, company)),
        heads=tuple(heads(dice, company)),
        wages=tuple(wages(dice, company)),
        budgets=tuple(budgets(dice, company)),
    )


def _strangers(dice: random.Random, company: Company) -> list[Posting]:
    """Postings in an AI account by somebody who sells no AI that the company knows."""
    return [
        Posting(f"stranger-{n}", FIRST + timedelta(days=40 * n), "Acme Robots", "5100", Decimal(77), company.currency)
        for n in range(dice.choice([0, 0, 2]))
    ]


class _Vendor:
    """What the ledger holds of one provider; amounts begin from what each month cost."""

    def __init__(self, dice: random.Random, company: Company, reference: Reference, provider: str) -> None:
        self.dice = dice
        self.company = company
        self.reference = reference
        self.provider = provider
        billed_in = {one.currency for one in company.charges if one.seller.name == provider}
        self.by_account = len(billed_in) > 1 and random.Random(f"by account {company.seed} {provider}").random() < 0.7
        self.currency = dice.choice([company.currency, *(sorted(billed_in) * 2), dice.choice(CURRENCIES)])
        self.costs = period_costs(reference)
        self.states_periods = dice.random() < 0.3
        self.states_rates = dice.random() < 0.3
        self.credits = random.Random(f"credits {company.seed} {provider}")
        self.own = random.Random(f"own journals {company.seed} {provider}")
        self.owes = Fraction(0)
        self.found: list[Posting] = []
        self.tax_dice = random.Random(f"tax of {provider} {company.seed}")
        self.taxes: list[Fraction] = []
        self.returned_after = random.Random(f"returned {company.seed} {provider}").choice([1, 2, 3])
        self.taxed = self.tax_dice.choice(["gross", "reclaimed", "reclaimed", "apart", "in part", "net"])

    def postings(self) -> list[Posting]:
        months = months_between("2026-07", f"{self.company.as_of:%Y-%m}")
        is_elsewhere = self.dice.random() < 0.15
        if self.dice.random() < 0.3 and not is_elsewhere:
            for day in (date(2026, 5, 5), date(2026, 6, 5), date(2026, 7, 5)):
                self._post(day, Fraction(self.dice.randint(10, 400)))
        for month in months:
            cost = self.costs.get((self.provider, month), Fraction(0))
            if cost > 0 and not is_elsewhere:
                self._invoice(month, cost)
        self._others(months)
        return self.found

    def _invoice(self, month: str, cost: Fraction) -> None:
        """What the ledger made of one month's cost; what the seller owes of one invoice it takes off the next."""
        if self.by_account:
            self._invoices_by_account(month)
            return
        dice = self.dice
        within, third, later = day_of(month, dice.randint(25, 28)), day_of(month, 33), day_of(month, 64)
        near, far = Fraction(dice.randint(-45, 45), 1000), dice.choice([Fraction(-4, 10), Fraction(3, 10)])
        usual = [(within, Fraction(1)), (third, Fraction(1)), (third, 1 + near), (within, 1 + near)]
        way = dice.choice(["usual"] * 6 + ["never", "never", "late", "far", "halves", "middle"])
        if way == "usual":
            parts = [dice.choice(usual)]
        elif way == "halves":
            parts = [(within, Fraction(6, 10)), (third, Fraction(4, 10))]
        else:
            days = {"never": [], "late": [(later, Fraction(1))], "far": [(third, 1 + far)]}
            parts = days.get(way, [(day_of(month, 14), Fraction(1))])
        if self.taxed == "reclaimed":
            parts = [(third, Fraction(1))]
        if self.owes:
            parts, self.owes = [(within, max(1 - self.owes / cost, Fraction(1, 10)))], Fraction(0)
        elif self.credits.random() < 0.15:
            parts, self.owes = [(within, Fraction(13, 10))], cost * Fraction(3, 10)
        tax = self._tax(month)
        if self.taxed in ("gross", "reclaimed", "in part"):
            cost += tax * (Fraction(6, 10) if self.taxed == "in part" else 1)
        for day, part in parts:
            states = self.states_periods and dice.random() < 0.7
            self._post(day, cost * part, service_period=month if states else None, closes=month)
        if self.taxed == "apart" and tax > 0 and parts:
            self._post(parts[-1][0], tax)
        if parts and self.taxed == "reclaimed":
            self.taxes.append(tax)
            if len(self.taxes) == self.returned_after:
                day = parts[-1][0] + timedelta(days=self.tax_dice.choice([0, 5, 25]))
                self._post(day, -sum(self.taxes, Fraction(0)), is_tax=self.tax_dice.random() < 0.3)
                self.taxes = []
        if parts and dice.random() < 0.25 and self.taxed != "reclaimed":
            share = dice.choice([Fraction(1, 10), Fraction(4, 10), Fraction(1), Fraction(15, 10)])
            noted = self.found[-1]
            day = noted.day + timedelta(days=dice.choice([1, 9, 40]))
            self._post(day, -cost * share, service_period=dice.choice([None, None, noted.service_period]))

    def _invoices_by_account(self, month: str) -> None:
        """Each account's invoice in its own currency, with the tax that it states or without."""
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for one in self.company.charges:
            is_paid = one.category != "Tax" or self.taxed in ("gross", "reclaimed")
            is_known = (one.seller.name, f"{one.day:%Y-%m}") == (self.provider, month) and one.day <= self.company.as_of
            if is_known and is_paid:
                sums[one.currency] += Fraction(one.amount)
        for currency, amount in sorted(sums.items()):
            self._post(day_of(month, self.dice.randint(32, 35)), amount, currency=currency)

    def _tax(self, month: str) -> Fraction:
        """What the bill states as tax of the month, in reporting currency."""
        return sum(
            (
                Fraction(one.amount) * rate_of(self.reference, one.currency, one.day)
                for one in self.company.charges
                if (one.seller.name, one.category, f"{one.day:%Y-%m}") == (self.provider, "Tax", month)
            ),
            Fraction(0),
        )

    def _post(
        self,
        day: date,
        cost: Fraction,
        service_period: str | None = None,
        closes: str | None = None,
        is_tax: bool = False,
        currency: str | None = None,
    ) -> None:
        """Post ``cost``, in reporting currency, in the ledger's own; in ``currency``, where that is named."""
        rate, posted_in = Fraction(1), currency or self.currency
        if posted_in != self.company.currency:
            rate = rate_of(self.reference, posted_in, min(day, self.company.as_of))
        booked = posted_in != self.company.currency and self.states_rates
        back = closes and day.day == 3 and self.dice.random() < 0.15
        self.found.append(
            Posting(
                entry=f"{self.provider}-{len(self.found):02}",
                day=day,
                counterparty=COUNTERPARTIES[self.provider],
                account=self.dice.choice(AI_ACCOUNTS),
                amount=_rounded(cost if currency else cost / rate, MINOR_UNITS.get(posted_in, 2)),
                currency=posted_in,
                service_period=service_period,
                period=closes if back else None,
                exchange_rate=_rounded(rate * Fraction(103, 100), 6) if booked else None,
                is_tax=is_tax,
            )
        )

    def _others(self, months: list[str]) -> None:
        """Seats, tax and the product's own journals: none of them settles usage, in whatever currency."""
        name, home = COUNTERPARTIES[self.provider], self.company.currency
        for month in months:
            day = day_of(month, 15)
            if self.dice.random() < 0.3:
                entry = f"{self.provider}-seats-{month}"
                self.found.append(Posting(entry, day, name, "6200", Decimal(55), home, description=f"Team {SEATS}"))
            if self.dice.random() < 0.2:
                entry = f"{self.provider}-tax-{month}"
                self.found.append(Posting(entry, day, name, "5100", Decimal(11), home, is_tax=True))
            if self.dice.random() < 0.2:
                own = ("ACC", day_of(month, 28), Decimal(33), False), ("REV", day_of(month, 31), Decimal(-33), True)
                for kind, on, amount, is_reversal in own:
                    entry = f"TKN-{kind}-{self.provider}-{month}"
                    named = self.own.choice([name, "", "Acme Robots"])
                    self.found.append(Posting(entry, on, named, "5100", amount, home, is_reversal=is_reversal))


def _rounded(amount: Fraction, digits: int) -> Decimal:
    return Decimal(round(amount * 10**digits)).scaleb(-digits)
