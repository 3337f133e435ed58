"""Draw a company from a seed: everything that the reference can say, mixed."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.reference.company import (
    LIST_PRICES,
    TOKEN_CLASSES,
    Balance,
    Call,
    Charge,
    Company,
    Department,
    Discount,
    Headcount,
    Initiative,
    Metric,
    Milestone,
    Owner,
    Ownership,
    Person,
    Pool,
    Price,
    Rate,
    Revenue,
    Seller,
    Share,
    Target,
    Tiers,
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
PRODUCTS, DEPARTMENTS, CUSTOMERS = ("desk", "library"), ("dept_a", "dept_b"), ("acme", "globex")
TEAMS, CLOUDS = ("red", "blue"), ("aws", "google", "azure")
COMPLEXITIES = ("basic", "standard", "complex")
BASES = ("direct_cost", "headcount", "revenue", "metric:tickets")


def draw(seed: int, additions: "tuple[Addition, ...] | None" = None) -> Company:
    """The company of ``seed`` with ``additions``, which default to ``ADDITIONS``."""
    dice = random.Random(seed)
    currency = dice.choice(CURRENCIES)
    sellers = dice.sample(SELLERS, dice.randint(1, 3))
    initiatives = _initiatives(dice)
    keys = [f"key-{number}" for number in range(dice.randint(2, 5))]
    billed = _billed(dice, sellers)
    through = dice.choice([LAST, LAST - timedelta(days=dice.randint(1, 9))])
    company = Company(
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
    for addition in additions or ADDITIONS:
        company = addition(random.Random(f"{addition.__name__} {seed}"), company)
    return company


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


def moved(dice: random.Random, company: Company) -> Company:
    """Customers as owners and buyers; initiatives that change stage, department, product and customer on a day."""
    initiatives: list[Initiative] = []
    for one in company.initiatives:
        before = replace(one, customer=dice.choice([None, None, *CUSTOMERS]) if one.product else None)
        if dice.random() < 0.5:
            initiatives.append(before)
            continue
        day = _some_day(dice)
        after = replace(
            before,
            stage=dice.choice([before.stage, "core", "experimentation", "retired"]),
            department=dice.choice(DEPARTMENTS),
            product=dice.choice([before.product, *PRODUCTS]),
            customer=dice.choice([before.customer, None, *CUSTOMERS]),
            valid_from=day,
        )
        initiatives += [replace(before, valid_to=day), after]
    ownership = [
        replace(one, owner=_bought(dice, one.owner) if isinstance(one.owner, Owner) else one.owner)
        for one in company.ownership
    ]
    names = [None, *(one.name for one in company.initiatives)]
    revenue = [
        replace(one, customer=dice.choice([None, *CUSTOMERS]), initiative=dice.choice(names)) for one in company.revenue
    ]
    return replace(company, initiatives=tuple(initiatives), ownership=tuple(ownership), revenue=tuple(revenue))


def _bought(dice: random.Random, owner: Owner) -> Owner:
    """Now and then a customer's: alone or, of an initiative or product, with it."""
    if dice.random() < 0.8:
        return owner
    return replace(owner, customer=dice.choice(CUSTOMERS)) if dice.random() < 0.6 else Owner(customer="acme")


def shared(dice: random.Random, company: Company) -> Company:
    """Keys that are shared, in versions of one rule or of several; pools that feed each other; what they share by."""
    names = sorted({one.name for one in company.initiatives})
    pool_names = ["pool0", "pool1"][: dice.choice([0, 0, 1, 2])]
    pools = tuple(
        Pool(name, order, dice.choice([None, _share(dice, names, pool_names[order + 1 :])]))
        for order, name in enumerate(pool_names)
    )
    ownership = [
        replace(
            one,
            owner=_share(dice, names, pool_names) if dice.random() < 0.5 else one.owner,
            rule=dice.choice([f"rule-{one.key}", None]),
        )
        for one in company.ownership
    ]
    return replace(
        company,
        ownership=tuple(ownership),
        pools=pools,
        headcounts=tuple(_headcounts(dice)),
        metrics=tuple(_metrics(dice, names)),
    )


def _share(dice: random.Random, names: list[str], pools: list[str]) -> Share:
    receivers = [
        *(Target(initiative=name) for name in names),
        *(Target(department=name) for name in DEPARTMENTS),
        *(Target(pool=name) for name in pools),
    ]
    targets = dice.sample(receivers, dice.randint(1, min(4, len(receivers))))
    method = dice.choice(["even", "fixed", "proportional", "proportional"])
    if method == "proportional":
        return Share(method, tuple(targets), dice.choice(BASES))
    if method == "even":
        return Share(method, tuple(targets))
    weights = [Decimal(dice.randint(1, 20)) / 100 for _ in targets[1:]]
    weights.append(1 - sum(weights, Decimal(0)))
    return Share(method, tuple(replace(one, weight=weight) for one, weight in zip(targets, weights, strict=True)))


def _headcounts(dice: random.Random) -> list[Headcount]:
    ends = [one for one in (date(2026, 8, 31), date(2026, 9, 30)) if dice.random() < 0.8]
    return [Headcount(end, name, dice.randint(0, 9)) for end in ends for name in DEPARTMENTS if dice.random() < 0.9]


def _metrics(dice: random.Random, names: list[str]) -> list[Metric]:
    """Values of some days, of initiatives, departments and products mixed."""
    found = []
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        owners = [
            *({"initiative": name} for name in names),
            *({"department": name} for name in DEPARTMENTS),
            *({"product": name} for name in PRODUCTS),
        ]
        if dice.random() < 0.7:
            for owner in dice.sample(owners, dice.randint(1, 3)):
                found.append(Metric(day, "tickets", Decimal(dice.randint(0, 900)) / 10, **owner))
    return found


def paid(dice: random.Random, company: Company) -> Company:
    """Balances of some sellers, several at once, some renewed under the same id."""
    sellers = sorted({one.seller for one in (*company.prices, *company.calls)}, key=lambda one: one.model)
    found = []
    for number in range(dice.choice([0, 0, 1, 2, 3, 4])):
        kind, day = dice.choice(["prepaid", "credit", "commitment"]), FIRST + timedelta(days=dice.randint(-5, 25))
        seller = dice.choice(sellers)
        model = seller.model if dice.random() < 0.2 else None
        for _ in range(dice.choice([1, 1, 2])):
            end = dice.choice([None, day + timedelta(days=dice.randint(1, 15))])
            amount = Decimal(dice.randint(1, dice.choice([9_000, 900_000]))) / 100
            in_currency = dice.choice([company.currency, *CURRENCIES])
            found.append(Balance(f"{kind}-{number}", seller, kind, amount, in_currency, day, end, model))
            if end is None:
                break
            day = end
    return replace(company, balances=tuple(found))


def listed(dice: random.Random, company: Company) -> Company:
    """Models with a list price beside or instead of the contracted ones: with a discount, a price for one class, or neither."""
    models = {"openai": ("gpt-4o", "gpt-4o-mini"), "anthropic": ("claude-haiku-4-5",)}
    known: dict[Seller, Seller] = {}
    prices, discounts = list(company.prices), []
    for seller in sorted({one.seller for one in company.calls if one.seller.name in models}, key=lambda one: one.model):
        if dice.random() < 0.2:
            continue
        known[seller] = replace(seller, model=dice.choice(models[seller.name]))
        kept = dice.choice([(), (), TOKEN_CLASSES[:1]])
        prices = [
            replace(one, seller=known[seller]) if one.seller == seller else one
            for one in prices
            if one.seller != seller or one.token_class in kept
        ]
        if dice.random() < 0.5:
            day = dice.choice([None, _some_day(dice)])
            discounts.append(Discount(known[seller], Decimal(dice.randint(1, 60)) / 100, day))
    calls = [
        replace(one, seller=known[one.seller]) if one.seller in known and dice.random() < 0.8 else one
        for one in company.calls
    ]
    unlisted = {one.seller for one in calls if one.seller.model not in LIST_PRICES}
    prices += [one for one in company.prices if one.seller in unlisted and one not in prices]
    return replace(company, prices=tuple(prices), calls=tuple(calls), discounts=tuple(discounts))


def exported(dice: random.Random, company: Company) -> Company:
    """Bills of several accounts, some complete only up to the day before their last charge; charges for many days; older
    exports of the same days.
    """
    accounts = {one.seller: dice.choice([("org_1",), ("org_1", f"org_{one.seller.name}")]) for one in company.charges}
    charges = [replace(one, account=dice.choice(accounts[one.seller])) for one in company.charges]
    charges = [
        replace(one, seller=replace(one.seller, bill_name="AWS"))
        if one.seller.name == "aws" and one.account == "org_aws"
        else one
        for one in charges
    ]
    for seller in [one for one in accounts if dice.random() < 0.3]:
        day = _some_day(dice)
        period = Charge(
            seller, day, Decimal(dice.randint(1, 90_000)), company.currency, last_day=day + timedelta(days=9)
        )
        charges.append(replace(period, account=dice.choice(["org_1", "org_monthly"])))
    older = []
    for _ in range(dice.choice([0, 0, 1, 2]) if charges else 0):
        until = _some_day(dice)
        stated = [one for one in charges if one.day <= until and one.last_day is None]
        if stated:
            older.append(tuple(replace(one, amount=one.amount + dice.randint(0, 3)) for one in stated))
    return replace(
        company,
        charges=tuple(charges),
        older_exports=tuple(older),
        billed_through=company.billed_through if dice.random() < 0.6 else None,
        fiscal_start=dice.randint(1, 12),
    )


def itemised(dice: random.Random, company: Company) -> Company:
    """Bills with taxes, corrections, purchases whose use is spread, and services that are no AI; a bill may go on after the
    as-of day, and so do calls and revenue.
    """
    found = []
    for one in company.charges:
        line = dice.random()
        is_used_else = 0.3 < line < 0.4 and not one.last_day
        found.append(replace(one, effective=one.amount + dice.randint(-5, 5)) if is_used_else else one)
        if one.last_day or one.is_credit:
            continue
        amount = Decimal(dice.randint(1, 50))
        if line < 0.05:
            found.append(replace(one, amount=amount, category="Tax", effective=Decimal(0)))
        elif line < 0.15:
            found.append(replace(one, amount=-amount, effective=None))
        elif line < 0.2:
            found.append(replace(one, amount=amount, category="Purchase", effective=Decimal(0)))
        elif line < 0.3 and one.seller.name in CLOUDS:
            found.append(replace(one, amount=amount, is_hosting=True))
    last = {one.account: one for one in found if one.seller.name in CLOUDS and not one.last_day}
    for one in last.values():
        if dice.random() < 0.4:
            found.append(replace(one, day=one.day + timedelta(days=dice.randint(1, 3)), is_hosting=True))
    return replace(company, charges=tuple(found), as_of=LAST - timedelta(days=dice.choice([0, 0, 1, 5])))


def recognised(dice: random.Random, company: Company) -> Company:
    """Revenue for periods, refunds, days without revenue, and days without an exchange rate."""
    revenue = []
    for one in company.revenue:
        kind = dice.random()
        if kind < 0.1:
            continue
        if kind < 0.2:
            one = replace(one, last_day=one.day + timedelta(days=dice.randint(1, 20)))
        elif kind < 0.25:
            one = replace(one, amount=-one.amount)
        revenue.append(one)
    gaps = {FIRST + timedelta(days=7 * number + dice.randint(0, 3)) for number in range(4) for _ in range(3)}
    rates = [one for one in company.rates if one.day not in gaps]
    return replace(company, revenue=tuple(revenue), rates=tuple(rates))


def teamed(dice: random.Random, company: Company) -> Company:
    """Calls of teams, with rules before and after those of the keys."""
    calls = [replace(one, team=dice.choice(["", *TEAMS])) for one in company.calls]
    ownership = list(company.ownership)
    for team in dice.sample(TEAMS, dice.choice([0, 0, 1, 2])):
        model = dice.choice(company.ownership)
        since = dice.choice([None, _some_day(dice)])
        rule = replace(model, key=None, team=team, rule=f"team-{team}", valid_from=since, valid_to=None)
        ownership.insert(dice.randint(0, len(ownership)), rule)
    return replace(company, calls=tuple(calls), ownership=tuple(ownership))


def tiered(dice: random.Random, company: Company) -> Company:
    """Models of two or three tiers, some of none; reference models with and without a list price; work of any
    complexity, stated by the initiative, by its department or by nobody; people and departments with a function or none.
    """
    names = ["flagship", "standard", "economy"][: dice.choice([2, 3])]
    used = sorted({one.seller.model for one in company.calls})
    cheapest = dice.choice(["gpt-4o-mini", "gpt-4o-mini", "gpt-4o-mini", "claude-haiku-4-5", used[0]])
    dearer = [one for one in sorted({*LIST_PRICES, *used}) if one != cheapest]
    references = dict(zip(names, [*dice.sample(dearer, len(names) - 1), cheapest], strict=True))
    models = {model: tier for tier, model in references.items()}
    models |= {one: dice.choice([names[0], *names]) for one in used if one not in models and dice.random() < 0.9}
    needs = {one: dice.choice([*names, *names[1:] * 2]) for one in COMPLEXITIES}
    complexity = {one.name: dice.choice([None, *COMPLEXITIES]) for one in company.initiatives}
    moved_on = _some_day(dice)
    people = [Person("u1", "dept_a", "sales", None, moved_on), Person("u1", "dept_b", "support", moved_on)]
    return replace(
        company,
        tiers=Tiers(references, models, needs),
        initiatives=tuple(replace(one, complexity=complexity[one.name]) for one in company.initiatives),
        departments=tuple(
            Department(name, dice.choice([None, "sales", "support"]), dice.choice([None, *COMPLEXITIES]))
            for name in DEPARTMENTS
        ),
        people=tuple(dice.choice([[], people, people[:1]])),
    )


def quoted(dice: random.Random, company: Company) -> Company:
    """Bills of some sellers that say what most of their charges come to at list price."""
    quoting = [name for name in sorted({one.seller.name for one in company.charges}) if dice.random() < 0.3]
    charges = [
        replace(one, at_list=one.amount + dice.randint(0, 90))
        if one.seller.name in quoting and one.amount > 0 and one.category == "Usage" and dice.random() < 0.9
        else one
        for one in company.charges
    ]
    return replace(company, charges=tuple(charges))


def logged_again(dice: random.Random, company: Company) -> Company:
    """Calls that are in the log twice, and requests that come again under their id on another day."""
    repeated = [one for one in company.calls if one.succeeded and dice.random() < 0.1]
    again = [
        replace(one, started_at=one.started_at + timedelta(days=1))
        for one in company.calls
        if one.succeeded and one.started_at.date() < LAST - timedelta(days=1) and dice.random() < 0.05
    ]
    return replace(company, calls=(*company.calls, *again), repeated=tuple(repeated))


def measured(dice: random.Random, company: Company) -> Company:
    """Units of work, of initiatives, products and departments mixed; margin targets and milestones, of which some are met."""
    units = {one.name: dice.choice([None, "tickets", "cases", "cases"]) for one in company.initiatives}
    cases = []
    for name in (one for one in sorted(units) if dice.random() < 0.8):
        first, last = sorted(FIRST + timedelta(days=dice.randint(0, 30)) for _ in range(2))
        every = dice.choice([1, 1, 1, 9])
        for day in (first + timedelta(days=number) for number in range(0, (last - first).days + 1, every)):
            if dice.random() < 0.8:
                cases.append(Metric(day, "cases", Decimal(dice.randint(0, 900)), initiative=name))
    milestones = {
        one.name: Milestone(
            "tickets", Decimal(dice.randint(1, 100)), _some_day(dice) + timedelta(days=dice.choice([0, 30]))
        )
        for one in company.initiatives
        if one.product and dice.random() < 0.7
    }
    return replace(
        company,
        metrics=(*company.metrics, *cases),
        initiatives=tuple(
            replace(
                one,
                unit=units[one.name],
                milestone=milestones.get(one.name) if one.product else None,
                target=Decimal(dice.randint(0, 99)) / 100,
            )
            for one in company.initiatives
        ),
    )


def _some_day(dice: random.Random) -> date:
    return FIRST + timedelta(days=dice.randint(3, 25))


Addition = Callable[[random.Random, Company], Company]
ADDITIONS: tuple[Addition, ...] = (moved, shared, paid)
"""What is drawn on top, each with dice of its own, so that one more leaves the others as they were."""
EVERYTHING: tuple[Addition, ...] = (
    moved,
    shared,
    listed,
    exported,
    itemised,
    recognised,
    teamed,
    quoted,
    logged_again,
    tiered,
    measured,
    paid,
)
"""Also what changed companies (``changes.py``) do not carry over: list prices in their own currency, older exports."""
