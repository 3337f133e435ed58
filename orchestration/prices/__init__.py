"""List prices as data: the price book that the warehouse multiplies quantities with."""

from orchestration.prices.book import build_price_book

__all__ = ["build_price_book"]
