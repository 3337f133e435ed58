"""The HTTP client against a real server: retries, waits, typed failures, exact numbers, no secret anywhere."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestration.connectors.http import ATTEMPTS, JsonApi, Refused
from orchestration.landing.errors import PermanentFailure, SchemaDrift, SourceError, TransientFailure
from tests.connectors.loopback_server import Answer, LoopbackServer

SECRET = "sk-very-secret-1234"
NOW = datetime(2026, 10, 1, 12, 0, 0, tzinfo=UTC)


@contextmanager
def api_over(*answers: Answer) -> Iterator[tuple[JsonApi, LoopbackServer, list[float]]]:
    """An API whose server gives ``answers`` in turn, the last one for ever; waits are recorded, not slept."""
    left, waits = list(answers), []
    with (
        LoopbackServer(lambda request: left.pop(0) if len(left) > 1 else left[0]) as server,
        JsonApi(
            "openai",
            server.url,
            secret=SECRET,
            secret_env="OPENAI_ADMIN_KEY",
            timeout_seconds=5,
            sleep=waits.append,
            now=lambda: NOW,
        ) as api,
    ):
        yield api, server, waits


def test_numbers_keep_every_digit_and_the_secret_goes_into_its_header():
    with api_over(Answer(b'{"a": 0.1000000000000000055511151231257827, "b": 9007199254740993}')) as (api, server, _):
        assert api.get("/x", [("g[]", "a"), ("g[]", "b")]) == {
            "a": Decimal("0.1000000000000000055511151231257827"),
            "b": 9007199254740993,
        }
    assert server.requests[0].many("g[]") == ["a", "b"]
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.requests[0].headers["user-agent"].startswith("tokenomics/")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "7", "retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "Thu, 01 Oct 2026 12:00:05 GMT"}, 5.0),
        ({"Retry-After": "Thu, 01 Oct 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, 0.5),
        ({}, 0.5),
    ],
)
def test_waits_as_long_as_the_provider_asks(headers, wait):
    with api_over(Answer({"error": {}}, 429, headers), Answer({"ok": True})) as (api, server, waits):
        assert api.get("/x") == {"ok": True}
    assert (len(server.requests), waits) == (2, [wait])


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_retried_statuses_end_in_a_transient_failure(status):
    with (
        api_over(Answer({"error": {"message": f"broken for {SECRET}"}}, status)) as (api, server, waits),
        pytest.raises(TransientFailure) as caught,
    ):
        api.get("/x")
    assert str(caught.value).startswith(f"openai: GET /x failed 6 times, at last with {status}")
    assert (len(server.requests), waits) == (ATTEMPTS, [0.5, 1.0, 2.0, 4.0, 8.0])
    assert SECRET not in str(caught.value)


def test_a_wait_beyond_reason_is_not_sat_out():
    with (
        api_over(Answer({}, 429, {"Retry-After": "3600"})) as (api, server, waits),
        pytest.raises(TransientFailure, match=r"429 and .* 3600"),
    ):
        api.get("/x")
    assert (len(server.requests), waits) == (1, [])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_variable_and_never_the_key(status):
    body = {"error": {"message": f"Incorrect API key provided: {SECRET}", "code": "invalid_api_key"}}
    with api_over(Answer(body, status)) as (api, server, waits), pytest.raises(PermanentFailure) as caught:
        api.get("/x")
    assert re.match(rf"openai: .*{status}.*OPENAI_ADMIN_KEY", str(caught.value))
    assert (len(server.requests), waits) == (1, [])
    assert SECRET not in repr(caught.value) and SECRET not in repr(api)


def test_a_refused_parameter_is_permanent_and_says_which():
    body = {"error": {"message": "no such grouping", "param": "group_by", "code": "invalid_value"}}
    with api_over(Answer(body, 400)) as (api, server, _), pytest.raises(Refused, match="400: no such group") as caught:
        api.get("/x")
    assert (caught.value.status, caught.value.parameter, caught.value.code) == (400, "group_by", "invalid_value")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 500])
def test_a_key_of_somebody_else_in_a_refusal_is_not_repeated(status):
    body = {"error": {"message": "no budget for sk-proj-Other_1234567890, at risk-management-team, sk-short"}}
    with api_over(Answer(body, status)) as (api, _, _), pytest.raises(SourceError) as caught:
        api.get("/x")
    assert "no budget for [redacted], at risk-management-team, sk-short" in str(caught.value)


def test_the_provider_decides_with_x_should_retry():
    with api_over(Answer({}, 500, {"x-should-retry": "false"})) as (api, server, _), pytest.raises(Refused):
        api.get("/x")
    assert len(server.requests) == 1
    with api_over(Answer({}, 400, {"x-should-retry": "true"}), Answer({"ok": True})) as (api, _, _):
        assert api.get("/x") == {"ok": True}


def test_a_redirect_is_not_followed_so_the_key_goes_nowhere_else():
    with (
        LoopbackServer(lambda request: Answer({"stolen": True})) as other,
        api_over(Answer({}, 302, {"Location": other.url})) as (api, _, _),
        pytest.raises(PermanentFailure, match=r"302, a redirect.*base_url"),
    ):
        api.get("/x")
    assert other.requests == []


def test_a_body_that_is_whole_but_no_json_is_drift():
    with api_over(Answer(b'{"data": [1, 2')) as (api, server, _), pytest.raises(SchemaDrift, match="not whole JSON"):
        api.get("/x")
    assert len(server.requests) == 1


def test_a_body_cut_off_on_the_way_is_read_again():
    cut = Answer(b'{"data": [1, 2', announced=500)
    with api_over(cut, Answer({"ok": True})) as (api, server, _):
        assert api.get("/x") == {"ok": True}
    assert len(server.requests) == 2
    with api_over(cut) as (api, _, _), pytest.raises(TransientFailure, match="no answer"):
        api.get("/x")


def test_nobody_listening_is_transient():
    with LoopbackServer(lambda request: Answer({})) as gone:
        pass
    api = JsonApi("openai", gone.url, secret=SECRET, secret_env="K", sleep=lambda seconds: None)
    with api, pytest.raises(TransientFailure, match="no answer"):
        api.get("/x")


def test_loopback_never_goes_through_a_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with api_over(Answer({"ok": True})) as (api, _, _):
        assert api.get("/x") == {"ok": True}


@pytest.mark.parametrize("secret", [None, "", "sk-with-newline\n", "sk with blank", "sk-\u00e9"])
def test_a_key_that_cannot_be_sent_is_refused_before_any_request(secret):
    with pytest.raises(PermanentFailure, match="OPENAI_ADMIN_KEY") as caught:
        JsonApi("openai", "http://127.0.0.1:9", secret=secret, secret_env="OPENAI_ADMIN_KEY")
    assert not secret or secret not in str(caught.value)


def test_a_broken_base_url_is_permanent():
    api = JsonApi("openai", "ftp://127.0.0.1", secret=SECRET, secret_env="K")
    with api, pytest.raises(PermanentFailure, match="base_url"):
        api.get("/x")


@pytest.mark.parametrize("status", [429, 503])
def test_a_change_turned_away_before_it_was_done_is_sent_again(status):
    with api_over(Answer({"error": {}}, status), Answer({"done": True}, 201)) as (api, server, waits):
        assert api.change("PATCH", "/x", {"limit": 5}) == {"done": True}
    assert (len(server.requests), waits) == (2, [0.5])


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_change_that_may_have_been_done_is_never_sent_again(status):
    with (
        api_over(Answer({"error": {"message": f"broken for {SECRET}"}}, status)) as (api, server, _),
        pytest.raises(TransientFailure, match="it may have been done") as caught,
    ):
        api.change("POST", "/x", {"limit": 5})
    assert len(server.requests) == 1
    assert SECRET not in str(caught.value)


def test_a_change_whose_answer_is_lost_is_never_sent_again():
    with LoopbackServer(lambda request: Answer({})) as server:
        url = server.url
    with (
        JsonApi("openai", url, secret=SECRET, secret_env=None, sleep=lambda _: None) as api,
        pytest.raises(TransientFailure, match="got no answer"),
    ):
        api.change("DELETE", "/x", None)


def test_a_refused_change_is_told_and_an_empty_answer_is_none():
    with (
        api_over(Answer({"error": {"message": "no such key", "code": "not_found"}}, 404)) as (api, _, _),
        pytest.raises(Refused, match="404: no such key"),
    ):
        api.change("PUT", "/x", {})
    with api_over(Answer(b"", 204)) as (api, _, _):
        assert api.change("DELETE", "/x", None) is None
