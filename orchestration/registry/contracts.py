"""contracts.yaml: negotiated discounts and prices, commitments, prepaid balances and credits."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from orchestration.registry.fields import Currency, Globs, Money, PositiveMoney, Ratio, Record, Text, set_keys

_NEEDS = {
    "discount": ("discount_ratio",),
    "price": ("price_per_million", "models", "token_class"),
    "commitment": ("amount",),
    "prepaid": ("amount",),
    "credit": ("amount",),
}
BALANCES = ("commitment", "prepaid", "credit")
_VALUES = ("discount_ratio", "price_per_million", "amount", "token_class")
_PRICE_DECIMALS, _PRICE_DIGITS = 6, 12


def check_price(value: Decimal) -> Decimal:
    """A finer price times whole tokens would be a cost that no column carries exactly; a larger one no column holds."""
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _PRICE_DECIMALS:
        raise ValueError(f"has more than {_PRICE_DECIMALS} decimals; a price per million tokens is never rounded")
    if value.adjusted() >= _PRICE_DIGITS:
        raise ValueError(f"is too large; at most {_PRICE_DIGITS} digits before the point")
    return value


Price = Annotated[Money, AfterValidator(check_price)]


class Contract(Record):
    """One term of a contract; ``models`` narrows it to some models, absent means all of the provider's."""

    contract_id: Text
    """Short name of the contract."""
    provider: Text
    """Who sells."""
    kind: Literal["discount", "price", "commitment", "prepaid", "credit"]
    """What was negotiated."""
    models: Globs | None = None
    """Patterns of models it holds for; default all of the provider's."""
    token_class: Text | None = None
    """Class of tokens it holds for, like input_uncached."""
    discount_ratio: Ratio | None = None
    """Part of the list price that is not paid, 0 to 1; for kind discount."""
    price_per_million: Price | None = None
    """Price per million tokens; for kind price."""
    amount: PositiveMoney | None = None
    """Amount committed, prepaid or credited."""
    currency: Currency | None = None
    """Currency of the amount or price; default the reporting currency."""

    @model_validator(mode="after")
    def _kind_has_its_value(self) -> "Contract":
        needed = _NEEDS[self.kind]
        missing = [key for key in needed if getattr(self, key) is None]
        if missing:
            raise ValueError(f"kind {self.kind} needs {' and '.join(missing)}")
        foreign = [key for key in set_keys(self, _VALUES) if key not in needed and key != "token_class"]
        if foreign:
            raise ValueError(f"kind {self.kind} takes no {' and no '.join(foreign)}; drop it or correct the kind")
        if self.kind in BALANCES and self.valid_from is None:
            raise ValueError(
                f"contract '{self.contract_id}' of kind {self.kind} needs valid_from, its first day: a balance is "
                "worth what its currency was worth on that day, and nothing before it draws on it"
            )
        return self


def prices_without_currency(contracts: Iterable[Contract], reporting_currency: str) -> tuple[str, ...]:
    """A line for each price that is taken to be in the reporting currency, though providers' lists are in US dollars."""
    if reporting_currency == "USD":
        return ()
    return tuple(
        f"contracts.yaml: contract '{one.contract_id}' has a price and no currency, so {one.price_per_million} counts as "
        f"{reporting_currency}, while list prices are in USD; write currency: {reporting_currency} or currency: USD"
        for one in contracts
        if one.kind == "price" and one.currency is None
    )
