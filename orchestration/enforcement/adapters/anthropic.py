"""Anthropic: a key switched off and on again, and a workspace's monthly spend limit where the account may set it.

API: ``GET`` and ``POST {base_url}/v1/organizations/api_keys/{id}``, ``/v1/organizations/workspaces/{id}`` and
``/v1/organizations/spend_limits`` with an admin key in ``x-api-key``. Entities: ``key:<id>`` and ``workspace:<id>``.
A key is written ``active`` or ``inactive`` and nothing else: ``archived`` is final and ``expired`` cannot be left. Spend
limits of workspaces are an early access preview, asked for once: where the account has no access, the capability is
absent. Amounts are whole cents in text; ``null`` is no limit. The API offers no counter for either.
Failure modes: those of connectors/http.py; an answer of another shape is SchemaDrift.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestration.connectors.http import JsonApi, Refused
from orchestration.connectors.payload import Record
from orchestration.enforcement.adapters.base import HttpGateway, path_id, whole_cents
from orchestration.enforcement.port import Capabilities, FieldName, Limit, Observation, Stamp, Unsupported, kind_of
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

VERSION, LIMITS_BETA = "2023-06-01", "spend-limit-reads-2026-09-26"
KEYS, WORKSPACES = "/v1/organizations/api_keys", "/v1/organizations/workspaces"
SPEND_LIMITS = "/v1/organizations/spend_limits"
SWITCHED = {True: "inactive", False: "active"}
ASSUMED_SECONDS = 60
"""Anthropic states no bound for when a changed key or limit acts; this one is assumed."""


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "Anthropic":
    return Anthropic(
        JsonApi(
            Anthropic.name,
            config.base_url,
            secret=secret,
            secret_env=config.api_key_env,
            secret_header="x-api-key",
            secret_prefix="",
            headers={"anthropic-version": VERSION, "anthropic-beta": LIMITS_BETA},
        )
    )


class Anthropic(HttpGateway):
    """Keys and workspaces of one Claude Console organization."""

    name = "anthropic"

    def _probe(self, kind: str) -> Capabilities:
        if kind == "key":
            self._api.get(KEYS, [("limit", "1")])
            return Capabilities(
                frozenset({"is_blocked"}),
                seen_within_seconds=ASSUMED_SECONDS,
                notes=("a key can be switched off and on, not capped", "archived and expired keys are never written"),
            )
        if kind != "workspace":
            return Capabilities(frozenset(), notes=("only keys and workspaces can be written",))
        try:
            self._api.get(SPEND_LIMITS, [("limit", "1"), ("scope_type[]", "workspace")])
        except Refused as refused:
            if refused.status not in (400, 403, 404):
                raise
            absent = (
                f"spend limits of workspaces are early access and not open to this account (answer {refused.status})"
            )
            return Capabilities(frozenset(), notes=(absent,))
        return Capabilities(
            frozenset({"limits"}),
            windows=frozenset({"monthly"}),
            seen_within_seconds=ASSUMED_SECONDS,
            notes=("one monthly limit in whole cents", "setting it is early access and may still be refused"),
        )

    def observe(self, entity: str) -> Observation:
        kind = kind_of(entity)
        folder = {"key": KEYS, "workspace": WORKSPACES}.get(kind)
        answer = self._get_or_none(f"{folder}/{path_id(entity)}") if folder else None
        if answer is None:
            return self._missing(entity)
        return self._observed_key(entity, answer) if kind == "key" else self._observed_workspace(entity, answer)

    def _observed_key(self, entity: str, answer: Any) -> Observation:
        key = Record(self.name, "api_keys", answer)
        status = key.text("status")
        raw = {"status": status, "name": key.optional_text("name"), "expires_at": key.optional_text("expires_at")}
        values: dict[FieldName, Any] = {"is_blocked": status != "active"}
        return Observation(self.name, entity, self._api.now(), is_found=True, values=values, raw=raw)

    def _observed_workspace(self, entity: str, answer: Any) -> Observation:
        workspace = Record(self.name, "workspaces", answer)
        raw: dict[str, Any] = {"archived_at": workspace.optional_text("archived_at"), "spend_limit_id": None}
        values: dict[FieldName, Any] = {}
        if "limits" in self.capabilities("workspace").writable:
            values["limits"] = ()
            for one in self._limits_of(workspace.text("id")):
                raw["spend_limit_id"] = one.text("id")
                values["limits"] = monthly_limits(one)
        return Observation(self.name, entity, self._api.now(), is_found=True, values=values, raw=raw)

    def _limits_of(self, workspace_id: str) -> list[Record]:
        """The monthly limits whose scope is this workspace: one or none."""
        found: list[Record] = []
        asked = [("workspace_id", workspace_id)]
        token: str | None = ""
        while token is not None:
            pages = [*asked, ("page", token)] if token else asked
            page = Record(self.name, "spend_limits", self._api.get(SPEND_LIMITS, pages))
            found += page.parts("data")
            token = page.optional_text("next_page")
        return [
            one
            for one in found
            if one.text("period") == "monthly" and one.part("scope").optional_text("workspace_id") == workspace_id
        ]

    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        if "is_blocked" in values:
            self._switch(before, values["is_blocked"])
        if "limits" in values:
            self._limit(before, next(iter(values["limits"]), None))

    def _switch(self, before: Observation, is_blocked: bool) -> None:
        status = before.raw["status"]
        if status not in SWITCHED.values():
            raise Unsupported(
                f"{self.name}: {before.entity}: is_blocked cannot be written, the key is {status} for good"
            )
        self._api.change("POST", f"{KEYS}/{path_id(before.entity)}", {"status": SWITCHED[is_blocked]})

    def _limit(self, before: Observation, limit: Limit | None) -> None:
        if before.raw["archived_at"] is not None:
            raise Unsupported(f"{self.name}: {before.entity}: limits cannot be written, the workspace is archived")
        if limit is None:
            known = before.raw["spend_limit_id"]
            if known is not None:
                self._api.change("DELETE", f"{SPEND_LIMITS}/{path_id(':' + known)}", None)
            return
        cents = whole_cents(self.name, before.entity, limit.amount)
        scope = {"type": "workspace", "workspace_id": before.entity.partition(":")[2]}
        self._api.change("POST", SPEND_LIMITS, {"scope": scope, "period": "monthly", "amount": str(cents)})


def monthly_limits(limit: Record) -> tuple[Limit, ...]:
    """A workspace's monthly limit; ``null`` is none. Another currency than dollars is drift, for nothing here could say it."""
    if limit.value("amount") is None:
        return ()
    if limit.text("currency") != "USD":
        raise limit.drift("field currency is not USD", limit.value("currency"))
    cents = limit.text("amount")
    if not (cents.isascii() and cents.isdigit()):
        raise limit.drift("field amount is not whole cents in text", cents)
    return (Limit("monthly", Decimal(cents) / 100),)
