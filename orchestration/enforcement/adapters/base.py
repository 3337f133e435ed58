"""What adapters of gateways with a JSON API share: probing once, refusing before anything is sent, names and amounts.

Failure modes: what a gateway cannot do is :class:`Unsupported`, and then nothing was sent; a failed request raises what
connectors/http.py raises.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from orchestration.connectors.http import JsonApi, Refused
from orchestration.enforcement.port import Capabilities, FieldName, Limit, Observation, Stamp, Unsupported, kind_of

DOUBLE_DIGITS = 15
"""Significant decimal digits that a gateway which keeps amounts as binary doubles gives back unchanged."""


class HttpGateway(ABC):
    """One gateway behind ``api``. An adapter says what it can do, reads an entity and writes checked values."""

    name: str

    def __init__(self, api: JsonApi) -> None:
        self._api = api
        self._known: dict[str, Capabilities] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.__exit__(kind, error, trace)

    def capabilities(self, kind: str) -> Capabilities:
        """What can be done with entities of ``kind``; asked of the gateway once."""
        if kind not in self._known:
            self._known[kind] = self._probe(kind)
        return self._known[kind]

    @abstractmethod
    def observe(self, entity: str) -> Observation:
        """The entity now."""

    def write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        """Write these fields and no others. Raises :class:`Unsupported` before anything is sent."""
        if not before.is_found:
            raise Unsupported(f"{self.name}: {before.entity} is not known there, so nothing can be written to it")
        check_supported(self.name, before.entity, self.capabilities(kind_of(before.entity)), values)
        self._write(before, values, stamp)

    @abstractmethod
    def _probe(self, kind: str) -> Capabilities:
        """What can be done with entities of ``kind``."""

    @abstractmethod
    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        """Send checked values, and the stamp where the gateway's entities hold one."""

    def _missing(self, entity: str) -> Observation:
        return Observation(self.name, entity, self._api.now(), is_found=False)

    def _get_or_none(self, path: str, parameters: tuple[tuple[str, str], ...] = ()) -> Any:
        """The answer, None for 404."""
        try:
            return self._api.get(path, parameters)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise


def path_id(entity: str) -> str:
    """The entity's id, safe as one part of a path."""
    return quote(entity.partition(":")[2], safe="")


def check_supported(name: str, entity: str, can: Capabilities, values: Mapping[FieldName, Any]) -> None:
    """Raise :class:`Unsupported` for a field, a window or a value that the adapter cannot hold for this entity."""

    def refuse(field: str, why: str) -> Unsupported:
        notes = f" ({'; '.join(can.notes)})" if can.notes else ""
        return Unsupported(f"{name}: {entity}: {field} {why}{notes}")

    for field in values:
        if field not in can.writable:
            raise refuse(field, "cannot be written there")
    limits: tuple[Limit, ...] = values.get("limits", ())
    if len(limits) > can.max_limits:
        raise refuse("limits", f"holds {can.max_limits} at once, not {len(limits)}")
    for limit in limits:
        if limit.window not in can.windows:
            raise refuse("limits", f"cannot hold a {limit.window} window, only {', '.join(sorted(can.windows))}")
        if limit.amount < 0 or not limit.amount.is_finite():
            raise refuse("limits", f"is not an amount of money: {limit.amount}")
    if len({limit.window for limit in limits}) < len(limits):
        raise refuse("limits", "names one window twice")
    if values.get("allowed_models") == ():
        raise refuse("allowed_models", "is an empty list, which would block every model; use is_blocked")
    rate = values.get("requests_per_minute")
    if rate is not None and rate < 1:
        raise refuse("requests_per_minute", "is below 1; use is_blocked")


def whole_cents(name: str, entity: str, amount: Decimal) -> int:
    """The amount in cents; one with a fraction of a cent is :class:`Unsupported`, never rounded here."""
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise Unsupported(f"{name}: {entity}: limits of {amount} US dollars has a fraction of a cent; round it down")
    return int(cents)


def double_amount(name: str, entity: str, amount: Decimal) -> Decimal:
    """The amount, if a gateway that keeps binary doubles gives it back digit for digit."""
    if len(amount.normalize().as_tuple().digits) > DOUBLE_DIGITS:
        raise Unsupported(f"{name}: {entity}: limits of {amount} US dollars has more than {DOUBLE_DIGITS} digits")
    return amount
