"""OpenAI's usage besides completions, against a server on loopback."""

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openai.types.admin.organization as vendor
import pytest

from orchestration.connectors.providers.openai.extract import extract
from orchestration.connectors.providers.openai.other_usage import KINDS
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.connectors.provider_payloads import DAY, NOW, OCTOBER_1, OPENAI_KEY, OpenAiWorld, company, openai_error

ALL = {"project_id": "proj_a", "user_id": "user_1", "api_key_id": "key_a", "model": "m"}
PROJECT = {"project_id": "proj_a"}
RESULTS: dict[str, dict[str, Any]] = {
    "embeddings": {"input_tokens": 101, "num_model_requests": 3, **ALL},
    "moderations": {"input_tokens": 102, "num_model_requests": 4, **ALL},
    "images": {"images": 103, "num_model_requests": 5, **ALL, "size": None, "source": None},
    "audio_speeches": {"characters": 104, "num_model_requests": 6, **ALL},
    "audio_transcriptions": {"seconds": 105, "num_model_requests": 7, **ALL},
    "vector_stores": {"usage_bytes": 10**15, **PROJECT},
    "code_interpreter_sessions": {"num_sessions": 107, **PROJECT},
    "file_search_calls": {"num_requests": 108, **{**ALL, "vector_store_id": None}},
    "web_search_calls": {"num_requests": 109, "num_model_requests": 8, **ALL, "context_level": None},
    "decisions": {
        **{"input_tokens": 1000, "input_uncached_tokens": 600, "input_cached_tokens": 300},
        **{"input_cache_write_tokens": 100, "output_tokens": 50, "num_model_requests": 9, **ALL},
    },
}
OBJECTS = {"file_search_calls": "file_searches", "web_search_calls": "web_searches"}
MODELS = {
    name: getattr(vendor, f"Usage{''.join(word.capitalize() for word in name.split('_'))}Response") for name in RESULTS
}


def world_of_every_kind() -> OpenAiWorld:
    world = OpenAiWorld()
    for name, result in RESULTS.items():
        kept = {key: value for key, value in result.items() if (name, key) != ("file_search_calls", "model")}
        world.other[name] = [{"object": f"organization.usage.{OBJECTS.get(name, name)}.result", **kept}]
    return world


class Reader:
    def __init__(self, world: OpenAiWorld, server: LoopbackServer, home: Path) -> None:
        self.world, self.server, self.landing = world, server, Landing(home)

    def read(self, **changes: Any) -> None:
        own = company("openai", f"{self.server.url}/v1", **changes)
        extract(own, self.landing, date(2026, 10, 3), OPENAI_KEY, sleep=lambda _: None, now=lambda: NOW)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = duckdb.connect()
        self.landing.register(connection)
        return connection.execute(sql).fetchall()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    world = world_of_every_kind()
    with LoopbackServer(world) as server:
        yield Reader(world, server, tmp_path)


def test_golden_one_row_per_measure_and_requests_once(reader):
    reader.read()
    assert reader.query(
        "select usage_kind, token_class, quantity, unit, num_model_requests, user_id, api_key_id, model "
        "from landing.openai__usage_other where partition = '2026-10-01' order by usage_kind, quantity desc"
    ) == [
        ("audio_speeches", "characters", 104, "characters", 6, "user_1", "key_a", "m"),
        ("audio_transcriptions", "seconds", 105, "seconds", 7, "user_1", "key_a", "m"),
        ("code_interpreter_sessions", "code_interpreter_session", 107, "sessions", None, None, None, None),
        ("decisions", "input_uncached", 600, "tokens", 9, "user_1", "key_a", "m"),
        ("decisions", "cache_read", 300, "tokens", None, "user_1", "key_a", "m"),
        ("decisions", "cache_write_other", 100, "tokens", None, "user_1", "key_a", "m"),
        ("decisions", "output", 50, "tokens", None, "user_1", "key_a", "m"),
        ("embeddings", "input_uncached", 101, "tokens", 3, "user_1", "key_a", "m"),
        ("file_search_calls", "file_search_call", 108, "calls", None, "user_1", "key_a", None),
        ("images", "images", 103, "images", 5, "user_1", "key_a", "m"),
        ("moderations", "input_uncached", 102, "tokens", 4, "user_1", "key_a", "m"),
        ("vector_stores", "vector_store_bytes", 10**15, "bytes", None, None, None, None),
        ("web_search_calls", "web_search", 109, "searches", 8, "user_1", "key_a", "m"),
    ]
    assert reader.query("select count(*) from landing.openai__usage_other") == [(13,)]
    assert reader.query(
        "select partition, rows, watermark_at from landing.loads where stream = 'usage_other' order by 1"
    ) == [("2026-10-01", 13, NOW), ("2026-10-02", 0, NOW), ("2026-10-03", 0, NOW)]


def test_the_contract_of_the_requests(reader):
    reader.read(start_date=date(2026, 8, 1))
    for kind in KINDS:
        asked = reader.server.paths(f"/usage/{kind.name}")
        assert [request.one("page") is not None for request in asked] == [False, True, True]
        assert asked[0].query[1:4] == [("end_time", str(OCTOBER_1 + 3 * DAY)), ("bucket_width", "1d"), ("limit", "31")]
        assert asked[0].many("group_by[]") == list(kind.groups)


@pytest.mark.parametrize("name", RESULTS)
def test_what_the_server_says_is_what_the_vendors_own_models_accept(reader, name):
    reader.read()
    parsed = MODELS[name].model_validate(reader.world(reader.server.paths(f"/usage/{name}")[0]).body)
    results = [result for bucket in parsed.data for result in bucket.results]
    assert len(results) == 1
    assert [part.model_extra for part in (parsed, *results)] == [{}, {}]


def not_found(kind: str) -> Any:
    def answer(request: Request) -> Answer | None:
        return openai_error(404, "unknown usage kind") if request.path.endswith(f"/usage/{kind}") else None

    return answer


def test_an_optional_kind_that_the_server_does_not_know_is_named_and_left_out(reader, caplog):
    reader.world.fault = not_found("decisions")
    with caplog.at_level(logging.WARNING):
        reader.read()
    assert "usage kind decisions is not known" in caplog.text
    assert reader.query(
        "select count(*), count(*) filter (usage_kind = 'decisions') from landing.openai__usage_other"
    ) == [(9, 0)]


def test_a_documented_kind_that_is_refused_is_a_failure(reader):
    reader.world.fault = not_found("images")
    with pytest.raises(PermanentFailure, match="/organization/usage/images answered 404"):
        reader.read()
    assert not list(reader.landing.root.rglob("*.parquet"))


BROKEN = {
    "a missing measure": ("images", {"images": None}, "field data.results.images is not a whole number"),
    "a negative measure": ("audio_speeches", {"characters": -1}, "is not a whole number from zero up"),
    "parts over the total": ("decisions", {"input_cached_tokens": 301}, "do not add up"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_malformed_kind_lands_nothing(reader, name):
    kind, change, message = BROKEN[name]
    reader.world.other[kind][0] |= change
    with pytest.raises(SchemaDrift, match=message):
        reader.read()
    assert not list(reader.landing.root.rglob("*.parquet"))


def test_a_missing_dimension_and_a_group_that_comes_twice_are_drift(reader):
    reader.world.other["embeddings"] *= 2
    with pytest.raises(SchemaDrift, match="same group came twice"):
        reader.read()
    reader.world.other["embeddings"] = [{"input_tokens": 1, "num_model_requests": 1, **PROJECT}]
    with pytest.raises(SchemaDrift, match="user_id is missing"):
        reader.read()


def test_a_landing_from_before_this_stream_is_read_from_the_start(reader):
    reader.read()
    (reader.landing.folder("openai", "usage_other") / "manifest.json").unlink()
    before = len(reader.server.requests)
    reader.read()
    again = [request for request in reader.server.requests[before:] if request.path.endswith("/usage/images")]
    assert [request.one("start_time") for request in again] == [str(OCTOBER_1)]
