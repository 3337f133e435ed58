"""Merge Gateway's keys against a loopback server: partial changes, null that removes, and no empty list of models."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from orchestration.enforcement.adapters.merge_gateway import MergeGateway, open_adapter
from orchestration.enforcement.port import Limit, Unsupported
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer, LoopbackServer
from tests.enforcement.adapters.loopback_gateway import changes, not_found, serving

HASH = "a1b2c3d4e5f6" * 5
KEY = {
    "hash": HASH,
    "label": "mg_8Kx2pQ",
    "name": "customer-acme",
    "disabled": False,
    "limit": 100,
    "limit_reset": "monthly",
    "allowed_models": ["openai/gpt-6", "anthropic/*"],
    "usage": 12.4,
    "usage_daily": 1.05,
    "usage_weekly": 3.3,
    "usage_monthly": 12.4,
    "byok_usage": 0,
    "project_id": "3f0c9a52-4a55-4c9b-9d4e-2f4f8a4a3c11",
    "expires_at": None,
}
CHANGEABLE = {"name", "disabled", "limit", "limit_reset", "allowed_models", "expires_at", "routing_policy_id"}


@contextmanager
def gateway(**changed: object) -> Iterator[tuple[MergeGateway, LoopbackServer, dict]]:
    """One key; a PATCH moves what it names, an unknown field is 422."""
    key = {**KEY, **changed}

    def handle(request, body):
        if request.path == "/v1/keys":
            return Answer({"object": "list", "data": [key], "has_more": False})
        if request.path != f"/v1/keys/{HASH}":
            return not_found()
        if request.method == "PATCH":
            if set(body) - CHANGEABLE:
                return Answer({"detail": "Extra inputs are not permitted"}, status=422)
            key.update(body)
        return Answer(key)

    with serving(handle) as server:
        config = AdapterConfig(name="merge_gateway", base_url=server.url, api_key_env="MERGE_GATEWAY_KEY")
        with open_adapter(config, "mgmt_secret", Home(root=None)) as adapter:
            yield adapter, server, key


def test_what_is_read():
    with gateway() as (adapter, _, _):
        seen = adapter.observe(f"key:{HASH}")
    assert seen.values == {
        "limits": (Limit("monthly", Decimal(100)),),
        "allowed_models": ("openai/gpt-6", "anthropic/*"),
        "is_blocked": False,
    }
    assert seen.spend_in_window == {"daily": Decimal("1.05"), "weekly": Decimal("3.3"), "monthly": Decimal("12.4")}


@pytest.mark.parametrize(
    ("values", "body"),
    [
        ({"limits": (Limit("daily", Decimal("0.3")),)}, '{"limit": 0.3, "limit_reset": "daily"}'),
        ({"limits": ()}, '{"limit": null}'),
        ({"allowed_models": ("openai/gpt-6-mini",)}, '{"allowed_models": ["openai/gpt-6-mini"]}'),
        ({"allowed_models": None}, '{"allowed_models": null}'),
        ({"is_blocked": True}, '{"disabled": true}'),
    ],
)
def test_a_change_names_only_its_fields_and_is_read_back(values, body):
    with gateway() as (adapter, server, _):
        before = adapter.observe(f"key:{HASH}")
        adapter.write(before, values, None)
        assert changes(server) == [("PATCH", f"/v1/keys/{HASH}", body)]
        after = adapter.observe(f"key:{HASH}").values
    assert after == {**before.values, **values}


def test_an_empty_list_of_models_is_never_sent():
    with gateway() as (adapter, server, _):
        with pytest.raises(Unsupported, match="would block every model"):
            adapter.write(adapter.observe(f"key:{HASH}"), {"allowed_models": ()}, None)
        assert changes(server) == []


def test_a_key_whose_every_model_somebody_blocked_is_not_one_that_may_call_them_all():
    with gateway(allowed_models=[]) as (adapter, _, _):
        assert adapter.observe(f"key:{HASH}").values["allowed_models"] == ()


def test_reverting_puts_the_key_back_as_it_was():
    with gateway() as (adapter, _, key):
        as_it_was = dict(key)
        before = adapter.observe(f"key:{HASH}")
        taken = {"limits": (Limit("daily", Decimal(5)),), "allowed_models": ("openai/gpt-6",), "is_blocked": True}
        adapter.write(before, taken, None)
        assert key["allowed_models"] == ["openai/gpt-6"]
        adapter.write(adapter.observe(f"key:{HASH}"), before.values, None)
        assert key == as_it_was


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"limits": (Limit("total", Decimal(5)),)}, "cannot hold a total window, only daily, monthly, weekly"),
        ({"requests_per_minute": 3}, "requests_per_minute cannot be written"),
        ({"aliases": {"a": "b"}}, "aliases cannot be written"),
    ],
)
def test_what_it_cannot_hold_is_refused_before_anything_is_sent(values, says):
    with gateway() as (adapter, server, _):
        with pytest.raises(Unsupported, match=says):
            adapter.write(adapter.observe(f"key:{HASH}"), values, None)
        assert changes(server) == []


def test_a_reset_it_does_not_know_is_drift():
    with gateway(limit_reset="yearly") as (adapter, _, _), pytest.raises(SchemaDrift, match="limit_reset"):
        adapter.observe(f"key:{HASH}")


def test_a_refused_change_is_permanent_and_keeps_the_secret():
    with gateway() as (adapter, server, _):
        with pytest.raises(PermanentFailure) as failure:
            adapter._api.change("PATCH", f"/v1/keys/{HASH}", {"budget": 1})
        assert "mgmt_secret" not in str(failure.value)
        assert len(changes(server)) == 1
