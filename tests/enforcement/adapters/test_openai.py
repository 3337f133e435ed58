"""OpenAI's projects against a loopback server that answers in the shapes of the vendor's own SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from openai.types.admin.organization import project as sdk_project
from openai.types.admin.organization.projects import (
    project_model_permissions,
    project_model_permissions_deleted,
    project_rate_limit,
    project_spend_limit,
    project_spend_limit_deleted,
)

from orchestration.enforcement.adapters.openai import OpenAI, open_adapter
from orchestration.enforcement.port import Limit, Unsupported
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer, LoopbackServer
from tests.enforcement.adapters.loopback_gateway import changes, not_found, serving

PROJECT = {"id": "proj_1", "object": "organization.project", "name": "Search", "created_at": 1, "status": "active"}
RATES = [
    {"id": f"rl-{model}", "object": "project.rate_limit", "model": model, "max_requests_per_1_minute": rate}
    | {"max_tokens_per_1_minute": 150_000}
    for model, rate in (("gpt-6", 10_000), ("gpt-6-mini", 600), ("o3", 500))
]
ONE = "/organization/projects/proj_1"


def as_sdk(model: Any, answer: dict) -> Answer:
    """The answer, after the vendor's model has accepted it."""
    model.model_validate(answer)
    return Answer(answer)


class Organization:
    """One project, with what of the three settings stands and which of them this key may use."""

    def __init__(self, cents: int | None, permissions: dict | None, forbidden: tuple[str, ...] = ()) -> None:
        self.cents, self.permissions, self.forbidden = cents, permissions, forbidden
        self.rates = [dict(one) for one in RATES]

    def answer(self, request, body) -> Answer:
        part = request.path.removeprefix(ONE).strip("/")
        if request.path == "/organization/projects":
            sdk_project.Project.model_validate(PROJECT)
            return Answer({"object": "list", "data": [PROJECT], "has_more": False})
        if not request.path.startswith(ONE):
            return not_found()
        if part.partition("/")[0] in self.forbidden:
            return Answer({"error": {"message": "insufficient permissions", "code": "forbidden"}}, status=403)
        if part == "spend_limit":
            return self.spend_limit(request, body)
        if part == "model_permissions":
            return self.model_permissions(request, body)
        if part.startswith("rate_limits"):
            return self.rate_limits(request, body, part)
        return as_sdk(sdk_project.Project, PROJECT)

    def spend_limit(self, request, body) -> Answer:
        if request.method == "DELETE":
            self.cents = None
            gone = {"deleted": True, "object": "project.spend_limit.deleted"}
            return as_sdk(project_spend_limit_deleted.ProjectSpendLimitDeleted, gone)
        if request.method == "POST":
            self.cents = body["threshold_amount"]
        if self.cents is None:
            return not_found()
        shown = {"currency": "USD", "interval": "month", "threshold_amount": self.cents}
        shown |= {"object": "project.spend_limit", "enforcement": {"status": "inactive"}}
        return as_sdk(project_spend_limit.ProjectSpendLimit, shown)

    def model_permissions(self, request, body) -> Answer:
        if request.method == "DELETE":
            self.permissions = None
            gone = {"deleted": True, "object": "project.model_permissions.deleted"}
            return as_sdk(project_model_permissions_deleted.ProjectModelPermissionsDeleted, gone)
        if request.method == "POST":
            self.permissions = body
        if self.permissions is None:
            return not_found()
        shown = {**self.permissions, "object": "project.model_permissions"}
        return as_sdk(project_model_permissions.ProjectModelPermissions, shown)

    def rate_limits(self, request, body, part) -> Answer:
        for one in self.rates:
            project_rate_limit.ProjectRateLimit.model_validate(one)
            if request.method == "POST" and part == f"rate_limits/{one['id']}":
                one.update(body)
                return as_sdk(project_rate_limit.ProjectRateLimit, one)
        after = [one["id"] for one in self.rates].index(request.one("after")) + 1 if request.one("after") else 0
        page = self.rates[after : after + 2]
        more = after + 2 < len(self.rates)
        shown = {"object": "list", "data": page, "first_id": page[0]["id"], "last_id": page[-1]["id"], "has_more": more}
        return Answer(shown)


@contextmanager
def gateway(
    cents: int | None = None, permissions: dict | None = None, forbidden: tuple[str, ...] = ()
) -> Iterator[tuple[OpenAI, LoopbackServer, Organization]]:
    organization = Organization(cents, permissions, forbidden)
    with serving(organization.answer) as server:
        config = AdapterConfig(name="openai", base_url=server.url, api_key_env="OPENAI_ADMIN_KEY")
        with open_adapter(config, "sk-admin-secret", Home(root=None)) as adapter:
            yield adapter, server, organization


ALLOWED = {"mode": "allow_list", "model_ids": ["gpt-6", "o3"]}


def test_what_is_read():
    with gateway(123_45, ALLOWED) as (adapter, _, _):
        seen = adapter.observe("project:proj_1")
    assert seen.values == {
        "limits": (Limit("monthly", Decimal("123.45")),),
        "allowed_models": ("gpt-6", "o3"),
    }
    assert seen.raw["spend_limit"]["enforcement"] == {"status": "inactive"}


def test_nothing_set_is_no_limit_and_every_model():
    with gateway() as (adapter, _, _):
        assert adapter.observe("project:proj_1").values == {"limits": (), "allowed_models": None}


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        (
            {"limits": (Limit("monthly", Decimal("0.07")),)},
            ("POST", f"{ONE}/spend_limit", '{"threshold_amount": 7, "currency": "USD", "interval": "month"}'),
        ),
        ({"limits": ()}, ("DELETE", f"{ONE}/spend_limit", "")),
        (
            {"allowed_models": ("gpt-6-mini",)},
            ("POST", f"{ONE}/model_permissions", '{"mode": "allow_list", "model_ids": ["gpt-6-mini"]}'),
        ),
        ({"allowed_models": None}, ("DELETE", f"{ONE}/model_permissions", "")),
    ],
)
def test_a_change_sends_one_thing_and_is_read_back(values, sent):
    with gateway(123_45, ALLOWED) as (adapter, server, _):
        before = adapter.observe("project:proj_1")
        adapter.write(before, values, None)
        assert changes(server) == [sent]
        assert adapter.observe("project:proj_1").values == {**before.values, **values}


def test_reverting_to_nothing_deletes_what_was_set():
    with gateway() as (adapter, _, organization):
        before = adapter.observe("project:proj_1")
        taken = {"limits": (Limit("monthly", Decimal(5)),), "allowed_models": ("o3",)}
        adapter.write(before, taken, None)
        assert (organization.cents, organization.permissions["model_ids"]) == (500, ["o3"])
        adapter.write(adapter.observe("project:proj_1"), before.values, None)
        assert (organization.cents, organization.permissions) == (None, None)


def test_requests_per_minute_of_one_model_leave_the_others_alone_and_go_back_exactly():
    with gateway() as (adapter, server, organization):
        before = adapter.observe("project:proj_1/o3")
        assert before.values == {"requests_per_minute": 500}
        adapter.write(before, {"requests_per_minute": 5}, None)
        assert changes(server) == [("POST", f"{ONE}/rate_limits/rl-o3", '{"max_requests_per_1_minute": 5}')]
        assert adapter.observe("project:proj_1/o3").values == {"requests_per_minute": 5}
        adapter.write(adapter.observe("project:proj_1/o3"), before.values, None)
        assert organization.rates == RATES


@pytest.mark.parametrize(
    ("entity", "values", "says"),
    [
        ("project:proj_1", {"requests_per_minute": 5}, "name project:proj_1/<model>"),
        ("project:proj_1/o3", {"limits": ()}, "only requests_per_minute"),
        ("project:proj_1/o3", {"requests_per_minute": None}, "always has a number"),
        ("project:proj_1", {"limits": (Limit("daily", Decimal(5)),)}, "cannot hold a daily window, only monthly"),
        ("project:proj_1", {"limits": (Limit("monthly", Decimal("0.005")),)}, "fraction of a cent"),
        ("project:proj_1", {"limits": (Limit("monthly", Decimal(0)),)}, "at least one cent"),
        ("project:proj_1", {"allowed_models": ()}, "would block every model"),
        ("project:proj_1", {"is_blocked": True}, "is_blocked cannot be written"),
        ("project:proj_1", {"limits": (), "aliases": {}}, "aliases cannot be written"),
    ],
)
def test_what_it_cannot_hold_is_refused_before_anything_is_sent(entity, values, says):
    with gateway(100, ALLOWED) as (adapter, server, _):
        with pytest.raises(Unsupported, match=says):
            adapter.write(adapter.observe(entity), values, None)
        assert changes(server) == []


def test_no_part_of_a_change_is_sent_when_another_part_cannot_be():
    values = {"allowed_models": ("o3",), "limits": (Limit("monthly", Decimal("1.001")),)}
    with gateway(100, ALLOWED) as (adapter, server, _):
        with pytest.raises(Unsupported, match="fraction of a cent"):
            adapter.write(adapter.observe("project:proj_1"), values, None)
        assert changes(server) == []


def test_a_list_of_denied_models_is_left_alone():
    denied = {"mode": "deny_list", "model_ids": ["gpt-6"]}
    with gateway(None, denied) as (adapter, server, _):
        before = adapter.observe("project:proj_1")
        assert "allowed_models" not in before.values
        with pytest.raises(Unsupported, match="list of denied models"):
            adapter.write(before, {"allowed_models": ("o3",)}, None)
        assert changes(server) == []


def test_a_capability_that_the_key_lacks_is_absent_and_said_in_words():
    with gateway(100, ALLOWED, forbidden=("spend_limit",)) as (adapter, server, _):
        can = adapter.capabilities("project")
        assert can.writable == {"allowed_models", "requests_per_minute"}
        assert "this key may not use spend limits of projects (answer 403)" in can.notes
        before = adapter.observe("project:proj_1")
        assert before.values == {"allowed_models": ("gpt-6", "o3")}
        with pytest.raises(Unsupported, match="may not use spend limits"):
            adapter.write(before, {"limits": ()}, None)
        assert changes(server) == []
        asked = len(server.requests)
        adapter.capabilities("project")
        assert len(server.requests) == asked


def test_an_unknown_project_or_model_is_an_observation():
    with gateway() as (adapter, _, _):
        assert not adapter.observe("project:proj_2").is_found
        assert not adapter.observe("project:proj_1/gpt-9").is_found
        assert not adapter.observe("key:sk").is_found


def test_another_currency_is_drift():
    limit = {"object": "project.spend_limit", "currency": "EUR", "interval": "month", "threshold_amount": 5}

    def handle(request, body):
        if request.path.endswith("/spend_limit"):
            return Answer(limit)
        return Answer({"object": "list", "data": [PROJECT], "has_more": False, **PROJECT})

    with serving(handle) as server:
        config = AdapterConfig(name="openai", base_url=server.url, api_key_env="OPENAI_ADMIN_KEY")
        with (
            open_adapter(config, "sk-admin-secret", Home(root=None)) as adapter,
            pytest.raises(SchemaDrift, match="currency is not USD"),
        ):
            adapter.observe("project:proj_1")


def test_a_key_that_is_not_known_fails_and_is_no_empty_reading():
    with serving(lambda request, body: Answer({"error": {"message": "no"}}, status=401)) as server:
        config = AdapterConfig(name="openai", base_url=server.url, api_key_env="OPENAI_ADMIN_KEY")
        with (
            open_adapter(config, "sk-admin-secret", Home(root=None)) as adapter,
            pytest.raises(PermanentFailure, match="OPENAI_ADMIN_KEY") as failure,
        ):
            adapter.observe("project:proj_1")
    assert "sk-admin-secret" not in str(failure.value)
