"""A small company as plain facts, and the folder that says them the way people write them down."""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

FOCUS = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "BillingCurrency",
    "BillingAccountId",
    "SubAccountId",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ServiceName",
    "ServiceCategory",
    "ProviderName",
    "InvoiceIssuerName",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ListUnitPrice",
    "SkuMeter",
]
TOKEN_CLASSES = ("input_uncached", "cache_read", "output")
LIST_PRICES = {
    "gpt-4o": {"input_uncached": Decimal("2.5"), "cache_read": Decimal("1.25"), "output": Decimal(10)},
    "gpt-4o-mini": {"input_uncached": Decimal("0.15"), "cache_read": Decimal("0.075"), "output": Decimal("0.6")},
    "claude-haiku-4-5": {"input_uncached": Decimal(1), "cache_read": Decimal("0.1"), "output": Decimal(5)},
}
"""What the makers ask for a million tokens, in US dollars; of other drawn models there is no list price."""


@dataclass(frozen=True)
class Seller:
    """Who sells the tokens: ``name`` in every table, ``gateway_name`` in the log, ``bill_name`` on a FOCUS bill."""

    name: str
    gateway_name: str
    bill_name: str
    model: str


@dataclass(frozen=True)
class Price:
    """Contracted price of one token class of a seller's model, per million tokens, from ``valid_from`` to before ``valid_to``;
    None: open.
    """

    seller: Seller
    token_class: str
    per_million: Decimal
    currency: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class Discount:
    """Part of the list price that is not paid, on days from ``valid_from`` to before ``valid_to``; None: open."""

    seller: Seller
    ratio: Decimal
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Balance:
    """A version of a prepaid, credit or commitment, open from ``valid_from`` to before ``valid_to``; None: open.

    ``model``: the only one it is for; None: all of the seller's.
    """

    contract: str
    seller: Seller
    kind: str
    amount: Decimal
    currency: str
    valid_from: date
    valid_to: date | None = None
    model: str | None = None


@dataclass(frozen=True, eq=False)
class Call:
    """One request through the gateway; ``started_at`` in UTC; ``team``: empty without one."""

    request_id: str
    seller: Seller
    key: str
    started_at: datetime
    tokens: dict[str, int]
    succeeded: bool = True
    team: str = ""


@dataclass(frozen=True)
class Charge:
    """One line of a seller's bill for one UTC day, or for the days up to ``last_day``.

    ``category`` of what is no credit: Usage, Tax or Purchase; ``effective``: what the day used, None: the amount;
    ``at_list``: what it would cost at list price, None: not stated; ``is_hosting``: for something else than AI.
    """

    seller: Seller
    day: date
    amount: Decimal
    currency: str
    is_credit: bool = False
    category: str = "Usage"
    account: str = "org_1"
    last_day: date | None = None
    effective: Decimal | None = None
    is_hosting: bool = False
    at_list: Decimal | None = None


@dataclass(frozen=True)
class Owner:
    """Whose a key's usage is: an initiative, for a customer of its own or not, or any of the other three."""

    initiative: str | None = None
    department: str | None = None
    product: str | None = None
    customer: str | None = None


@dataclass(frozen=True)
class Target:
    """Who receives a part: exactly one of the three; ``weight`` under method fixed."""

    initiative: str | None = None
    department: str | None = None
    pool: str | None = None
    weight: Decimal | None = None


@dataclass(frozen=True)
class Share:
    """How a cost is split: even, fixed or proportional, the last to ``basis``."""

    method: str
    targets: tuple[Target, ...]
    basis: str | None = None


@dataclass(frozen=True)
class Pool:
    """A shared pool; without ``share`` it follows the direct cost of all initiatives."""

    name: str
    order: int
    share: Share | None = None


@dataclass(frozen=True)
class Ownership:
    """The owner of a key's or team's usage, or how it is shared, on days from ``valid_from`` to before ``valid_to``; None: open.

    The first that holds decides. Ownerships of one ``rule`` are its versions; without a name each is a rule of its own.
    """

    key: str | None
    owner: Owner | Share
    valid_from: date | None = None
    valid_to: date | None = None
    rule: str | None = None
    team: str | None = None


@dataclass(frozen=True)
class Milestone:
    """What ``metric`` must reach by a day; until then the margin may be lower than the target."""

    metric: str
    target: Decimal
    by: date


@dataclass(frozen=True)
class Allocation:
    """An experiment's budget from ``starts_on`` to ``expires_on``, both inclusive; ``currency``: None is the reporting one."""

    amount: Decimal
    currency: str | None
    starts_on: date
    expires_on: date


BOUNDLESS = Allocation(Decimal(1_000_000), None, date(2026, 8, 1), date(2026, 12, 31))
"""The allocation of an experiment that is drawn without one."""


@dataclass(frozen=True)
class Initiative:
    """A version of an initiative, on days from ``valid_from`` to before ``valid_to``; None: open.

    ``stage``: core, experimentation or retired; ``product``: None for an internal workflow; ``complexity``: None for its
    department's; ``unit``: the metric that counts its work.
    """

    name: str
    department: str
    product: str | None
    stage: str
    customer: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    complexity: str | None = "standard"
    unit: str | None = None
    milestone: Milestone | None = None
    target: Decimal = Decimal("0.5")
    allocation: Allocation | None = None


@dataclass(frozen=True)
class Department:
    """``complexity`` of its initiatives that state none; None: standard."""

    name: str
    function: str | None = None
    complexity: str | None = None


@dataclass(frozen=True)
class Person:
    """Who makes calls, from ``valid_from`` to before ``valid_to``; None: open."""

    name: str
    department: str
    function: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Tiers:
    """``references``: tier to its reference model, the dearest first; ``models``: pattern to tier, the first that fits
    decides; ``complexity`` to the dearest tier that such work needs.
    """

    references: dict[str, str]
    models: dict[str, str]
    complexity: dict[str, str]


@dataclass(frozen=True)
class Headcount:
    """People of a department at a month's end."""

    month_end: date
    department: str
    heads: int


@dataclass(frozen=True)
class Metric:
    """A business metric of a day, of exactly one of the three."""

    day: date
    metric: str
    value: Decimal
    initiative: str | None = None
    department: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class Revenue:
    """Revenue of a product recognised from ``day`` to ``last_day``, both inclusive."""

    day: date
    last_day: date
    product: str
    amount: Decimal
    currency: str
    customer: str | None = None
    initiative: str | None = None


@dataclass(frozen=True)
class Rate:
    """``to`` units of currency for one of ``currency`` on ``day``."""

    day: date
    currency: str
    to: str
    rate: Decimal


@dataclass(frozen=True)
class Company:
    """Everything that the reference knows and the folder says.

    Bills of all sellers are complete up to ``billed_through``; None: up to the day before an account's last charge.
    ``older_exports`` stated days of ``charges`` before, in other amounts. ``repeated``: calls that are logged twice.
    """

    seed: int
    currency: str
    zone: str
    as_of: date
    initiatives: tuple[Initiative, ...]
    ownership: tuple[Ownership, ...]
    prices: tuple[Price, ...]
    calls: tuple[Call, ...]
    charges: tuple[Charge, ...]
    billed_through: date | None
    revenue: tuple[Revenue, ...]
    rates: tuple[Rate, ...]
    pools: tuple[Pool, ...] = ()
    headcounts: tuple[Headcount, ...] = ()
    metrics: tuple[Metric, ...] = ()
    balances: tuple[Balance, ...] = ()
    discounts: tuple[Discount, ...] = ()
    older_exports: tuple[tuple[Charge, ...], ...] = ()
    fiscal_start: int = 1
    tiers: Tiers | None = None
    departments: tuple[Department, ...] = ()
    people: tuple[Person, ...] = ()
    repeated: tuple[Call, ...] = ()


def write(company: Company, folder: Path) -> None:
    """Write the company folder."""
    for name in ("logs", "bills", "ledgers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, body in _declared(company).items():
        (folder / name).write_text(json.dumps(body, indent=1, default=str))
    (folder / "logs" / "calls.jsonl").write_text("".join(json.dumps(_logged(call)) + "\n" for call in company.calls))
    if company.repeated:
        again = "".join(json.dumps(_logged(call)) + "\n" for call in company.repeated)
        (folder / "logs" / "repeated.jsonl").write_text(again)
    if company.charges:
        for number, charges in enumerate(company.older_exports):
            _table(folder / "bills" / f"bill-{number}.csv", FOCUS, [_billed(charge) for charge in charges])
        name = f"bill-{len(company.older_exports)}.csv" if company.older_exports else "bill.csv"
        _table(folder / "bills" / name, FOCUS, [_billed(charge) for charge in company.charges])
    _table(
        folder / "ledgers" / "revenue.csv",
        ["revenue_date", "recognition_end_date", "product_id", "amount", "currency", "customer_id", "initiative_id"],
        [
            [one.day, one.last_day, one.product, one.amount, one.currency, one.customer, one.initiative]
            for one in company.revenue
        ],
    )
    _write_bases(company, folder)
    if company.people:
        _table(
            folder / "ledgers" / "people.csv",
            ["actor_id", "department_id", "function", "valid_from", "valid_to"],
            [[one.name, one.department, one.function, one.valid_from, one.valid_to] for one in company.people],
        )
    _table(
        folder / "ledgers" / "exchange_rates.csv",
        ["rate_date", "from_currency", "to_currency", "rate"],
        [[one.day, one.currency, one.to, one.rate] for one in company.rates],
    )


def _write_bases(company: Company, folder: Path) -> None:
    """What shared cost is split by: heads and metrics."""
    if company.headcounts:
        _table(
            folder / "ledgers" / "headcount.csv",
            ["month_end", "department_id", "headcount"],
            [[one.month_end, one.department, one.heads] for one in company.headcounts],
        )
    if company.metrics:
        _table(
            folder / "ledgers" / "business_metrics.csv",
            ["metric_date", "metric_id", "value", "initiative_id", "department_id", "product_id"],
            [[one.day, one.metric, one.value, one.initiative, one.department, one.product] for one in company.metrics],
        )


def _declared(company: Company) -> dict[str, object]:
    """The YAML files, as JSON, which YAML holds."""
    departments = [_department(one) for one in company.departments]
    sources: dict[str, object] = {"litellm": {"mode": "files", "path": "logs/*.jsonl", "empty_days": "zero"}}
    if company.charges:
        sources["focus_files"] = {"path": "bills/*.csv", "empty_days": "zero"} | (
            {"complete_through": company.billed_through} if company.billed_through else {}
        )
    return {
        "company.yaml": {
            "company_id": f"company-{company.seed}",
            "name": "drawn",
            "reporting_currency": company.currency,
            "reporting_time_zone": company.zone,
            "fiscal_year_start_month": company.fiscal_start,
            "profile": {"company_size": "startup", "margin_profile": "healthy"},
        },
        "sources.yaml": {"sources": sources},
        "initiatives.yaml": {"initiatives": [_initiative(one) for one in company.initiatives]},
        "ownership.yaml": {
            "rules": [_rule(number, one) for number, one in enumerate(company.ownership)],
            "pools": [_pool(one) for one in company.pools],
        },
        "contracts.yaml": {
            "contracts": [
                *map(_contract, company.prices),
                *map(_discount, company.discounts),
                *map(_balance, company.balances),
            ]
        },
        "model_tiers.yaml": _tiers(company),
    } | ({"departments.yaml": {"departments": departments}} if departments else {})


def _tiers(company: Company) -> dict[str, object]:
    tiers = company.tiers or Tiers(
        references={"standard": company.calls[0].seller.model},
        models={"*": "standard"},
        complexity=dict.fromkeys(("basic", "standard", "complex"), "standard"),
    )
    return {
        "tiers": [{"tier": tier, "reference_model": model} for tier, model in tiers.references.items()],
        "models": tiers.models,
        "complexity": tiers.complexity,
    }


def _department(one: Department) -> dict[str, object]:
    stated = {"department_id": one.name, "function": one.function, "default_complexity": one.complexity}
    return {name: value for name, value in stated.items() if value}


def _initiative(one: Initiative) -> dict[str, object]:
    own: dict[str, object] = {
        "initiative_id": one.name,
        "name": one.name,
        "kind": "customer_facing" if one.product else "internal_workflow",
        "stage": one.stage,
        "department_id": one.department,
        "owner": "owner@company.example",
        "started_on": "2026-08-01",
    }
    if one.product:
        own |= {"product_id": one.product, "target_gross_margin_ratio": str(one.target)}
    if one.complexity:
        own["complexity"] = one.complexity
    if one.unit:
        own["unit_of_work"] = one.unit
    if one.milestone:
        own["milestone"] = {
            "metric_id": one.milestone.metric,
            "target": str(one.milestone.target),
            "by": one.milestone.by,
            "margin_floor_ratio": "0.1",
        }
    if one.customer:
        own["customer_id"] = one.customer
    if one.stage == "experimentation":
        granted = one.allocation or BOUNDLESS
        own["allocation"] = {
            "amount": str(granted.amount),
            "daily_cap": "1000000",
            "starts_on": granted.starts_on,
            "expires_on": granted.expires_on,
        } | ({"currency": granted.currency} if granted.currency else {})
    return own | _dates(one)


def _dates(one: Initiative | Ownership | Balance | Discount) -> dict[str, object]:
    dates = {"valid_from": one.valid_from, "valid_to": one.valid_to}
    return {name: day for name, day in dates.items() if day}


def _rule(number: int, one: Ownership) -> dict[str, object]:
    rule: dict[str, object] = {
        "rule_id": one.rule or f"rule{number}",
        "priority": 1000 - number,
        "match": {"api_key_id": one.key} if one.key else {"team_id": one.team},
    }
    if isinstance(one.owner, Share):
        rule["share"] = _share(one.owner)
    else:
        rule["assign"] = _named(one.owner)
    return rule | _dates(one)


def _share(share: Share) -> dict[str, object]:
    declared: dict[str, object] = {"method": share.method, "targets": [_named(one) for one in share.targets]}
    return declared | ({"basis": share.basis} if share.basis else {})


def _pool(pool: Pool) -> dict[str, object]:
    declared: dict[str, object] = {"pool_id": pool.name, "order": pool.order}
    return declared | ({"share": _share(pool.share)} if pool.share else {})


def _named(one: Owner | Target) -> dict[str, object]:
    """What of an owner or target is said."""
    named: dict[str, object] = {"initiative_id": one.initiative, "department_id": one.department}
    if isinstance(one, Owner):
        named |= {"product_id": one.product, "customer_id": one.customer}
    else:
        named |= {"pool_id": one.pool, "weight": one.weight}
    return {name: value for name, value in named.items() if value is not None}


def _contract(price: Price) -> dict[str, object]:
    declared: dict[str, object] = {
        "contract_id": f"{price.seller.model}-{price.token_class}",
        "provider": price.seller.name,
        "kind": "price",
        "models": [price.seller.model],
        "token_class": price.token_class,
        "price_per_million": str(price.per_million),
        "currency": price.currency,
        "valid_from": price.valid_from,
    }
    return declared | ({"valid_to": price.valid_to} if price.valid_to else {})


def _discount(one: Discount) -> dict[str, object]:
    declared = {
        "contract_id": f"discount-{one.seller.model}",
        "provider": one.seller.name,
        "kind": "discount",
        "models": [one.seller.model],
        "discount_ratio": str(one.ratio),
    }
    return declared | _dates(one)


def _balance(one: Balance) -> dict[str, object]:
    """Under the seller's name in the gateway, which means the same seller."""
    declared: dict[str, object] = {
        "contract_id": one.contract,
        "provider": one.seller.gateway_name,
        "kind": one.kind,
        "amount": str(one.amount),
        "currency": one.currency,
    }
    return declared | ({"models": [one.model]} if one.model else {}) | _dates(one)


def _logged(call: Call) -> dict[str, object]:
    cached = call.tokens["cache_read"]
    return {
        "request_id": call.request_id,
        "startTime": call.started_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "api_key": call.key,
        "model": call.seller.model,
        "custom_llm_provider": call.seller.gateway_name,
        "user": "u1",
        "team_id": call.team,
        "prompt_tokens": call.tokens["input_uncached"] + cached,
        "completion_tokens": call.tokens["output"],
        "request_tags": "[]",
        "status": "success" if call.succeeded else "failure",
        "metadata": json.dumps({"usage_object": {"cache_read_input_tokens": cached}}),
    }


def _billed(charge: Charge) -> list[object]:
    day, after = charge.day, (charge.last_day or charge.day) + timedelta(days=1)
    month = day.replace(day=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    period = [f"{one}T00:00:00Z" for one in (month, next_month, day, after)]
    category = "Credit" if charge.is_credit else charge.category
    used = charge.amount if charge.effective is None else charge.effective
    service = ("Disks", "Storage") if charge.is_hosting else ("LLM API", "AI and Machine Learning")
    return [
        *(charge.amount, used, charge.at_list, charge.currency, charge.account, "", *period, category, "", "usage"),
        *(*service, charge.seller.bill_name, charge.seller.bill_name, "", "", "", ""),
    ]


def _table(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
