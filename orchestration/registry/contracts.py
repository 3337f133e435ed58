"""contracts.yaml: negotiated discounts and prices, commitments, prepaid balances and credits."""

from typing import Literal

from pydantic import model_validator

from orchestration.registry.fields import Currency, Globs, Money, PositiveMoney, Ratio, Record, Text, set_keys

_NEEDS = {
    "discount": ("discount_ratio",),
    "price": ("price_per_million", "models", "token_class"),
    "commitment": ("amount",),
    "prepaid": ("amount",),
    "credit": ("amount",),
}
_VALUES = ("discount_ratio", "price_per_million", "amount", "token_class")


class Contract(Record):
    """One term of a contract; ``models`` narrows it to some models, absent means all of the provider's."""

    contract_id: Text
    provider: Text
    kind: Literal["discount", "price", "commitment", "prepaid", "credit"]
    models: Globs | None = None
    token_class: Text | None = None
    discount_ratio: Ratio | None = None
    price_per_million: Money | None = None
    amount: PositiveMoney | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _kind_has_its_value(self) -> "Contract":
        needed = _NEEDS[self.kind]
        missing = [key for key in needed if getattr(self, key) is None]
        if missing:
            raise ValueError(f"kind {self.kind} needs {' and '.join(missing)}")
        foreign = [key for key in set_keys(self, _VALUES) if key not in needed and key != "token_class"]
        if foreign:
            raise ValueError(f"kind {self.kind} takes no {' and no '.join(foreign)}; drop it or correct the kind")
        return self
