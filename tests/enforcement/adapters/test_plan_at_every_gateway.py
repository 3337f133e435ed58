"""Plan, apply and revert at every adapter but LiteLLM's: a second apply writes nothing, a revert leaves what stood before."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.enforcement.adapters.policy_file import PolicyFile
from orchestration.enforcement.port import Limit
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer
from tests.enforcement.adapters import (
    test_anthropic,
    test_merge_gateway,
    test_mlflow,
    test_openai,
    test_openrouter,
    test_webhook,
)
from tests.enforcement.adapters.gateway_home import GatewayHome

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
MERGE_KEY = f"key:{test_merge_gateway.HASH}"


def daily(amount: str) -> tuple[Limit, ...]:
    return (Limit("daily", Decimal(amount)),)


def monthly(amount: str) -> tuple[Limit, ...]:
    return (Limit("monthly", Decimal(amount)),)


WISHES: dict[str, tuple[str, dict[str, Any]]] = {
    "openrouter": ("key:abc", {"limits": daily("1.239"), "is_blocked": True}),
    "merge_gateway": (MERGE_KEY, {"limits": monthly("7"), "allowed_models": ("openai/gpt-6",)}),
    "openai": ("project:proj_1", {"limits": monthly("5"), "allowed_models": ("o3",)}),
    "openai by model": ("project:proj_1/o3", {"requests_per_minute": 5}),
    "anthropic": ("key:apikey_1", {"is_blocked": True}),
    "anthropic workspace": ("workspace:wrkspc_1", {"limits": monthly("12.34")}),
    "mlflow": (test_mlflow.ENTITY, {"limits": (*daily("1"), *monthly("20"))}),
    "webhook": ("team:a", {"limits": daily("3"), "aliases": {"flagship": "economy"}, "requests_per_minute": 5}),
    "policy_file": ("key:abc", {"limits": daily("3"), "aliases": {"flagship": "economy"}, "requests_per_minute": 5}),
}


@pytest.fixture(params=WISHES)
def wished(request, tmp_path: Path) -> Iterator[tuple[GatewayHome, str, dict[str, Any]]]:
    """A home with the gateway, the entity and what is wished of it."""
    name = request.param.partition(" ")[0]
    with ExitStack() as stack:
        if name == "openrouter":
            gateway: Any = stack.enter_context(test_openrouter.gateway())[0]
        elif name == "merge_gateway":
            models = ["openai/gpt-6", "openai/gpt-6-mini"]
            gateway = stack.enter_context(test_merge_gateway.gateway(allowed_models=models))[0]
        elif name == "openai":
            gateway = stack.enter_context(test_openai.gateway(100_00))[0]
        elif name == "anthropic":
            gateway = stack.enter_context(test_anthropic.gateway(limits=[]))[0]
        elif name == "mlflow":
            gateway = stack.enter_context(test_mlflow.gateway())[0]
        elif name == "webhook":
            gateway = stack.enter_context(test_webhook.receiver(tmp_path, Answer({})))[0]
        else:
            gateway = PolicyFile(tmp_path / "enforcement" / "policy.json", timedelta(hours=1))
        config = AdapterConfig(name=name, apply=True, entities=["*"])
        entity, values = WISHES[request.param]
        yield GatewayHome(tmp_path, gateway, config, now=lambda: NOW), entity, values


def test_a_second_apply_writes_nothing_and_a_revert_leaves_what_stood_before(wished, monkeypatch):
    home, entity, values = wished
    before = home.gateway.observe(entity)
    writes: list[Any] = []
    write = home.gateway.write
    monkeypatch.setattr(home.gateway, "write", lambda *given: (writes.append(given), write(*given)))
    (done,) = home.tick(entity, **values)
    assert done.outcome in ("verified", "pending")
    assert set(done.after) == set(values)
    assert home.tick(entity, **values) == ()
    assert len(writes) == 1
    (back,) = home.revert(entity)
    assert back.outcome in ("verified", "pending")
    after = home.gateway.observe(entity)
    assert (dict(after.values), after.stamp) == (dict(before.values), None)
    assert home.revert(entity) == ()
    assert len(writes) == 2


def test_what_was_written_and_changed_by_a_person_since_stays(wished):
    home, entity, values = wished
    home.tick(entity, **values)
    observed = home.gateway.observe(entity)
    person = {"limits": observed.values["limits"][:0]} if "limits" in values else {}
    if not person or home.gateway.name in ("webhook", "mlflow"):
        pytest.skip("nothing that a person could loosen here, or nobody else can be seen to")
    home.gateway.write(observed, person, observed.stamp)
    assert [hold.kind for hold in home.plan(entity, **values).holds if hold.field == "limits"] == ["drift"]
    home.revert(entity)
    assert home.gateway.observe(entity).values["limits"] == ()


@pytest.mark.parametrize("name", ["openrouter", "merge_gateway", "anthropic"])
def test_a_key_that_a_person_blocked_is_not_touched(name, tmp_path):
    opened = {
        "openrouter": lambda: test_openrouter.gateway(disabled=True),
        "merge_gateway": lambda: test_merge_gateway.gateway(disabled=True),
        "anthropic": lambda: test_anthropic.gateway("inactive"),
    }[name]()
    entity = WISHES[name][0]
    with opened as (gateway, server, _):
        home = GatewayHome(tmp_path, gateway, AdapterConfig(name=name, apply=True, entities=["*"]))
        assert [hold.kind for hold in home.plan(entity, is_blocked=False).holds] == ["person"]
        assert home.tick(entity, is_blocked=False) == ()
        assert home.revert(entity) == ()
        assert all(one.method == "GET" for one in server.requests)


def test_what_a_gateway_cannot_hold_is_an_error_of_the_plan(tmp_path):
    with test_anthropic.gateway(limits=None) as (gateway, server, _):
        home = GatewayHome(tmp_path, gateway, AdapterConfig(name="anthropic", apply=True, entities=["*"]))
        (error,) = home.plan("workspace:wrkspc_1", limits=monthly("5")).errors
        assert error.reason == "anthropic cannot set limits of a workspace"
        assert all(one.method == "GET" for one in server.requests)
