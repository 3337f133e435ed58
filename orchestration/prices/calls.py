"""What single logged calls cost in US dollars, by the price book and the contracts: for guardrails, which cannot wait for a run.

The token classes of a call and the variant that its service tier pays are those of dbt's macros (``gateway_tokens.sql``),
rendered, so that they stand once. List prices come from the pinned package (``book.py``), terms from contracts.yaml: a
negotiated price before a discount, as in ``int_prices_in_force``. A call whose cost nobody knows (no price, tokens not
logged, a price in another currency than US dollars) costs None, never zero.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from jinja2 import Environment

from orchestration import utc_duckdb
from orchestration.prices.book import Row, list_prices
from orchestration.project import DBT_PROJECT
from orchestration.registry.globs import matches
from orchestration.sellers import seller_of

if TYPE_CHECKING:
    from orchestration.registry.contracts import Contract

MACROS = DBT_PROJECT / "macros" / "gateway_tokens.sql"
MILLIONTH = Decimal("0.000001")
CURRENCY = "USD"
_COUNTS = (
    *("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("cache_write_5m_tokens", "cache_write_1h_tokens", "audio_input_tokens", "audio_cache_read_tokens"),
    *("audio_output_tokens", "image_input_tokens", "image_cache_read_tokens", "image_output_tokens"),
    *("video_input_tokens", "web_search_requests", "other_tool_requests"),
)


class CallPrices:
    """Prices calls of one company; a model is looked up once. ``reporting_currency`` is that of a contract that names none."""

    def __init__(self, contracts: "Sequence[Contract]", reporting_currency: str) -> None:
        self._contracts = [one for one in contracts if one.kind in ("discount", "price")]
        self._reporting_currency = reporting_currency
        self._listed: dict[tuple[str, str], list[Row]] = {}

    def costs(self, rows: Sequence[Mapping[str, Any]]) -> list[Decimal | None]:
        """The cost of each row of stream ``litellm/spend_logs``, in their order. A failed call, a cache hit and a call that
        generates nothing cost nothing.
        """
        return [self._cost(row, classes) for row, classes in zip(rows, _classes(rows), strict=True)]

    def _cost(self, row: Mapping[str, Any], classes: Mapping[str, int]) -> Decimal | None:
        if row["status"] != "success" or not row["is_served"]:
            return Decimal(0)
        if not row["has_token_evidence"] or row["model"] is None:
            return None
        moment: datetime = row["started_at"]
        call = (seller_of(row["custom_llm_provider"] or "unknown"), row["model"], moment.astimezone(UTC).date())
        variant = _variant(row["service_tier"])
        total = Decimal(0)
        for token_class, quantity in classes.items():
            if quantity == 0:
                continue
            price = self._price(*call, variant, token_class, row["prompt_tokens"])
            if price is None:
                return None
            total += quantity * price * MILLIONTH
        return total

    def _price(
        self, provider: str, model: str, day: date, variant: str, token_class: str, prompt_tokens: int
    ) -> Decimal | None:
        listed = self._list_price(provider, model, day, variant, token_class, prompt_tokens)
        return self.contracted(provider, model, day, token_class, listed)

    def contracted(
        self, provider: str, model: str, day: date, token_class: str, listed: Decimal | None
    ) -> Decimal | None:
        """The price per million by the contracts in force on the day; ``listed`` where none says another."""
        terms = [
            one
            for one in self._contracts
            if seller_of(one.provider) == provider
            and one.is_valid_on(day)
            and (one.models is None or any(matches(pattern, model) for pattern in one.models))
        ]
        negotiated = [one for one in terms if one.kind == "price" and one.token_class == token_class]
        if negotiated:
            if any((one.currency or self._reporting_currency) != CURRENCY for one in negotiated):
                return None
            return min(one.price_per_million for one in negotiated if one.price_per_million is not None)
        discounts = [one.discount_ratio for one in terms if one.discount_ratio is not None]
        return listed if listed is None or not discounts else listed * (1 - max(discounts))

    def _list_price(
        self, provider: str, model: str, day: date, variant: str, token_class: str, prompt_tokens: int
    ) -> Decimal | None:
        if (provider, model) not in self._listed:
            self._listed[provider, model] = list_prices(provider, model).rows
        found = [
            (row["context_tier_start"], row["price_per_million"])
            for row in self._listed[provider, model]
            if row["price_variant"] == variant
            and row["token_class"] == token_class
            and (row["valid_from"] is None or row["valid_from"] <= day)
            and (row["valid_to"] is None or day < row["valid_to"])
            and (row["context_tier_start"] == 0 or prompt_tokens > row["context_tier_start"])
        ]
        return max(found)[1] if found else None


def _classes(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, int]]:
    if not rows:
        return []
    counts = {name: pa.array([row[name] or 0 for row in rows], pa.int64()) for name in _COUNTS}
    with utc_duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.register("calls", pa.table({"number": range(len(rows)), **counts}))
        found = connection.execute(f"select {_macro('gateway_classes')} from calls order by number")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@cache
def _variant(service_tier: str | None) -> str:
    with utc_duckdb.connect() as connection:
        (variant,) = connection.execute(
            f"select {_macro('gateway_price_variant')} from (select ?::varchar as service_tier)", [service_tier]
        ).fetchall()[0]
    return str(variant)


@cache
def _macro(name: str) -> str:
    template = Environment(autoescape=False).from_string(MACROS.read_text(encoding="utf-8"))
    return str(getattr(template.module, name)())
