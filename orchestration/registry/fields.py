"""Field types and base records of the company folder: exact decimals, days, identifiers, patterns, effective dates.

Every value arrives as the text that stands in the file (see documents.py); numbers never pass through floating point.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema

from orchestration.registry.currencies import CURRENCIES
from orchestration.registry.globs import parse_glob

DECIMAL_PLACES = 9
_NUMBER = re.compile(r"[-+]?(\d+(_\d+)*(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def read_decimal(value: Any) -> Decimal:
    """The exact decimal of a number's text; at most nine places, so that it fits the warehouse unchanged."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError('is not a decimal number; write it like 1250.50 or "0.05"')
    number = Decimal(value)
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > DECIMAL_PLACES:
        raise ValueError(f"has more than {DECIMAL_PLACES} decimals; round it")
    if number.adjusted() > 27:
        raise ValueError("is too large; at most 28 digits before the point")
    return number


def read_text(value: Any) -> str:
    """Text as written; a bare true, false or null is refused, because it is rarely meant as a name."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool):
        raise ValueError(f"is read as {str(value).lower()}; put the text in quotes")
    raise ValueError("must be text that is not empty")


def read_day(value: Any) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("is not a day; write it as YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar; correct it") from None


def read_globs(value: Any) -> tuple[Any, ...]:
    """One pattern or a list of them, as a tuple."""
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("is an empty list, which matches nothing; give a pattern or drop the key")
        return tuple(value)
    return (value,)


@dataclass(frozen=True)
class OneOrMany:
    """Shows in a JSON Schema that one value may stand without its list."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core_schema)
        return {"anyOf": [many["items"], {**many, "minItems": 1}]}


@dataclass(frozen=True)
class ShortForm:
    """Shows in a JSON Schema that the value of one key may stand for the whole group."""

    key: str

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = handler(core_schema)
        return {"anyOf": [handler.resolve_ref_schema(whole)["properties"][self.key], whole]}


def check_glob(value: str) -> str:
    parse_glob(value)
    return value


def check_currency(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("is not an ISO 4217 currency code; write it like USD")
    return value


def check_email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("is not an e-mail address")
    return value


Number = Annotated[Decimal, BeforeValidator(read_decimal)]
Money = Annotated[Number, Field(ge=0)]
PositiveMoney = Annotated[Number, Field(gt=0)]
Ratio = Annotated[Number, Field(ge=0, le=1)]
MarginRatio = Annotated[Number, Field(ge=-10, le=1)]
Text = Annotated[str, BeforeValidator(read_text)]
Day = Annotated[date, BeforeValidator(read_day)]
Glob = Annotated[Text, AfterValidator(check_glob)]
Globs = Annotated[tuple[Glob, ...], BeforeValidator(read_globs), OneOrMany()]
Currency = Annotated[Text, AfterValidator(check_currency)]
Email = Annotated[Text, AfterValidator(check_email)]
Complexity = Literal["basic", "standard", "complex"]
CostClass = Literal["cost_of_goods_sold", "research_and_development", "selling_and_administration", "capitalized"]
InitiativeKind = Literal["customer_facing", "internal_workflow"]
InitiativeStage = Literal["experimentation", "core", "retired"]


class Part(BaseModel):
    """A closed group of keys inside a record: an unknown key is an error, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Record(Part):
    """A record with effective dates: ``valid_from`` inclusive, ``valid_to`` exclusive, open where None."""

    valid_from: Day | None = None
    """First day this record holds, inclusive; absent: from the beginning."""
    valid_to: Day | None = None
    """First day it no longer holds, exclusive; absent: open end."""

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Record":
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError(
                f"valid_to {self.valid_to} is not after valid_from {self.valid_from}; valid_to is exclusive"
            )
        return self

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)

    def overlaps(self, other: "Record") -> bool:
        """Whether some day is inside both records' dates."""
        return _begins_before_end(self, other) and _begins_before_end(other, self)

    def spans(self, other: "Record") -> bool:
        """Whether every day of ``other`` is inside this record's dates."""
        starts = self.valid_from is None or (other.valid_from is not None and self.valid_from <= other.valid_from)
        ends = self.valid_to is None or (other.valid_to is not None and other.valid_to <= self.valid_to)
        return starts and ends


def _begins_before_end(one: Record, other: Record) -> bool:
    return one.valid_from is None or other.valid_to is None or one.valid_from < other.valid_to


def set_keys(part: Part, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that carry a value."""
    return [name for name in names if getattr(part, name) is not None]
