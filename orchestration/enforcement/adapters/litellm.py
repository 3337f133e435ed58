"""LiteLLM's proxy: limits, request rate, model list, aliases and block of a virtual key; all but aliases of a team.

Measured with LiteLLM 1.106.2 without a licence (tests/enforcement/test_real_litellm.py):

- Each change is one ``POST /key/update`` or ``/team/update``, so that a kill leaves all of it or nothing. ``blocked`` goes that
  way too: the proxy that took it refuses the next call, where ``/team/block`` lets calls pass for up to 60 s.
- Limits with a window are ``budget_limits``; ``max_budget`` is written with them wherever it holds a limit, for raising one alone
  changes nothing. ``budget_duration`` is never added: the key's whole earlier spend would count at once. A new window counts
  what the gateway logged in it before.
- ``metadata`` is replaced by every write and holds ``throttle_on_budget_exceeded``, ``temp_budget_*`` and ``model_*_limit``:
  it is read just before, merged, written, and the answer is compared. The stamp is its field ``tokenomics``.
- Budgets per model and ``budget_fallbacks`` need a licence and are not used: a downgrade is an alias and a model list.
- Other proxies on the same database, and requests in flight that write an old record back, may let traffic pass for as
  long as the key cache lives (60 s by default): every change is pending until then.

The answer to a downgraded call still names the model that was asked for. Entities are ``key:<token hash>`` and ``team:<id>``.
Failure modes: those of connectors/http.py; a proxy older than what was measured can be read and not written.
"""

from collections.abc import Mapping
from typing import Any

from orchestration.connectors.http import JsonApi, Refused
from orchestration.connectors.payload import Record
from orchestration.connectors.providers.litellm.client import SOURCE
from orchestration.connectors.providers.litellm.client import Gateway as Reader
from orchestration.enforcement.adapters.base import HttpGateway
from orchestration.enforcement.adapters.litellm_settings import (
    STAMP,
    metadata_of,
    plain_stamp,
    raw_settings,
    read_stamp,
    request_for,
    spend_in_window,
    values_of,
)
from orchestration.enforcement.port import FIELDS, Capabilities, FieldName, Observation, Stamp, Unsupported
from orchestration.landing.errors import SchemaDrift
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

MEASURED_FROM = (1, 106)
"""The oldest version whose writes were measured."""
CACHE_SECONDS = 60


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "LiteLlm":
    """The proxy of guardrails.yaml. Nothing is kept in ``home``."""
    return LiteLlm(JsonApi(SOURCE, config.base_url, secret=secret, secret_env=config.api_key_env))


class LiteLlm(HttpGateway):
    """One LiteLLM proxy. ``api`` carries the address and the admin key."""

    name = SOURCE

    def __init__(self, api: JsonApi) -> None:
        super().__init__(api)
        self._reader = Reader(api)

    def observe(self, entity: str) -> Observation:
        """The entity now; a shared budget that a key is linked to is not its own and is left to whoever made it."""
        found = self._info(entity)
        if found is None:
            return self._missing(entity)
        raw = raw_settings(found)
        stamp, raw_before = read_stamp(found)
        return Observation(
            adapter=self.name,
            entity=entity,
            read_at=self._api.now(),
            is_found=True,
            values=values_of(raw, entity),
            stamp=stamp,
            spend_in_window=spend_in_window(found),
            raw={**raw, "before": raw_before},
        )

    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        """One request with these fields, and the stamp merged into the metadata as it stands now. Sent once."""
        kind, _, name = before.entity.partition(":")
        body: dict[str, Any] = {}
        for field in values:
            body |= request_for(field, values[field], before)
        found = self._info(before.entity)
        if found is None:
            raise Unsupported(f"{self.name}: {before.entity} is not known there any more")
        metadata = dict(metadata_of(found))
        metadata.pop(STAMP, None)
        if stamp is not None:
            metadata[STAMP] = plain_stamp(stamp, before)
        body["metadata"] = metadata
        identity = {"key": name} if kind == "key" else {"team_id": name}
        answer = self._api.change("POST", f"/{kind}/update", {**identity, **body})
        self._check_kept(before.entity, metadata, answer if kind == "key" else (answer or {}).get("data"))

    def _check_kept(self, entity: str, sent: Mapping[str, Any], answer: Any) -> None:
        """Metadata holds other settings of the entity, so a proxy that keeps another set of them is told at once."""
        kept = answer.get("metadata") if isinstance(answer, dict) else None
        if not isinstance(kept, dict) or set(kept) != set(sent) or kept.get(STAMP) != sent.get(STAMP):
            raise SchemaDrift(self.name, f"{entity}: the proxy kept other metadata than was sent; look at it there")

    def _info(self, entity: str) -> Record | None:
        kind, _, name = entity.partition(":")
        if kind == "key":
            return self._reader.key_info(name)
        return self._reader.team_info(name) if kind == "team" else None

    def _probe(self, kind: str) -> Capabilities:
        if kind not in ("key", "team"):
            return Capabilities(frozenset(), notes=("only keys and teams can be written",))
        version, licence = self._version(), self._licence()
        notes = [f"LiteLLM {version}, {licence}"]
        if _numbers(version) < MEASURED_FROM:
            notes.append("older than 1.106, whose writes were not measured, so nothing is written")
            return Capabilities(frozenset(), notes=tuple(notes))
        notes += [
            "a new limit counts what the proxy logged in its window before",
            f"other proxies on the same database follow within {CACHE_SECONDS} s",
        ]
        writable = frozenset(FIELDS) if kind == "key" else frozenset(FIELDS) - {"aliases"}
        return Capabilities(
            writable,
            windows=frozenset({"daily", "weekly", "monthly", "total"}),
            max_limits=4,
            holds_stamp=True,
            seen_within_seconds=CACHE_SECONDS,
            notes=tuple(notes),
        )

    def _version(self) -> str:
        for path in ("/health/readiness/details", "/health/readiness"):
            try:
                answer = self._api.get(path)
            except Refused as refused:
                if refused.status != 404:
                    raise
                continue
            version = answer.get("litellm_version") if isinstance(answer, dict) else None
            if isinstance(version, str):
                return version
        return "of unknown version"

    def _licence(self) -> str:
        try:
            answer = self._api.get("/health/license")
        except Refused as refused:
            if refused.status != 404:
                raise
            return "licence unknown"
        return "with a licence" if isinstance(answer, dict) and answer.get("has_license") else "without a licence"


def _numbers(version: str) -> tuple[int, ...]:
    """Major and minor, (0, 0) for a version that is not written that way."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if len(parts) == 2 and all(part.isdecimal() for part in parts) else (0, 0)
