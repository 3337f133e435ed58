"""The prompt sizes above which some list price changes: all of them, of every model, from the pinned price list.

A sum over requests that keeps how many were above which of these sizes can be priced at any model's context tiers later,
without the requests and without knowing the model (``prices/book.py`` says which tiers a model has).
"""

from functools import cache

from genai_prices import data
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices


@cache
def context_bounds() -> tuple[int, ...]:
    """Numbers of prompt tokens, ascending; a price of another tier holds for a prompt of more than one of them."""
    models = [model for provider in data.providers for model in provider.models]
    return tuple(sorted({bound for model in models for prices in _prices(model) for bound in _starts(prices)}))


def _prices(model: ModelInfo) -> list[ModelPrice]:
    listed = [model.prices] if isinstance(model.prices, ModelPrice) else [part.prices for part in model.prices]
    return [*listed, *(variant.prices for variant in model.price_variants or [])]


def _starts(prices: ModelPrice) -> set[int]:
    tiered = [price for price in vars(prices).values() if isinstance(price, TieredPrices)]
    return {tier.start for price in tiered for tier in price.tiers if tier.start > 0}
