"""The signed webhook: what is sent, what counts as acknowledged, and one key however often a change is repeated."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.enforcement.adapters.webhook import Webhook, open_adapter
from orchestration.enforcement.port import Limit, Stamp, Unsupported
from orchestration.enforcement.values import LOOSEST
from orchestration.landing.errors import PermanentFailure, SchemaDrift, TransientFailure
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig
from tests.connectors.loopback_server import Answer, LoopbackServer

SECRET = "shared-secret-0123"


@contextmanager
def receiver(tmp_path: Path, *answers: Answer) -> Iterator[tuple[Webhook, LoopbackServer]]:
    """A receiver that gives ``answers`` in turn, the last one for ever."""
    left = list(answers)
    with LoopbackServer(lambda request: left.pop(0) if len(left) > 1 else left[0]) as server:
        config = AdapterConfig(name="webhook", base_url=server.url + "/hook", api_key_env="HOOK_SECRET")
        webhook = open_adapter(config, SECRET, Home(tmp_path))
        webhook._sleep = lambda seconds: None
        with webhook:
            yield webhook, server


CAP = {"limits": (Limit("daily", Decimal("12.50")),), "is_blocked": False}


def test_a_change_is_signed_and_carries_exact_amounts(tmp_path):
    with receiver(tmp_path, Answer(b"", status=204)) as (webhook, server):
        before = webhook.observe("team:a")
        webhook.write(before, CAP, Stamp("caps", "v1", before.values, CAP))
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/hook")
    body = json.loads(request.body)
    assert body["entity"] == "team:a"
    assert body["change"] == {"limits": [{"window": "daily", "amount": "12.50"}], "is_blocked": False}
    assert body["stamp"]["policy"] == "caps"
    signed = request.headers["x-tokenomics-timestamp"].encode() + b"." + request.body
    expected = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["x-tokenomics-signature"] == expected
    assert request.headers["idempotency-key"] == hashlib.sha256(request.body).hexdigest()


def test_what_was_acknowledged_is_what_is_known(tmp_path):
    with receiver(tmp_path, Answer(b"", status=204)) as (webhook, server):
        before = webhook.observe("team:a")
        assert (before.is_found, before.values, before.stamp) == (True, LOOSEST, None)
        stamp = Stamp("caps", "v1", before.values, CAP)
        webhook.write(before, CAP, stamp)
        webhook.write(webhook.observe("team:a"), {"requests_per_minute": 5}, stamp)
        after = webhook.observe("team:a")
    assert after.values == {**LOOSEST, **CAP, "requests_per_minute": 5}
    assert after.stamp == stamp
    assert len(server.requests) == 2


def test_the_receivers_word_on_what_is_in_force_counts_over_what_was_asked(tmp_path):
    told = {"in_force": {"limits": [{"window": "daily", "amount": "3"}], "is_blocked": True}}
    with receiver(tmp_path, Answer(told)) as (webhook, _):
        webhook.write(webhook.observe("team:a"), CAP, None)
        values = webhook.observe("team:a").values
    assert values == {**LOOSEST, "limits": (Limit("daily", Decimal(3)),), "is_blocked": True}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_lost_answer_is_sent_again_with_one_key_and_known_once(tmp_path, status):
    with receiver(tmp_path, Answer({}, status=status), Answer({}, status=status), Answer({})) as (webhook, server):
        webhook.write(webhook.observe("team:a"), CAP, None)
        assert webhook.observe("team:a").raw["revision"] == 1
    assert len(server.requests) == 3
    assert len({(one.headers["idempotency-key"], one.body) for one in server.requests}) == 1


def test_after_all_attempts_nothing_is_known_and_the_next_try_has_the_same_key(tmp_path):
    with receiver(tmp_path, *[Answer({}, status=503)] * 3, Answer({})) as (webhook, server):
        before = webhook.observe("team:a")
        with pytest.raises(TransientFailure, match="did not acknowledge the change in 3 attempts, at last 503"):
            webhook.write(before, CAP, None)
        assert webhook.observe("team:a").values == LOOSEST
        webhook.write(before, CAP, None)
        assert webhook.observe("team:a").values == {**LOOSEST, **CAP}
    assert len({one.headers["idempotency-key"] for one in server.requests}) == 1


def test_the_same_setting_made_again_later_is_another_change(tmp_path):
    with receiver(tmp_path, Answer({})) as (webhook, server):
        for values in (CAP, {"limits": ()}, CAP):
            webhook.write(webhook.observe("team:a"), values, None)
    assert len({one.headers["idempotency-key"] for one in server.requests}) == 3


def test_a_refusal_is_final_and_names_neither_address_nor_secret(tmp_path):
    with receiver(tmp_path, Answer({"error": {"message": SECRET}}, status=403)) as (webhook, server):
        with pytest.raises(PermanentFailure, match="refused the change with 403") as failure:
            webhook.write(webhook.observe("team:a"), CAP, None)
        assert webhook.observe("team:a").values == LOOSEST
    assert len(server.requests) == 1
    assert SECRET not in str(failure.value) and "127.0.0.1" not in str(failure.value)


def test_nobody_listening_names_neither_address_nor_secret(tmp_path):
    with receiver(tmp_path, Answer({})) as (webhook, _):
        pass
    with pytest.raises(TransientFailure) as failure:
        webhook.write(webhook.observe("team:a"), CAP, None)
    assert "127.0.0.1" not in str(failure.value) and "/hook" not in str(failure.value)
    assert not (tmp_path / "enforcement" / "webhook.json").exists()


@pytest.mark.parametrize(
    "told",
    [
        {"in_force": {"limits": [{"window": "daily", "amount": 3.5}]}},
        {"in_force": {"limits": [{"window": "hourly", "amount": "3"}]}},
        {"in_force": {"budget": 3}},
        {"in_force": {"is_blocked": "yes"}},
        b"<html>",
    ],
)
def test_an_answer_that_is_not_understood_is_drift_and_nothing_is_known(tmp_path, told):
    with receiver(tmp_path, Answer(told)) as (webhook, _):
        with pytest.raises(SchemaDrift, match="not understood"):
            webhook.write(webhook.observe("team:a"), CAP, None)
        assert webhook.observe("team:a").values == LOOSEST


def test_an_empty_list_of_models_is_never_sent(tmp_path):
    with (
        receiver(tmp_path, Answer({})) as (webhook, server),
        pytest.raises(Unsupported, match="would block every model"),
    ):
        webhook.write(webhook.observe("team:a"), {"allowed_models": ()}, None)
    assert server.requests == []


def test_without_address_or_secret_it_does_not_open():
    with pytest.raises(PermanentFailure, match="base_url is missing"):
        open_adapter(AdapterConfig(name="webhook"), SECRET, Home(Path("x")))
    with pytest.raises(PermanentFailure, match="set HOOK_SECRET"):
        config = AdapterConfig(name="webhook", base_url="http://127.0.0.1:9", api_key_env="HOOK_SECRET")
        open_adapter(config, None, Home(Path("x")))
