"""Merge Gateway: a key's spend limit with its reset, its list of models, and whether it is disabled.

API: ``GET`` and ``PATCH {base_url}/v1/keys/{hash}`` with a management key as bearer token. Entities: ``key:<hash>``. Money
is US dollars. A PATCH changes what it names; null removes. An empty list of models blocks every model: it is never sent,
and one that stands there is read as ``()``. Windows begin at midnight UTC.
Failure modes: those of connectors/http.py; an answer of another shape is SchemaDrift.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestration.connectors.http import JsonApi
from orchestration.connectors.payload import Record
from orchestration.enforcement.adapters.base import HttpGateway, double_amount, path_id
from orchestration.enforcement.port import Capabilities, FieldName, Limit, LimitWindow, Observation, Stamp, kind_of
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

RESETS: tuple[LimitWindow, ...] = ("daily", "weekly", "monthly")
KEPT = ("name", "label", "disabled", "limit", "limit_reset", "allowed_models", "expires_at", "project_id", "updated_at")


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "MergeGateway":
    return MergeGateway(JsonApi(MergeGateway.name, config.base_url, secret=secret, secret_env=config.api_key_env))


class MergeGateway(HttpGateway):
    """Keys of one Merge Gateway organization."""

    name = "merge_gateway"

    def _probe(self, kind: str) -> Capabilities:
        if kind != "key":
            return Capabilities(frozenset(), notes=("only keys can be capped, as key:<hash>",))
        self._api.get("/v1/keys", [("limit", "1")])
        return Capabilities(
            writable=frozenset({"limits", "allowed_models", "is_blocked"}),
            windows=frozenset(RESETS),
            notes=("one limit per key; windows begin at midnight UTC", "models are canonical provider/model ids"),
        )

    def observe(self, entity: str) -> Observation:
        answer = self._get_or_none(f"/v1/keys/{path_id(entity)}") if kind_of(entity) == "key" else None
        if answer is None:
            return self._missing(entity)
        key = Record(self.name, "keys", answer)
        limits: tuple[Limit, ...] = ()
        spent: dict[LimitWindow, Decimal] = {}
        for window in RESETS:
            if f"usage_{window}" in key:
                spent[window] = Decimal(key.money(f"usage_{window}"))
        if key.value("limit") is not None:
            window = reset_of(key)
            limits = (Limit(window, Decimal(key.money("limit"))),)
            spent[window] = Decimal(key.money("usage"))
        return Observation(
            self.name,
            entity,
            self._api.now(),
            is_found=True,
            values={"limits": limits, "allowed_models": models_of(key), "is_blocked": key.flag("disabled")},
            spend_in_window=spent,
            raw={name: value for name, value in key.fields().items() if name in KEPT},
        )

    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        body: dict[str, Any] = {}
        if "limits" in values:
            limit: Limit | None = next(iter(values["limits"]), None)
            body["limit"] = None if limit is None else double_amount(self.name, before.entity, limit.amount)
            if limit is not None:
                body["limit_reset"] = limit.window
        if "allowed_models" in values:
            models = values["allowed_models"]
            body["allowed_models"] = None if models is None else list(models)
        if "is_blocked" in values:
            body["disabled"] = values["is_blocked"]
        if body:
            self._api.change("PATCH", f"/v1/keys/{path_id(before.entity)}", body)


def reset_of(key: Record) -> LimitWindow:
    reset = key.text("limit_reset")
    if reset not in RESETS:
        raise key.drift("field limit_reset is none of daily, weekly and monthly", reset)
    return RESETS[RESETS.index(reset)]


def models_of(key: Record) -> tuple[str, ...] | None:
    """The models that the key may call, None for all of them, () where somebody blocked every one."""
    models = key.value("allowed_models")
    if models is None:
        return None
    if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
        raise key.drift("field allowed_models is not a list of names", models)
    return tuple(models)
