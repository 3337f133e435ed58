"""Reading fields of a provider's JSON: a field that is missing or of another kind is :class:`SchemaDrift`, never zero.

Money leaves as plain decimal text without exponent. Moments leave in UTC.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orchestration.landing.errors import MalformedMoney, SchemaDrift

_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,2})?")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_ABSENT = object()
SHOWN_LENGTH = 60


class Record:
    """One JSON object of ``source``'s ``stream``; ``where`` is its path in the payload, for messages.

    ``nullable_*`` demands the field but allows null; ``optional_*`` also allows that it is absent, for fields the
    vendor documents as optional.
    """

    __slots__ = ("_body", "source", "stream", "where")

    def __init__(self, source: str, stream: str, body: Any, where: str = "") -> None:
        self.source, self.stream, self.where = source, stream, where
        if not isinstance(body, dict):
            raise self.drift(f"{where or 'the answer'} is not an object", body)
        self._body: dict[str, Any] = body

    def __contains__(self, name: str) -> bool:
        return name in self._body

    def fields(self) -> dict[str, Any]:
        """The object as it was answered, for sources whose schema is not published."""
        return self._body

    def with_field(self, name: str, value: Any) -> "Record":
        """The same record with one field more, such as the name it stands under."""
        return Record(self.source, self.stream, {**self._body, name: value}, self.where)

    def drift(self, what: str, value: Any = _ABSENT) -> SchemaDrift:
        """The failure to raise when this record is not what the provider promises."""
        shown = "" if value is _ABSENT else f": {str(value)[:SHOWN_LENGTH]}"
        return SchemaDrift(self.source, f"stream {self.stream}: {what}{shown}. The provider's answer has changed.")

    def value(self, name: str) -> Any:
        if name not in self._body:
            raise self.drift(f"field {self._path(name)} is missing")
        return self._body[name]

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not value:
            raise self.drift(f"field {self._path(name)} is not text", value)
        return value

    def nullable_text(self, name: str) -> str | None:
        return None if self.value(name) is None else self.text(name)

    def optional_text(self, name: str) -> str | None:
        return None if self._body.get(name) in (None, "") else self.text(name)

    def whole(self, name: str) -> int:
        """A count: a whole number from zero up."""
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.drift(f"field {self._path(name)} is not a whole number from zero up", value)
        return value

    def nullable_whole(self, name: str) -> int | None:
        return None if self.value(name) is None else self.whole(name)

    def optional_whole(self, name: str) -> int | None:
        return None if self._body.get(name) is None else self.whole(name)

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.drift(f"field {self._path(name)} is not true or false", value)
        return value

    def nullable_flag(self, name: str) -> bool | None:
        return None if self.value(name) is None else self.flag(name)

    def money(self, name: str) -> str:
        """An amount, sent as a number or as text, as plain decimal text; anything else is :class:`MalformedMoney`."""
        value = self.value(name)
        text = _decimal_text(value)
        if text is None:
            shown = "null" if value is None else str(value)[:SHOWN_LENGTH]
            raise MalformedMoney(
                self.source, f"stream {self.stream}: field {self._path(name)} is not a decimal amount: {shown}"
            )
        return text

    def optional_number(self, name: str) -> str | None:
        """A quantity as plain decimal text."""
        value = self._body.get(name)
        if value is None:
            return None
        text = _decimal_text(value)
        if text is None:
            raise self.drift(f"field {self._path(name)} is not a number", value)
        return text

    def currency(self, name: str) -> str:
        """A currency code of three letters, in the provider's spelling."""
        value = self.value(name)
        if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
            raise self.drift(f"field {self._path(name)} is not a currency code", value)
        return value

    def unix_moment(self, name: str) -> datetime:
        """A moment written as whole Unix seconds."""
        return datetime.fromtimestamp(self.whole(name), UTC)

    def moment(self, name: str) -> datetime:
        """A moment written as RFC 3339 with a zone."""
        value = self.text(name)
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is None:
            raise self.drift(f"field {self._path(name)} is not a moment with a time zone", value)
        return parsed.astimezone(UTC)

    def optional_moment(self, name: str) -> datetime | None:
        return None if self._body.get(name) is None else self.moment(name)

    def part(self, name: str) -> "Record":
        return Record(self.source, self.stream, self.value(name), self._path(name))

    def optional_part(self, name: str) -> "Record | None":
        return None if self._body.get(name) is None else self.part(name)

    def parts(self, name: str) -> list["Record"]:
        value = self.value(name)
        if not isinstance(value, list):
            raise self.drift(f"field {self._path(name)} is not a list", value)
        return [Record(self.source, self.stream, item, self._path(name)) for item in value]

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def _decimal_text(value: Any) -> str | None:
    """Plain decimal text of a JSON number or of text that is one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return None
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    return format(Decimal(text), "f") if _NUMBER.fullmatch(text) else None
