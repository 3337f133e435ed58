"""What the providers bill for the simulated usage, line by line.

OpenAI bills per day x project x key x line item, Anthropic per hour x workspace x key x model x token type with a
list amount and a discounted one, the cloud per day x token kind. The gateway's provider sends no bill that a source
could read.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from orchestration.demo.catalog import (
    ANTHROPIC_DISCOUNT,
    PER_MILLION,
    UNPRICED_BILL,
    WEB_SEARCH_PRICE,
    moment,
    unit_price,
)
from orchestration.demo.traffic import AnthropicUsage, OpenAIUsage, Traffic, as_reported

OPENAI_ITEMS = {
    "input_uncached": "input",
    "cache_read": "cached input",
    "cache_write_other": "cache write",
    "output": "output",
}
ANTHROPIC_TOKEN_TYPES = {
    "input_uncached": "uncached_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "output": "output_tokens",
}


@dataclass(frozen=True, kw_only=True)
class BilledLine:
    """One billed amount in US dollars; ``token_class`` and ``model`` are null where the line has no tokens."""

    provider: str
    hour: datetime
    project_id: str | None
    api_key_id: str | None
    model: str | None
    line_item: str
    token_class: str | None
    billed: Decimal
    listed: Decimal
    quantity: int | None = None

    @property
    def day(self) -> date:
        """The UTC day that the provider bills the line on."""
        return self.hour.date()


def openai_classes(row: OpenAIUsage) -> dict[str, int]:
    """Tokens by class, classes without tokens left out."""
    tokens = {
        "input_uncached": row.uncached,
        "cache_read": row.cached,
        "cache_write_other": row.cache_write,
        "output": row.output,
    }
    return {token_class: quantity for token_class, quantity in tokens.items() if quantity}


def anthropic_classes(row: AnthropicUsage) -> dict[str, int]:
    """Tokens by class, classes without tokens left out; web searches are not tokens."""
    tokens = {
        "input_uncached": row.uncached,
        "cache_write_5m": row.write_5m,
        "cache_write_1h": row.write_1h,
        "cache_read": row.cache_read,
        "output": row.output,
    }
    return {token_class: quantity for token_class, quantity in tokens.items() if quantity}


def openai_lines(traffic: Traffic, clock: datetime) -> list[BilledLine]:
    """OpenAI's bill as reported at a moment, one line per day, project, key and line item."""
    quantities: dict[tuple[date, str, str, str, str], int] = defaultdict(int)
    for row in as_reported(traffic.openai, clock):
        for token_class, quantity in openai_classes(row).items():
            quantities[row.hour.date(), row.project_id, row.api_key_id, row.model, token_class] += quantity
    lines = []
    for (day, project, key, model, token_class), quantity in sorted(quantities.items()):
        price = unit_price("openai", model, day, token_class)
        if price is None:
            price = UNPRICED_BILL[OPENAI_ITEMS[token_class]]
        amount = quantity * price * PER_MILLION
        lines.append(
            BilledLine(
                provider="openai",
                hour=moment(day),
                project_id=project,
                api_key_id=key,
                model=model,
                line_item=f"{model}, {OPENAI_ITEMS[token_class]}",
                token_class=token_class,
                billed=amount,
                listed=amount,
                quantity=quantity,
            )
        )
    return lines + list(_extra_lines(traffic, "openai", clock))


def anthropic_lines(traffic: Traffic, clock: datetime) -> list[BilledLine]:
    """Anthropic's bill as reported at a moment, one line per hour, workspace, key, model and token type."""
    lines = []
    for row in as_reported(traffic.anthropic, clock):
        parts: list[tuple[str, str | None, Decimal]] = []
        for token_class, quantity in anthropic_classes(row).items():
            price = unit_price("anthropic", row.model, row.hour.date(), token_class)
            if price is None:
                raise ValueError(f"{row.model} has no price in the catalog")
            parts.append((ANTHROPIC_TOKEN_TYPES[token_class], token_class, quantity * price * PER_MILLION))
        if row.web_searches:
            parts.append(("web_search", None, row.web_searches * WEB_SEARCH_PRICE))
        for line_item, part_class, listed in parts:
            lines.append(
                BilledLine(
                    provider="anthropic",
                    hour=row.hour,
                    project_id=row.workspace_id,
                    api_key_id=row.api_key_id,
                    model=row.model,
                    line_item=line_item,
                    token_class=part_class,
                    billed=listed * (1 - ANTHROPIC_DISCOUNT),
                    listed=listed,
                )
            )
    return lines + list(_extra_lines(traffic, "anthropic", clock))


def cloud_lines(traffic: Traffic) -> list[BilledLine]:
    """The cloud bill, one line per day and token kind."""
    return [
        BilledLine(
            provider="aws",
            hour=moment(charge.day),
            project_id=None,
            api_key_id=None,
            model=None,
            line_item=charge.kind,
            token_class=None,
            billed=charge.cost,
            listed=charge.cost,
            quantity=charge.tokens,
        )
        for charge in traffic.cloud
    ]


def all_lines(traffic: Traffic, clock: datetime) -> list[BilledLine]:
    """Every provider's bill as reported at a moment."""
    return openai_lines(traffic, clock) + anthropic_lines(traffic, clock) + cloud_lines(traffic)


def _extra_lines(traffic: Traffic, provider: str, clock: datetime) -> Iterator[BilledLine]:
    discount = ANTHROPIC_DISCOUNT if provider == "anthropic" else Decimal(0)
    for charge in traffic.extra:
        if charge.provider == provider and moment(charge.day) < clock:
            yield BilledLine(
                provider=provider,
                hour=moment(charge.day),
                project_id=charge.project_id,
                api_key_id=None,
                model=None,
                line_item=charge.line_item,
                token_class=None,
                billed=charge.list_amount * (1 - discount),
                listed=charge.list_amount,
            )
