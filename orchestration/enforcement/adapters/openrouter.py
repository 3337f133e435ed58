"""OpenRouter: a key's credit limit with its reset, and whether it is disabled.

API: ``GET`` and ``PATCH {base_url}/keys/{hash}`` with a management key as bearer token; ``base_url`` ends in ``/api/v1``.
Entities: ``key:<hash>``. Money is US dollars. A key holds one limit, reset at midnight UTC (weeks begin on Monday) or
never. What is used of a limit is ``limit`` - ``limit_remaining``; ``usage`` is the key's lifetime and never read.
Failure modes: those of connectors/http.py; an answer of another shape is SchemaDrift.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

from orchestration.connectors.http import JsonApi
from orchestration.connectors.payload import Record
from orchestration.enforcement.adapters.base import HttpGateway, double_amount, path_id
from orchestration.enforcement.port import Capabilities, FieldName, Limit, LimitWindow, Observation, Stamp, kind_of
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

RESETS: tuple[LimitWindow, ...] = ("daily", "weekly", "monthly")
KEPT = ("name", "label", "disabled", "limit", "limit_remaining", "limit_reset", "include_byok_in_limit", "updated_at")


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "OpenRouter":
    return OpenRouter(JsonApi(OpenRouter.name, config.base_url, secret=secret, secret_env=config.api_key_env))


class OpenRouter(HttpGateway):
    """Keys of one OpenRouter account."""

    name = "openrouter"

    def _probe(self, kind: str) -> Capabilities:
        if kind != "key":
            return Capabilities(frozenset(), notes=("only keys can be capped, as key:<hash>",))
        self._api.get("/keys")
        return Capabilities(
            writable=frozenset({"limits", "is_blocked"}),
            windows=frozenset(get_args(LimitWindow)),
            notes=(
                "one limit per key; windows begin at midnight UTC, weeks on Monday",
                "spend on your own provider keys counts only where the key's include_byok_in_limit is on",
                "requests in flight complete",
            ),
        )

    def observe(self, entity: str) -> Observation:
        answer = self._get_or_none(f"/keys/{path_id(entity)}") if kind_of(entity) == "key" else None
        if answer is None:
            return self._missing(entity)
        key = Record(self.name, "keys", answer).part("data")
        limits: tuple[Limit, ...] = ()
        spent: dict[LimitWindow, Decimal] = {}
        for window in RESETS:
            if f"usage_{window}" in key:
                spent[window] = Decimal(key.money(f"usage_{window}"))
        if key.value("limit") is not None:
            window = limit_window(key)
            amount = Decimal(key.money("limit"))
            limits = (Limit(window, amount),)
            spent[window] = amount - Decimal(key.money("limit_remaining"))
        return Observation(
            self.name,
            entity,
            self._api.now(),
            is_found=True,
            values={"limits": limits, "is_blocked": key.flag("disabled")},
            spend_in_window=spent,
            raw={name: value for name, value in key.fields().items() if name in KEPT},
        )

    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        body: dict[str, Any] = {}
        if "limits" in values:
            limit: Limit | None = next(iter(values["limits"]), None)
            body["limit"] = None if limit is None else double_amount(self.name, before.entity, limit.amount)
            body["limit_reset"] = None if limit is None or limit.window == "total" else limit.window
        if "is_blocked" in values:
            body["disabled"] = values["is_blocked"]
        if body:
            self._api.change("PATCH", f"/keys/{path_id(before.entity)}", body)


def limit_window(key: Record) -> LimitWindow:
    """The window of a key's limit; one that never resets is ``total``."""
    reset = key.value("limit_reset")
    if reset is None:
        return "total"
    if reset not in RESETS:
        raise key.drift("field limit_reset is none of daily, weekly and monthly", reset)
    return RESETS[RESETS.index(reset)]
