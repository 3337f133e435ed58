"""List prices as data: the price book that the warehouse multiplies quantities with."""

from orchestration.prices.book import build_price_book
from orchestration.prices.resolve import is_listed

__all__ = ["build_price_book", "is_listed"]
