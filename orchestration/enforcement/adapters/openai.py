"""OpenAI: a project's monthly spend limit and its list of models, and requests per minute of one model in a project.

API: ``{base_url}/organization/projects/{id}/spend_limit``, ``/model_permissions`` and ``/rate_limits[/{id}]`` with an admin
key as bearer token; ``base_url`` ends in ``/v1``. Entities: ``project:<id>`` for limits and models; ``project:<id>/<model>``
for requests per minute, because OpenAI keeps them by model and only so can each be put back exactly. Spend limits are
whole cents. A list that denies models cannot be said as a list of allowed ones: then the field is not in the observation
and not written. No counter of the spend limit is offered, only whether it is refusing.
Failure modes: those of connectors/http.py; an answer of another shape is SchemaDrift.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestration.connectors.http import JsonApi, Refused
from orchestration.connectors.paging import listed
from orchestration.connectors.payload import Record
from orchestration.enforcement.adapters.base import HttpGateway, path_id, whole_cents
from orchestration.enforcement.port import Capabilities, FieldName, Limit, Observation, Stamp, Unsupported, kind_of
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

PROJECTS = "/organization/projects"
ITEMS_PER_PAGE = 100
ASSUMED_SECONDS = 600
"""OpenAI says that a spend limit does not act at once and states no bound; this one is assumed."""


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "OpenAI":
    return OpenAI(JsonApi(OpenAI.name, config.base_url, secret=secret, secret_env=config.api_key_env))


class OpenAI(HttpGateway):
    """Projects of one OpenAI organization."""

    name = "openai"

    def _probe(self, kind: str) -> Capabilities:
        if kind != "project":
            return Capabilities(frozenset(), notes=("only projects can be capped, as project:<id>",))
        first = Record(self.name, "projects", self._api.get(PROJECTS, [("limit", "1")])).parts("data")
        writable: set[FieldName] = set()
        notes = [f"a spend limit does not act at once, {ASSUMED_SECONDS} s are assumed; it resets with the UTC month"]
        fields: tuple[tuple[FieldName, str, str], ...] = (
            ("limits", "spend_limit", "spend limits"),
            ("allowed_models", "model_permissions", "model permissions"),
            ("requests_per_minute", "rate_limits", "rate limits"),
        )
        for field, part, words in fields:
            status = self._probe_status(f"{PROJECTS}/{first[0].text('id')}/{part}") if first else 200
            if status in (200, 404):
                writable.add(field)
            else:
                notes.append(f"this key may not use {words} of projects (answer {status})")
        return Capabilities(
            writable=frozenset(writable),
            windows=frozenset({"monthly"}),
            seen_within_seconds=ASSUMED_SECONDS,
            notes=tuple(notes),
        )

    def _probe_status(self, path: str) -> int:
        """200; 404, which means that the project has none set; or 403 where this key may not."""
        try:
            self._api.get(path)
        except Refused as refused:
            if refused.status not in (403, 404):
                raise
            return refused.status
        return 200

    def observe(self, entity: str) -> Observation:
        project_id, _, model = entity.partition(":")[2].partition("/")
        path = f"{PROJECTS}/{path_id(f'project:{project_id}')}"
        answer = self._get_or_none(path) if kind_of(entity) == "project" else None
        if answer is None:
            return self._missing(entity)
        project = Record(self.name, "projects", answer)
        return self._observed_model(entity, path, model) if model else self._observed_project(entity, path, project)

    def _observed_project(self, entity: str, path: str, project: Record) -> Observation:
        can = self.capabilities("project").writable
        values: dict[FieldName, Any] = {}
        raw: dict[str, Any] = {"status": project.optional_text("status")}
        if "limits" in can:
            limit = self._get_or_none(f"{path}/spend_limit")
            raw["spend_limit"] = limit
            if limit is None:
                values["limits"] = ()
            else:
                values["limits"] = (monthly_limit(Record(self.name, "spend_limit", limit)),)
        if "allowed_models" in can:
            permissions = self._get_or_none(f"{path}/model_permissions")
            raw["model_permissions"] = permissions
            if permissions is None:
                values["allowed_models"] = None
            elif Record(self.name, "model_permissions", permissions).text("mode") == "allow_list":
                values["allowed_models"] = tuple(permissions["model_ids"])
        return Observation(self.name, entity, self._api.now(), is_found=True, values=values, raw=raw)

    def _observed_model(self, entity: str, path: str, model: str) -> Observation:
        pages = [("limit", str(ITEMS_PER_PAGE))]
        for one in listed(self._api, "rate_limits", f"{path}/rate_limits", pages, parameter="after"):
            if one.text("model") == model:
                values: dict[FieldName, Any] = {"requests_per_minute": one.whole("max_requests_per_1_minute")}
                raw = dict(one.fields())
                return Observation(self.name, entity, self._api.now(), is_found=True, values=values, raw=raw)
        return self._missing(entity)

    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        entity = before.entity
        project_id, _, model = entity.partition(":")[2].partition("/")
        path = f"{PROJECTS}/{path_id(f'project:{project_id}')}"
        if model:
            self._write_rate(before, path, values)
            return
        if "requests_per_minute" in values:
            raise Unsupported(
                f"{self.name}: {entity}: requests_per_minute is kept by model there; name {entity}/<model>"
            )
        changes: list[tuple[str, str, Any]] = []
        if "limits" in values:
            changes += self._limit_change(before, path, next(iter(values["limits"]), None))
        if "allowed_models" in values:
            changes += self._models_change(before, path, values["allowed_models"])
        for method, where, body in changes:
            self._api.change(method, where, body)

    def _write_rate(self, before: Observation, path: str, values: Mapping[FieldName, Any]) -> None:
        if set(values) != {"requests_per_minute"}:
            raise Unsupported(f"{self.name}: {before.entity}: only requests_per_minute is kept by model there")
        rate = values["requests_per_minute"]
        if rate is None:
            raise Unsupported(f"{self.name}: {before.entity}: requests_per_minute always has a number there")
        where = f"{path}/rate_limits/{path_id(':' + before.raw['id'])}"
        self._api.change("POST", where, {"max_requests_per_1_minute": rate})

    def _limit_change(self, before: Observation, path: str, limit: Limit | None) -> list[tuple[str, str, Any]]:
        where = f"{path}/spend_limit"
        if limit is None:
            return [("DELETE", where, None)] if before.values["limits"] else []
        cents = whole_cents(self.name, before.entity, limit.amount)
        if cents < 1:
            raise Unsupported(f"{self.name}: {before.entity}: limits holds at least one cent, not {limit.amount}")
        return [("POST", where, {"threshold_amount": cents, "currency": "USD", "interval": "month"})]

    def _models_change(
        self, before: Observation, path: str, models: tuple[str, ...] | None
    ) -> list[tuple[str, str, Any]]:
        where = f"{path}/model_permissions"
        if "allowed_models" not in before.values:
            raise Unsupported(
                f"{self.name}: {before.entity}: allowed_models cannot be written over a list of denied models"
            )
        if models is None:
            return [("DELETE", where, None)] if before.values["allowed_models"] is not None else []
        return [("POST", where, {"mode": "allow_list", "model_ids": list(models)})]


def monthly_limit(limit: Record) -> Limit:
    """The spend limit; another currency or interval than dollars a month is drift, for nothing here could say it."""
    for field, expected in (("currency", "USD"), ("interval", "month")):
        if limit.text(field) != expected:
            raise limit.drift(f"field {field} is not {expected}", limit.value(field))
    return Limit("monthly", Decimal(limit.whole("threshold_amount")) / 100)
