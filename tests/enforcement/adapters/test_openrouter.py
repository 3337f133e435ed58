"""OpenRouter's keys against a loopback server that answers in the shapes of the vendor's own SDK: what is read, what exactly
is sent, and what is never sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from openrouter.operations.getkey import GetKeyResponse
from openrouter.operations.list import ListResponse
from openrouter.operations.updatekeys import UpdateKeysRequestBody, UpdateKeysResponse

from orchestration.enforcement.adapters.openrouter import OpenRouter, open_adapter
from orchestration.enforcement.port import Limit, Unsupported
from orchestration.landing.errors import PermanentFailure, TransientFailure
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer, LoopbackServer
from tests.enforcement.adapters.loopback_gateway import changes, not_found, serving

SECRET = "sk-or-v1-management"
KEY = {
    "hash": "abc",
    "name": "team key",
    "label": "sk-or-v1-0e6...1c96",
    "disabled": False,
    "limit": 75.25,
    "limit_remaining": 50.15,
    "limit_reset": "daily",
    "include_byok_in_limit": False,
    "usage": 9000.5,
    "usage_daily": 25.1,
    "usage_weekly": 30,
    "usage_monthly": 412.75,
    "byok_usage": 0,
    "byok_usage_daily": 0,
    "byok_usage_weekly": 0,
    "byok_usage_monthly": 0,
    "creator_user_id": "user_1",
    "external_user": None,
    "last_used_at": None,
    "workspace_id": "0df9e665-d932-5740-b2c7-b52af166bc11",
    "created_at": "2026-08-24T10:30:00Z",
    "updated_at": None,
}


@contextmanager
def gateway(**changed: object) -> Iterator[tuple[OpenRouter, LoopbackServer, dict]]:
    """One key, ``abc``, as ``changed`` makes it; a PATCH moves it as OpenRouter says it does."""
    key = {**KEY, **changed}

    def handle(request, body):
        if request.path == "/keys":
            ListResponse.model_validate({"data": [key]})
            return Answer({"data": [key]})
        if request.path != "/keys/abc":
            return not_found()
        if request.method == "PATCH":
            UpdateKeysRequestBody.model_validate(body)
            key.update(body)
        (UpdateKeysResponse if request.method == "PATCH" else GetKeyResponse).model_validate({"data": key})
        return Answer({"data": key})

    with serving(handle) as server:
        config = AdapterConfig(name="openrouter", base_url=server.url, api_key_env="OPENROUTER_MANAGEMENT_KEY")
        with open_adapter(config, SECRET, Home(root=None)) as adapter:
            yield adapter, server, key


def test_used_is_the_limit_less_what_remains_and_not_the_lifetime_usage():
    with gateway() as (adapter, _, _):
        seen = adapter.observe("key:abc")
    assert seen.values == {"limits": (Limit("daily", Decimal("75.25")),), "is_blocked": False}
    assert seen.spend_in_window == {
        "daily": Decimal("25.10"),
        "weekly": Decimal("30"),
        "monthly": Decimal("412.75"),
    }
    assert "9000" not in str(seen.raw)


def test_a_limit_that_never_resets_is_a_total():
    with gateway(limit_reset=None) as (adapter, _, _):
        seen = adapter.observe("key:abc")
    assert seen.values["limits"] == (Limit("total", Decimal("75.25")),)
    assert seen.spend_in_window["total"] == Decimal("25.10")


@pytest.mark.parametrize(
    ("values", "body"),
    [
        ({"limits": (Limit("weekly", Decimal("12.345678901")),)}, '{"limit": 12.345678901, "limit_reset": "weekly"}'),
        ({"limits": (Limit("total", Decimal("0.1")),)}, '{"limit": 0.1, "limit_reset": null}'),
        ({"limits": ()}, '{"limit": null, "limit_reset": null}'),
        ({"is_blocked": True}, '{"disabled": true}'),
        ({"is_blocked": False}, '{"disabled": false}'),
    ],
)
def test_a_change_names_only_its_fields_and_is_read_back(values, body):
    with gateway() as (adapter, server, _):
        before = adapter.observe("key:abc")
        adapter.write(before, values, None)
        assert changes(server) == [("PATCH", "/keys/abc", body)]
        after = adapter.observe("key:abc").values
    assert after == {**before.values, **values}


def test_reverting_puts_the_key_back_as_it_was():
    with gateway() as (adapter, _, key):
        as_it_was = dict(key)
        before = adapter.observe("key:abc")
        adapter.write(before, {"limits": (Limit("monthly", Decimal("5")),), "is_blocked": True}, None)
        adapter.write(adapter.observe("key:abc"), before.values, None)
        assert key == {**as_it_was, "limit": 75.25}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"requests_per_minute": 5}, "requests_per_minute cannot be written"),
        ({"allowed_models": ("a",)}, "allowed_models cannot be written"),
        ({"aliases": {"a": "b"}}, "aliases cannot be written"),
        ({"limits": (Limit("daily", Decimal(1)), Limit("monthly", Decimal(9)))}, "holds 1 at once, not 2"),
        ({"limits": (Limit("daily", Decimal("1234567890.1234567")),)}, "more than 15 digits"),
        ({"limits": (Limit("daily", Decimal("-1")),)}, "not an amount of money"),
        ({"is_blocked": True, "aliases": {}}, "aliases cannot be written"),
    ],
)
def test_what_it_cannot_hold_is_refused_before_anything_is_sent(values, says):
    with gateway() as (adapter, server, _):
        before = adapter.observe("key:abc")
        with pytest.raises(Unsupported, match=says):
            adapter.write(before, values, None)
        assert changes(server) == []


def test_an_unknown_key_is_an_observation_and_never_written():
    with gateway() as (adapter, server, _):
        seen = adapter.observe("key:zzz")
        assert not seen.is_found
        with pytest.raises(Unsupported, match="key:zzz is not known there"):
            adapter.write(seen, {"is_blocked": True}, None)
        assert not adapter.observe("team:abc").is_found
        assert changes(server) == []


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_change_without_an_answer_is_sent_once(status):
    def handle(request, body):
        return Answer({"data": KEY}) if request.method == "GET" else Answer({}, status=status)

    with serving(handle) as server:
        config = AdapterConfig(name="openrouter", base_url=server.url, api_key_env="OPENROUTER_MANAGEMENT_KEY")
        with open_adapter(config, SECRET, Home(root=None)) as adapter:
            before = adapter.observe("key:abc")
            with pytest.raises(TransientFailure, match="it may have been done") as failure:
                adapter.write(before, {"is_blocked": True}, None)
    assert len(changes(server)) == 1
    assert SECRET not in str(failure.value)


def test_no_secret_stands_in_an_observation_or_a_failure():
    def handle(request, body):
        return Answer({"error": {"message": f"bad key {SECRET}"}}, status=400)

    with serving(handle) as server:
        config = AdapterConfig(name="openrouter", base_url=server.url, api_key_env="OPENROUTER_MANAGEMENT_KEY")
        with (
            open_adapter(config, SECRET, Home(root=None)) as adapter,
            pytest.raises(PermanentFailure) as failure,
        ):
            adapter.observe("key:abc")
    assert SECRET not in str(failure.value)
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


def test_a_missing_field_is_drift_and_never_no_limit():
    key = {name: value for name, value in KEY.items() if name != "limit"}
    with serving(lambda request, body: Answer({"data": key})) as server:
        config = AdapterConfig(name="openrouter", base_url=server.url, api_key_env="OPENROUTER_MANAGEMENT_KEY")
        with (
            open_adapter(config, SECRET, Home(root=None)) as adapter,
            pytest.raises(PermanentFailure, match="limit is missing"),
        ):
            adapter.observe("key:abc")
