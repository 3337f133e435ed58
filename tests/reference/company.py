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
class Call:
    """One request through the gateway; ``started_at`` in UTC."""

    request_id: str
    seller: Seller
    key: str
    started_at: datetime
    tokens: dict[str, int]
    succeeded: bool = True


@dataclass(frozen=True)
class Charge:
    """One line of a seller's bill for one UTC day."""

    seller: Seller
    day: date
    amount: Decimal
    currency: str
    is_credit: bool = False


@dataclass(frozen=True)
class Owner:
    """Whose a key's usage is: exactly one of the three."""

    initiative: str | None = None
    department: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class Ownership:
    """The owner of ``key`` on usage days from ``valid_from`` to before ``valid_to``; None: open."""

    key: str
    owner: Owner
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Initiative:
    """``stage``: core or experimentation; ``product``: None for an internal workflow."""

    name: str
    department: str
    product: str | None
    stage: str


@dataclass(frozen=True)
class Revenue:
    """Revenue of a product recognised from ``day`` to ``last_day``, both inclusive."""

    day: date
    last_day: date
    product: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Rate:
    """``to`` units of currency for one of ``currency`` on ``day``."""

    day: date
    currency: str
    to: str
    rate: Decimal


@dataclass(frozen=True)
class Company:
    """Everything that the reference knows and the folder says. Bills of all sellers are complete up to ``billed_through``."""

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


def write(company: Company, folder: Path) -> None:
    """Write the company folder."""
    for name in ("logs", "bills", "ledgers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, body in _declared(company).items():
        (folder / name).write_text(json.dumps(body, indent=1, default=str))
    (folder / "logs" / "calls.jsonl").write_text("".join(json.dumps(_logged(call)) + "\n" for call in company.calls))
    if company.charges:
        _table(folder / "bills" / "bill.csv", FOCUS, [_billed(charge) for charge in company.charges])
    _table(
        folder / "ledgers" / "revenue.csv",
        ["revenue_date", "product_id", "amount", "currency", "recognition_end_date"],
        [[one.day, one.product, one.amount, one.currency, one.last_day] for one in company.revenue],
    )
    _table(
        folder / "ledgers" / "exchange_rates.csv",
        ["rate_date", "from_currency", "to_currency", "rate"],
        [[one.day, one.currency, one.to, one.rate] for one in company.rates],
    )


def _declared(company: Company) -> dict[str, object]:
    """The YAML files, as JSON, which YAML holds."""
    sources: dict[str, object] = {"litellm": {"mode": "files", "path": "logs/*.jsonl", "empty_days": "zero"}}
    if company.charges:
        sources["focus_files"] = {
            "path": "bills/*.csv",
            "empty_days": "zero",
            "complete_through": company.billed_through,
        }
    return {
        "company.yaml": {
            "company_id": f"company-{company.seed}",
            "name": "drawn",
            "reporting_currency": company.currency,
            "reporting_time_zone": company.zone,
            "fiscal_year_start_month": 1,
            "profile": {"company_size": "startup", "margin_profile": "healthy"},
        },
        "sources.yaml": {"sources": sources},
        "initiatives.yaml": {"initiatives": [_initiative(one) for one in company.initiatives]},
        "ownership.yaml": {
            "rules": [_rule(number, one) for number, one in enumerate(company.ownership)],
        },
        "contracts.yaml": {"contracts": [_contract(one) for one in company.prices]},
        "model_tiers.yaml": {
            "tiers": [{"tier": "standard", "reference_model": company.prices[0].seller.model}],
            "models": {"*": "standard"},
            "complexity": {"basic": "standard", "standard": "standard", "complex": "standard"},
        },
    }


def _initiative(one: Initiative) -> dict[str, object]:
    own: dict[str, object] = {
        "initiative_id": one.name,
        "name": one.name,
        "kind": "customer_facing" if one.product else "internal_workflow",
        "stage": one.stage,
        "department_id": one.department,
        "owner": "owner@company.example",
        "complexity": "standard",
        "started_on": "2026-08-01",
    }
    if one.product:
        own |= {"product_id": one.product, "target_gross_margin_ratio": "0.5"}
    if one.stage == "experimentation":
        own["allocation"] = {
            "amount": "1000000",
            "daily_cap": "1000000",
            "starts_on": "2026-08-01",
            "expires_on": "2026-12-31",
        }
    return own


def _rule(number: int, one: Ownership) -> dict[str, object]:
    named = {
        "initiative_id": one.owner.initiative,
        "department_id": one.owner.department,
        "product_id": one.owner.product,
    }
    rule: dict[str, object] = {
        "rule_id": f"rule{number}",
        "priority": 1000 - number,
        "match": {"api_key_id": one.key},
        "assign": {name: value for name, value in named.items() if value},
    }
    if one.valid_from:
        rule["valid_from"] = one.valid_from
    if one.valid_to:
        rule["valid_to"] = one.valid_to
    return rule


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


def _logged(call: Call) -> dict[str, object]:
    cached = call.tokens["cache_read"]
    return {
        "request_id": call.request_id,
        "startTime": call.started_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "api_key": call.key,
        "model": call.seller.model,
        "custom_llm_provider": call.seller.gateway_name,
        "user": "u1",
        "team_id": "",
        "prompt_tokens": call.tokens["input_uncached"] + cached,
        "completion_tokens": call.tokens["output"],
        "request_tags": "[]",
        "status": "success" if call.succeeded else "failure",
        "metadata": json.dumps({"usage_object": {"cache_read_input_tokens": cached}}),
    }


def _billed(charge: Charge) -> list[object]:
    day, after = charge.day, charge.day + timedelta(days=1)
    month = day.replace(day=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    period = [f"{one}T00:00:00Z" for one in (month, next_month, day, after)]
    category = "Credit" if charge.is_credit else "Usage"
    return [
        *(charge.amount, charge.amount, "", charge.currency, "org_1", "", *period, category, "", "usage"),
        *("LLM API", "AI and Machine Learning", charge.seller.bill_name, charge.seller.bill_name, "", "", "", ""),
    ]


def _table(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
