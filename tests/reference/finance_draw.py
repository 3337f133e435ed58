"""What else a company's books hold, drawn: revenue, other cost of goods sold, cash, heads, wages, budgets."""

import random
from datetime import date, timedelta
from decimal import Decimal

from tests.reference.company import Company
from tests.reference.draw import CURRENCIES, DEPARTMENTS, PRODUCTS, RATES
from tests.reference.ledger_company import Budget, Heads, Invoice, Posting, Wage
from tests.reference.months import day_of, month_end, months_between

FIRST = date(2026, 7, 1)
COUNTERPARTIES = {
    "openai": "OpenAI Ireland Ltd",
    "anthropic": "ANTHROPIC, PBC",
    "aws": "Amazon Web Services EMEA",
    "google": "Google Cloud EMEA",
    "azure": "Microsoft Ireland",
    "mistral": "Mistral AI",
}


def invoices(dice: random.Random, company: Company) -> list[Invoice]:
    """Daily sales, subscriptions over periods, several a day, refunds; some products stop reporting early or never had any."""
    found = []
    for product in PRODUCTS:
        in_currency = dice.choice([company.currency, *CURRENCIES])
        reported = company.as_of - timedelta(days=dice.choice([0, 0, 3, 20, 60]))
        customers = dice.choice([[None], ["cust_a", "cust_b"], ["cust_a", None]])
        every = dice.choice([1, 1, 2, 9, 1000])
        for number in range(dice.randint(0, 40), (reported - FIRST).days + 1 if every < 1000 else 0, every):
            day = FIRST + timedelta(days=number)
            for customer in customers[: dice.choice([1, 2, 2])]:
                length = dice.choice([0, 0, 0, 1, 29, 90])
                amount = Decimal(dice.randint(1, 500_00)) / (1 if in_currency == "JPY" else 100)
                sign = -1 if dice.random() < 0.05 else 1
                last = day + timedelta(days=length)
                found.append(Invoice(day, last, product, customer, sign * amount, in_currency))
                if dice.random() < 0.1:
                    found.append(Invoice(day, last, product, customer, amount, in_currency))
    return found


def hosting(dice: random.Random, company: Company, providers: list[str]) -> list[Posting]:
    """Other cost of goods sold: months posted in time, late, twice, credited or never; by anybody, sellers of AI too."""
    found: list[Posting] = []
    vendors = ["Acme Robots", *(COUNTERPARTIES[one] for one in providers * 2)]
    for product in PRODUCTS:
        vendor = dice.choice(vendors)
        currency = dice.choice([company.currency, *CURRENCIES])
        for month in months_between("2026-07", f"{company.as_of:%Y-%m}"):
            for _ in range(dice.choice([0, 1, 1, 1, 2])):
                states = dice.random() < 0.3
                found.append(
                    Posting(
                        entry=f"hosting-{product}-{len(found)}",
                        day=day_of(month, 33 if states else dice.choice([5, 28])),
                        counterparty=vendor,
                        account="5010",
                        amount=Decimal(dice.choice([310, 1000, 77, -40])),
                        currency=currency,
                        service_period=month if states else None,
                        product=product,
                    )
                )
    return found


def cash(dice: random.Random, company: Company) -> list[Posting]:
    """Money raised, earned and paid in one or two currencies, some of it at a booked rate, in some months not at all."""
    found: list[Posting] = []
    currencies = [company.currency, dice.choice(CURRENCIES)]
    first = dice.choice([date(2026, 4, 27), date(2026, 6, 1), date(2026, 8, 14)])
    for number in range(dice.choice([0, 3, 30])):
        currency = dice.choice(currencies)
        is_raised = number == 0 or dice.random() < 0.05
        booked = dice.choice(RATES) if currency != company.currency and dice.random() < 0.3 else None
        amount = Decimal(dice.randint(50_000, 90_000) if is_raised else dice.randint(-6_000, 4_000))
        found.append(
            Posting(
                entry=f"cash-{number}",
                day=first + timedelta(days=dice.randint(0, (company.as_of - first).days) if number else 0),
                counterparty="Acme Robots",
                account="1000",
                amount=amount,
                currency=currency,
                exchange_rate=booked,
                against="3000" if is_raised else "4000",
            )
        )
    return found


def heads(dice: random.Random, company: Company) -> list[Heads]:
    months = months_between("2026-07", f"{company.as_of:%Y-%m}")
    return [
        Heads(month_end(month), department, Decimal(dice.randint(1, 400)) / 4)
        for month in months
        for department in DEPARTMENTS
        if dice.random() < 0.8
    ]


def wages(dice: random.Random, company: Company) -> list[Wage]:
    return [
        Wage(name, day, Decimal(dice.randint(1500, 20000)) / 100, dice.choice([company.currency, *CURRENCIES]))
        for name in ("engineer", "agent")
        for day in (date(2026, 7, 1), date(2026, 9, 15))
    ]


def budgets(dice: random.Random, company: Company) -> list[Budget]:
    months = months_between("2026-07", "2026-12")
    return [
        Budget(department, month, budget_class, Decimal(dice.randint(0, 900)), dice.choice([company.currency, "USD"]))
        for department in DEPARTMENTS
        for budget_class in ("core", "experimentation")
        for month in months
        if dice.random() < 0.6
    ]
