"""Anthropic's keys and workspaces against a loopback server that answers in the shapes of the vendor's own SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from anthropic.types.beta.organization import (
    beta_api_key,
    beta_spend_limit,
    beta_workspace,
    spend_limit_delete_response,
)

from orchestration.enforcement.adapters.anthropic import Anthropic, open_adapter
from orchestration.enforcement.port import Limit, Unsupported
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer, LoopbackServer
from tests.enforcement.adapters.loopback_gateway import changes, not_found, serving

MOMENT = "2026-10-01T00:00:00Z"
KEY = {
    "id": "apikey_1",
    "type": "api_key",
    "name": "batch",
    "created_at": MOMENT,
    "scope": {"type": "workspace", "workspace_id": "wrkspc_1"},
    "status": "active",
}
WORKSPACE = {
    "id": "wrkspc_1",
    "type": "workspace",
    "name": "Research",
    "archived_at": None,
    "created_at": MOMENT,
    "compartment_id": "cmp_1",
    "display_color": "#6C5BB9",
    "tags": {},
    "data_residency": {"workspace_geo": "us", "allowed_inference_geos": "unrestricted", "default_inference_geo": "us"},
}


def as_sdk(model: Any, answer: dict) -> Answer:
    """The answer, after the vendor's model has accepted it."""
    model.model_validate(answer)
    return Answer(answer)


def limit(workspace_id: str, amount: str | None, period: str = "monthly") -> dict:
    scope = {"type": "workspace", "workspace_id": workspace_id}
    moments = {"created_at": MOMENT, "updated_at": MOMENT}
    return {
        "id": f"spl_{workspace_id}_{period}",
        "type": "spend_limit",
        "scope": scope,
        "period": period,
        "amount": amount,
        "currency": "USD",
        "is_enabled": True,
        **moments,
    }


class Console:
    """One key and one workspace; ``limits`` None where the account has no access to spend limits."""

    def __init__(self, status: str, limits: list[dict] | None, refusal: int) -> None:
        self.key, self.limits, self.refusal = {**KEY, "status": status}, limits, refusal
        self.workspace = dict(WORKSPACE)

    def answer(self, request, body) -> Answer:
        if request.path == "/v1/organizations/api_keys":
            return Answer({"data": [self.key], "has_more": False, "first_id": None, "last_id": None})
        if request.path == "/v1/organizations/api_keys/apikey_1":
            if request.method == "POST":
                self.key.update(body)
            return as_sdk(beta_api_key.BetaAPIKey, self.key)
        if request.path == "/v1/organizations/workspaces/wrkspc_1":
            return as_sdk(beta_workspace.BetaWorkspace, self.workspace)
        if request.path.startswith("/v1/organizations/spend_limits"):
            return self.spend_limits(request, body)
        return not_found()

    def spend_limits(self, request, body) -> Answer:
        assert request.headers["anthropic-beta"] == "spend-limit-reads-2026-09-26"
        if self.limits is None:
            return Answer({"type": "error", "error": {"type": "permission_error", "message": "no"}}, self.refusal)
        for one in self.limits:
            beta_spend_limit.BetaSpendLimit.model_validate(one)
        if request.method == "DELETE":
            gone = request.path.rpartition("/")[2]
            self.limits = [one for one in self.limits if one["id"] != gone]
            return as_sdk(
                spend_limit_delete_response.SpendLimitDeleteResponse, {"id": gone, "type": "spend_limit_deleted"}
            )
        if request.method == "POST":
            written = limit(body["scope"]["workspace_id"], body["amount"], body["period"])
            self.limits = [one for one in self.limits if one["id"] != written["id"]] + [written]
            return as_sdk(beta_spend_limit.BetaSpendLimit, written)
        at = int(request.one("page") or 0)
        following = str(at + 1) if at + 1 < len(self.limits) else None
        return Answer({"data": self.limits[at : at + 1], "next_page": following})


@contextmanager
def gateway(
    status: str = "active", limits: list[dict] | None = None, refusal: int = 403
) -> Iterator[tuple[Anthropic, LoopbackServer, Console]]:
    console = Console(status, limits, refusal)
    with serving(console.answer) as server:
        config = AdapterConfig(name="anthropic", base_url=server.url, api_key_env="ANTHROPIC_ADMIN_KEY")
        with open_adapter(config, "sk-ant-admin-secret", Home(root=None)) as adapter:
            yield adapter, server, console


def test_a_key_is_switched_off_and_on_again_and_nothing_else_of_it_is_sent():
    with gateway() as (adapter, server, console):
        before = adapter.observe("key:apikey_1")
        assert before.values == {"is_blocked": False}
        adapter.write(before, {"is_blocked": True}, None)
        blocked = adapter.observe("key:apikey_1")
        assert blocked.values == {"is_blocked": True}
        adapter.write(blocked, before.values, None)
        path = "/v1/organizations/api_keys/apikey_1"
        assert changes(server) == [
            ("POST", path, '{"status": "inactive"}'),
            ("POST", path, '{"status": "active"}'),
        ]
        assert console.key == KEY


@pytest.mark.parametrize("status", ["archived", "expired"])
@pytest.mark.parametrize("is_blocked", [True, False])
def test_a_key_that_is_gone_for_good_reads_as_blocked_and_is_never_written(status, is_blocked):
    with gateway(status) as (adapter, server, _):
        before = adapter.observe("key:apikey_1")
        assert before.values == {"is_blocked": True}
        with pytest.raises(Unsupported, match=f"the key is {status} for good"):
            adapter.write(before, {"is_blocked": is_blocked}, None)
        assert changes(server) == []


def test_a_workspace_limit_is_whole_cents_in_text():
    with gateway(limits=[]) as (adapter, server, _):
        before = adapter.observe("workspace:wrkspc_1")
        assert before.values == {"limits": ()}
        adapter.write(before, {"limits": (Limit("monthly", Decimal("500.10")),)}, None)
        body = '{"scope": {"type": "workspace", "workspace_id": "wrkspc_1"}, "period": "monthly", "amount": "50010"}'
        assert changes(server) == [("POST", "/v1/organizations/spend_limits", body)]
        after = adapter.observe("workspace:wrkspc_1")
        assert after.values == {"limits": (Limit("monthly", Decimal("500.10")),)}


def test_reverting_to_no_limit_deletes_ours_and_leaves_those_of_others():
    other = limit("wrkspc_2", "100")
    with gateway(limits=[other]) as (adapter, _, console):
        before = adapter.observe("workspace:wrkspc_1")
        adapter.write(before, {"limits": (Limit("monthly", Decimal(5)),)}, None)
        assert len(console.limits) == 2
        adapter.write(adapter.observe("workspace:wrkspc_1"), before.values, None)
        assert console.limits == [other]


def test_reverting_to_a_limit_writes_the_amount_that_stood():
    with gateway(limits=[limit("wrkspc_2", "100"), limit("wrkspc_1", "700")]) as (adapter, _, console):
        before = adapter.observe("workspace:wrkspc_1")
        assert before.values == {"limits": (Limit("monthly", Decimal(7)),)}
        adapter.write(before, {"limits": (Limit("monthly", Decimal("0.01")),)}, None)
        adapter.write(adapter.observe("workspace:wrkspc_1"), before.values, None)
        assert console.limits == [limit("wrkspc_2", "100"), limit("wrkspc_1", "700")]


def test_null_is_no_limit():
    with gateway(limits=[limit("wrkspc_1", None)]) as (adapter, _, _):
        assert adapter.observe("workspace:wrkspc_1").values == {"limits": ()}


@pytest.mark.parametrize("refusal", [403, 404])
def test_where_the_account_may_not_set_limits_the_capability_is_absent_and_said_in_words(refusal):
    with gateway(limits=None, refusal=refusal) as (adapter, server, _):
        can = adapter.capabilities("workspace")
        assert can.writable == frozenset()
        assert can.notes == (
            f"spend limits of workspaces are early access and not open to this account (answer {refusal})",
        )
        before = adapter.observe("workspace:wrkspc_1")
        assert before.is_found and before.values == {}
        with pytest.raises(Unsupported, match="early access"):
            adapter.write(before, {"limits": ()}, None)
        assert changes(server) == []


@pytest.mark.parametrize(
    ("entity", "values", "says"),
    [
        ("key:apikey_1", {"limits": (Limit("monthly", Decimal(5)),)}, "switched off and on, not capped"),
        ("key:apikey_1", {"requests_per_minute": 5}, "requests_per_minute cannot be written"),
        ("workspace:wrkspc_1", {"is_blocked": True}, "is_blocked cannot be written"),
        ("workspace:wrkspc_1", {"limits": (Limit("daily", Decimal(5)),)}, "cannot hold a daily window"),
        ("workspace:wrkspc_1", {"limits": (Limit("monthly", Decimal("1.005")),)}, "fraction of a cent"),
    ],
)
def test_what_it_cannot_hold_is_refused_before_anything_is_sent(entity, values, says):
    with gateway(limits=[]) as (adapter, server, _):
        with pytest.raises(Unsupported, match=says):
            adapter.write(adapter.observe(entity), values, None)
        assert changes(server) == []


def test_an_archived_workspace_is_never_written():
    with gateway(limits=[]) as (adapter, server, console):
        console.workspace["archived_at"] = MOMENT
        with pytest.raises(Unsupported, match="archived"):
            adapter.write(adapter.observe("workspace:wrkspc_1"), {"limits": (Limit("monthly", Decimal(5)),)}, None)
        assert changes(server) == []


@pytest.mark.parametrize("changed", [{"currency": "EUR"}, {"amount": "12.5"}, {"amount": "-3"}])
def test_a_limit_that_is_not_whole_cents_of_dollars_is_drift(changed):
    with (
        gateway(limits=[{**limit("wrkspc_1", "5"), **changed}]) as (adapter, _, _),
        pytest.raises(SchemaDrift),
    ):
        adapter.observe("workspace:wrkspc_1")


def test_an_unknown_entity_is_an_observation_and_a_refused_key_a_failure():
    with gateway(limits=[]) as (adapter, _, _):
        assert not adapter.observe("key:apikey_2").is_found
        assert not adapter.observe("team:x").is_found
    with serving(lambda request, body: Answer({"error": {"message": "bad"}}, status=401)) as server:
        config = AdapterConfig(name="anthropic", base_url=server.url, api_key_env="ANTHROPIC_ADMIN_KEY")
        with (
            open_adapter(config, "sk-ant-admin-secret", Home(root=None)) as adapter,
            pytest.raises(PermanentFailure, match="ANTHROPIC_ADMIN_KEY") as failure,
        ):
            adapter.observe("key:apikey_1")
    assert "sk-ant-admin-secret" not in str(failure.value)
    assert server.requests[0].headers["x-api-key"] == "sk-ant-admin-secret"
