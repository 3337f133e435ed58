"""The fixed facts of the simulated company: its calendar, identifiers, dummy credentials and the list prices of the
time.

Belongs here: literals that the simulator, the ledgers, the server and the truths all refer to. Does not belong here:
anything that is generated (``traffic``), billed (``billing``) or expected (``truth``).

The prices are public list prices in US dollars per million tokens, written down so that the truths do not depend on
the price package that the pipeline uses; a test compares the two.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

SEED = "meadowlark-2026"
COMPANY_NAME = "Meadowlark Software (simulated demo company)"

FIRST_DAY = date(2026, 7, 1)
AS_OF = date(2026, 10, 28)
LAST_SIMULATED_DAY = date(2026, 10, 31)
"""The providers already hold three days after the as-of day: they must not be published by a run for the as-of day."""

DEFAULT_CLOCK = datetime(2026, 11, 1, 6, tzinfo=UTC)
RESTATED_AT = datetime(2026, 11, 4, 12, tzinfo=UTC)
"""From then on the providers report three days of October differently: more OpenAI use, one Anthropic row withdrawn."""

DEMO_KEYS: dict[str, str] = {
    "DEMO_OPENAI_ADMIN_KEY": "sk-admin-demo-not-a-secret",
    "DEMO_ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-demo-not-a-secret",
    "DEMO_LITELLM_MASTER_KEY": "sk-demo-gateway-not-a-secret",
}
"""Environment variable of ``sources.yaml`` to the dummy value that the demo server accepts; it opens nothing else."""

OPENAI_ORGANIZATION = "org-meadowlark"
ANTHROPIC_ORGANIZATION = "3f6d0c1e-5a1b-4c7e-9d53-6f0a7b2c8d91"
CLOUD_ACCOUNT = "604212345678"

PER_MILLION = Decimal("0.000001")
UNPRICED_MODEL = "heron-private-1"
UNPRICED_BILL = {"input": Decimal(3), "output": Decimal(9)}
"""What OpenAI bills per million for the model that no price list knows."""
WEB_SEARCH_PRICE = Decimal("0.01")
ANTHROPIC_DISCOUNT = Decimal("0.08")

_CLASSES = ("input_uncached", "output", "cache_read", "cache_write_other", "cache_write_5m", "cache_write_1h")
_PRICES: dict[tuple[str, str], list[tuple[date, tuple[str, ...]]]] = {
    ("openai", "gpt-6-sol"): [(date(2026, 1, 1), ("2", "10", "0.2", "2.5", "2.5", "2.5"))],
    ("openai", "gpt-6.1-terra"): [(date(2026, 1, 1), ("1", "5", "0.05", "1.25", "1.25", "1.25"))],
    ("openai", "gpt-6-luna"): [(date(2026, 1, 1), ("0.1", "0.5", "0.01", "0.125", "0.125", "0.125"))],
    ("openai", "gpt-5.6-sol"): [
        (date(2026, 1, 1), ("5", "30", "0.5", "6.25", "6.25", "6.25")),
        (date(2026, 8, 21), ("4", "20", "0.4", "5", "5", "5")),
    ],
    ("anthropic", "claude-sonnet-5-5"): [(date(2026, 1, 1), ("2", "10", "0.1", "2.5", "2.5", "4"))],
    ("anthropic", "claude-haiku-4-5"): [(date(2026, 1, 1), ("1", "5", "0.1", "1.25", "1.25", "2"))],
    ("mistral", "mistral-small-latest"): [(date(2026, 6, 16), ("0.15", "0.6", "0.015", "0.15", "0.15", "0.15"))],
    ("mistral", "mistral-medium-latest"): [(date(2026, 6, 16), ("1.5", "7.5", "0.15", "1.5", "1.5", "1.5"))],
}

DEPARTMENT_OF = {
    "reply_assistant": "customer_products",
    "clause_review": "customer_products",
    "smart_summaries": "customer_products",
    "code_helper": "engineering",
    "clause_translation": "engineering",
    "knowledge_search": "operations",
    "ticket_triage": "operations",
    "invoice_matching": "operations",
    "survey_tagging": "operations",
    "contract_intake": "operations",
    "lead_research": "sales",
    "outreach_drafts": "sales",
    "meeting_notes": "sales",
    "email_sorting": "sales",
}
"""Department of each initiative."""

STARTED_ON = {
    "ticket_triage": date(2026, 9, 29),
    "lead_research": date(2026, 9, 24),
    "outreach_drafts": date(2026, 9, 1),
    "invoice_matching": date(2026, 8, 20),
    "clause_translation": date(2026, 9, 1),
    "meeting_notes": date(2026, 9, 5),
    "smart_summaries": date(2026, 10, 12),
    "survey_tagging": date(2026, 9, 1),
    "email_sorting": date(2026, 9, 8),
    "contract_intake": date(2026, 9, 10),
}
"""First day of each experiment; the core initiatives are older than the history. The ticket triage has its thirtieth
day of history on the as-of day."""

DRILL_DAY = date(2026, 8, 18)
"""The gateway's caps were exercised on this day, before the first experiment began."""

MISSING_CLOUD_DAY = date(2026, 10, 15)
CAP_OF_INVOICE_MATCHING = Decimal("2.50")
UNPRICED_FROM = date(2026, 9, 10)
RUNAWAY_DAY = date(2026, 10, 14)

DEVELOPERS = ("dev-imani", "dev-tomasz", "dev-yuki")
GATEWAY_KEYS = (*STARTED_ON, *DEVELOPERS)
"""Aliases of the gateway's virtual keys: one for each experiment, which carries its cap, and one for each developer."""


def unit_price(provider: str, model: str, day: date, token_class: str) -> Decimal | None:
    """List price in US dollars per million in force on a day; None where no list knows the model."""
    history = _PRICES.get((provider, model))
    if history is None:
        return None
    prices = [prices for valid_from, prices in history if valid_from <= day][-1]
    return Decimal(prices[_CLASSES.index(token_class)])


def days(first: date, last: date) -> Iterator[date]:
    """Every day from ``first`` to ``last``, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def month_of(day: date) -> str:
    """The fiscal period of a day, ``YYYY-MM``."""
    return day.isoformat()[:7]


def last_day_of(month: str) -> date:
    """The last day of a fiscal period ``YYYY-MM``."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def moment(day: date, hour: int = 0) -> datetime:
    """A whole UTC hour of a day."""
    return datetime.combine(day, time(hour), UTC)


def token_hash(key_alias: str) -> str:
    """How the gateway stores the virtual key of that alias: the SHA-256 of the (dummy) key."""
    return hashlib.sha256(f"sk-meadowlark-demo-{key_alias}".encode()).hexdigest()


def plain(value: Decimal) -> str:
    """A decimal as text without an exponent and without trailing zeros."""
    return format(value.normalize(), "f") if value else "0"
