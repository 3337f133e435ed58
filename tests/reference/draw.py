"""Draw a company from a seed: everything that the reference can say, mixed."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

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
    Revenue,
    Seller,
)

SELLERS = (
    Seller("openai", "openai", "OpenAI", "orion-large"),
    Seller("anthropic", "anthropic", "Anthropic", "cassandra-2"),
    Seller("aws", "bedrock", "Amazon Web Services", "delphi-pro"),
    Seller("aws", "bedrock_converse", "Amazon Web Services", "delphi-lite"),
    Seller("google", "vertex_ai", "Google Cloud", "pythia-1"),
    Seller("azure", "azure_ai", "Microsoft Azure", "sibyl-3"),
    Seller("mistral", "mistral", "Mistral AI", "augur-9"),
)
CURRENCIES = ("USD", "EUR", "JPY", "KWD", "GBP")
ZONES = ("UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "America/Sao_Paulo")
RATES = tuple(map(Decimal, ("0.5", "0.8", "1.25", "2", "4", "0.16", "6.25")))
"""Rates whose inverse is a finite decimal, so that both directions say the same to the last digit."""
FIRST, LAST = date(2026, 9, 20), date(2026, 10, 20)
PRODUCTS, DEPARTMENTS = ("desk", "library"), ("dept_a", "dept_b")


def draw(seed: int) -> Company:
    """The company of ``seed``."""
    dice = random.Random(seed)
    currency = dice.choice(CURRENCIES)
    sellers = dice.sample(SELLERS, dice.randint(1, 3))
    initiatives = _initiatives(dice)
    keys = [f"key-{number}" for number in range(dice.randint(2, 5))]
    billed = _billed(dice, sellers)
    through = dice.choice([LAST, LAST - timedelta(days=dice.randint(1, 9))])
    return Company(
        seed=seed,
        currency=currency,
        zone=dice.choice(ZONES),
        as_of=LAST,
        initiatives=initiatives,
        ownership=tuple(_ownership(dice, keys, initiatives)),
        prices=tuple(_prices(dice, sellers, currency)),
        calls=tuple(_calls(dice, sellers, keys)),
        charges=tuple(_charges(dice, billed, currency, through)),
        billed_through=through if billed else None,
        revenue=tuple(_revenue(dice, currency)),
        rates=tuple(_rates(dice, currency)),
    )


def _initiatives(dice: random.Random) -> tuple[Initiative, ...]:
    drawn = [Initiative("first", "dept_a", "desk", "core")]
    for number in range(dice.randint(0, 3)):
        product = dice.choice([None, *PRODUCTS])
        stage = dice.choice(["core", "experimentation"])
        drawn.append(Initiative(f"other{number}", dice.choice(DEPARTMENTS), product, stage))
    return tuple(drawn)


def _ownership(dice: random.Random, keys: list[str], initiatives: tuple[Initiative, ...]) -> list[Ownership]:
    found = []
    for key in keys[dice.randint(0, 1) :]:
        owners = [_owner(dice, initiatives) for _ in range(2)]
        if dice.random() < 0.4:
            moved = FIRST + timedelta(days=dice.randint(3, 25))
            found += [Ownership(key, owners[0], None, moved), Ownership(key, owners[1], moved)]
        else:
            found.append(Ownership(key, owners[0]))
    return found or [Ownership(keys[-1], Owner(initiative="first"))]


def _owner(dice: random.Random, initiatives: tuple[Initiative, ...]) -> Owner:
    kind = dice.random()
    if kind < 0.7:
        return Owner(initiative=dice.choice(initiatives).name)
    return Owner(department=dice.choice(DEPARTMENTS)) if kind < 0.85 else Owner(product="desk")


def _prices(dice: random.Random, sellers: list[Seller], currency: str) -> list[Price]:
    found = []
    for seller in sellers:
        in_currency = dice.choice([currency, *CURRENCIES])
        changes = [date(2026, 1, 1)]
        if dice.random() < 0.5:
            changes.append(FIRST + timedelta(days=dice.randint(3, 25)))
        for token_class in TOKEN_CLASSES:
            for since, until in zip(changes, [*changes[1:], None], strict=True):
                amount = Decimal(dice.randint(1, 4000)) / 100
                found.append(Price(seller, token_class, amount, in_currency, since, until))
    return found


def _calls(dice: random.Random, sellers: list[Seller], keys: list[str]) -> list[Call]:
    seconds = int((LAST - FIRST).days) * 86_400
    return [
        Call(
            request_id=f"call-{number}",
            seller=dice.choice(sellers),
            key=dice.choice(keys),
            started_at=datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
            + timedelta(seconds=dice.randint(86_400, seconds)),
            tokens={
                "input_uncached": dice.randint(0, 400_000),
                "cache_read": dice.choice([0, dice.randint(0, 90_000)]),
                "output": dice.randint(1, 60_000),
            },
            succeeded=dice.random() > 0.05,
        )
        for number in range(dice.randint(5, 60))
    ]


def _billed(dice: random.Random, sellers: list[Seller]) -> list[Seller]:
    """At most one gateway name of a seller: a bill says the seller alone."""
    names = dice.sample(sorted({seller.name for seller in sellers}), dice.randint(0, len({s.name for s in sellers})))
    return [next(seller for seller in sellers if seller.name == name) for name in names]


def _charges(dice: random.Random, sellers: list[Seller], currency: str, through: date) -> list[Charge]:
    found = []
    for seller in sellers:
        in_currency = dice.choice([currency, *CURRENCIES])
        day = FIRST + timedelta(days=dice.choice([0, dice.randint(1, 12)]))
        found.append(Charge(seller, day, Decimal(dice.randint(1, 900)), in_currency))
        while day < through:
            day += timedelta(days=dice.choice([1, 1, 1, 2]))
            if day > through:
                break
            amount = Decimal(dice.randint(1, 90_000)) / (1 if in_currency == "JPY" else 100)
            found.append(Charge(seller, day, amount, in_currency))
            if dice.random() < 0.1:
                found.append(Charge(seller, day, -Decimal(dice.randint(1, 9)), in_currency, is_credit=True))
    return found


def _revenue(dice: random.Random, currency: str) -> list[Revenue]:
    found = []
    for product in PRODUCTS:
        in_currency = dice.choice([currency, *CURRENCIES])
        for number in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=number)
            found.append(Revenue(day, day, product, Decimal(dice.randint(1, 500)), in_currency))
    return found


def _rates(dice: random.Random, currency: str) -> list[Rate]:
    found = []
    for other in CURRENCIES:
        if other == currency:
            continue
        is_inverse = dice.random() < 0.4
        rate = dice.choice(RATES)
        for number in range(-10, (LAST - FIRST).days + 1):
            rate = dice.choice(RATES) if dice.random() < 0.1 else rate
            day = FIRST + timedelta(days=number)
            found.append(Rate(day, currency, other, 1 / rate) if is_inverse else Rate(day, other, currency, rate))
    return found
