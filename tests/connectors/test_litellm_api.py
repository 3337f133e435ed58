"""The spend log and the settings over the API, against a small gateway on loopback."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestration.connectors.providers.litellm import client
from orchestration.connectors.providers.litellm.extract import extract
from orchestration.landing.errors import PermanentFailure, SchemaDrift, TransientFailure
from orchestration.landing.store import Landing
from orchestration.registry.initiatives import Guardrail
from orchestration.registry.sources import SourceConfig
from tests.connectors.loopback_server import Answer, LoopbackServer, Request

SECRET = "sk-gateway-test-1234"
AS_OF = date(2026, 10, 3)


def log_row(**changes: Any) -> dict[str, Any]:
    row = {
        "request_id": "r1",
        "api_key": "hash-1",
        "spend": 0.0012,
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "startTime": "2026-10-02T10:00:00.250Z",
        "model": "gpt-6-luna",
        "model_group": "economy",
        "custom_llm_provider": "openai",
        "user": None,
        "team_id": "t1",
        "organization_id": None,
        "end_user": "",
        "request_tags": ["x", {"y": 1}],
        "status": "success",
        "metadata": {
            "user_api_key_alias": "a",
            "usage_object": {"cache_read_input_tokens": 40},
            "body": "a secret prompt",
        },
        "messages": "a secret prompt",
    }
    return row | changes


def settings(**changes: Any) -> dict[str, Any]:
    plain = {
        "max_budget": 5.5,
        "budget_duration": "1d",
        "rpm_limit": None,
        "tpm_limit": None,
        "blocked": None,
        "aliases": {},
    }
    return plain | {"user_id": None} | changes


class FakeGateway:
    """Rows, keys and teams that the server answers from; ``asked`` are the requests it got."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.keys: dict[str, dict[str, Any]] = {}
        self.teams: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.lost_rows = 0
        self.base_url = ""

    def answer(self, request: Request) -> Answer:
        path, query = request.path, dict(request.query)
        if request.headers["authorization"] != f"Bearer {SECRET}":
            return Answer({"error": {"message": "invalid key", "type": "auth_error", "code": "401"}}, 401)
        self.asked.append((path, query))
        if path == "/spend/logs/v2":
            return Answer(self._logs(query))
        if path == "/key/list":
            return Answer({"keys": [{"token": name, **key} for name, key in self.keys.items()], "total_pages": 1})
        kind, store, name = ("info", self.keys, "key") if path == "/key/info" else ("team_info", self.teams, "team_id")
        if query[name] in store:
            return Answer({name: query[name], kind: store[query[name]]})
        return Answer({"error": {"message": "not found in database", "type": "not_found_error", "code": "404"}}, 404)

    def _logs(self, query: dict[str, str]) -> dict[str, Any]:
        begin, end = (datetime.fromisoformat(query[name]).replace(tzinfo=UTC) for name in ("start_date", "end_date"))
        size, page = int(query["page_size"]), int(query["page"])
        found = [row for row in self.rows if begin <= datetime.fromisoformat(row["startTime"]) <= end]
        found.sort(key=lambda row: row["startTime"])
        shown = found[(page - 1) * size : page * size]
        total = len(found) + self.lost_rows
        return {"data": shown, "total": total, "page": page, "page_size": size, "total_pages": -(-len(found) // size)}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    fake = FakeGateway()
    with LoopbackServer(fake.answer) as server:
        fake.base_url = server.url
        yield fake


def company(gateway: FakeGateway, *entities: str, **source: Any) -> Any:
    values = {
        "name": "litellm",
        "mode": "api",
        "base_url": gateway.base_url,
        "start_date": "2026-10-01",
        "lookback_days": 1,
    }
    guardrails = [
        Guardrail.model_validate({"adapter": "litellm", "entity": entity, "daily_cap": "5", "actions": ["block"]})
        for entity in entities
    ]
    return SimpleNamespace(
        folder=Path("/nonexistent"),
        sources={"litellm": SourceConfig.model_validate(values | source)},
        initiatives=tuple(SimpleNamespace(guardrail=guardrail) for guardrail in (*guardrails, None)),
        config=SimpleNamespace(reporting_time_zone="UTC"),
    )


def landed(landing: Landing, stream: str) -> list[dict[str, Any]]:
    return [row for file in landing.current_files("litellm", stream) for row in pq.ParquetFile(file).read().to_pylist()]


def log_days(gateway: FakeGateway) -> list[str]:
    return [
        query["start_date"][:10] for path, query in gateway.asked if path == "/spend/logs/v2" and query["page"] == "1"
    ]


def test_every_day_of_the_window_is_landed_page_by_page(
    tmp_path: Path, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    gateway.rows = [log_row(request_id=f"r{n}", startTime=f"2026-10-02T10:00:0{n}.250Z") for n in range(5)]
    gateway.rows += [
        log_row(request_id="last", startTime="2026-10-02T23:59:59.999Z"),
        log_row(request_id="next", startTime="2026-10-03T00:00:00Z"),
        log_row(request_id="after", startTime="2026-10-04T00:00:00Z"),
    ]
    landing = Landing(tmp_path / "landing")
    (outcome,) = extract(company(gateway), landing, AS_OF, SECRET)
    assert (outcome.partitions, outcome.rows) == (3, 7)
    rows = landed(landing, "spend_logs")
    assert {row["request_id"]: row["partition"] for row in rows} == {
        **{f"r{n}": "2026-10-02" for n in range(5)},
        "last": "2026-10-02",
        "next": "2026-10-03",
    }
    row = next(row for row in rows if row["request_id"] == "r0")
    assert row["started_at"] == datetime(2026, 10, 2, 10, 0, 0, 250_000, UTC)
    assert (row["cache_read_tokens"], row["request_tags"], row["key_alias"]) == (40, '["x"]', "a")
    assert (row["end_user_id"], row["gateway_spend"]) == (None, 0.0012)
    loads = {name: part.current for name, part in landing.manifest("litellm", "spend_logs").items()}
    empty, full = loads["2026-10-01"], loads["2026-10-02"]
    assert empty is not None and full is not None
    assert (empty.rows, empty.first_event_at, empty.window_end) == (0, None, "2026-10-02T00:00:00.000000Z")
    assert (full.rows, full.last_event_at, full.origin) == (6, "2026-10-02T23:59:59.999000Z", "/spend/logs/v2")
    written = b"".join(file.read_bytes() for file in (tmp_path / "landing").rglob("*") if file.is_file())
    assert b"secret prompt" not in written and SECRET.encode() not in written


def test_only_the_look_back_is_read_again_and_equal_content_is_no_new_load(
    tmp_path: Path, gateway: FakeGateway
) -> None:
    gateway.rows = [log_row(), log_row(request_id="r2", startTime="2026-10-02T11:00:00Z")]
    landing = Landing(tmp_path / "landing")
    extract(company(gateway), landing, AS_OF, SECRET)
    before = landing.manifest("litellm", "spend_logs")
    gateway.asked.clear()
    extract(company(gateway), landing, AS_OF, SECRET)
    assert log_days(gateway) == ["2026-10-02", "2026-10-03"]
    gateway.rows[0]["completion_tokens"] = 201
    extract(company(gateway), landing, AS_OF, SECRET)
    after = landing.manifest("litellm", "spend_logs")
    changed = {name for name in after if after[name].current.load_id != before[name].current.load_id}  # type: ignore[union-attr]
    assert changed == {"2026-10-02"}
    assert sorted(row["completion_tokens"] for row in landed(landing, "spend_logs")) == [200, 201]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt_tokens": -1}, r"2026-10-02:1: .*negative \(request_id r1\)"),
        (
            {"startTime": "2026-10-02T10:00:00.250Z", "metadata": "no json"},
            r"metadata is not a JSON object \(request_id r1\)",
        ),
    ],
)
def test_a_bad_row_lands_nothing(tmp_path: Path, gateway: FakeGateway, changes: dict[str, Any], message: str) -> None:
    gateway.rows = [log_row(**changes)]
    with pytest.raises(SchemaDrift, match=message):
        extract(company(gateway), Landing(tmp_path), AS_OF, SECRET)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_missing_field_and_lost_rows_are_errors(tmp_path: Path, gateway: FakeGateway) -> None:
    row = log_row()
    del row["team_id"]
    gateway.rows = [row]
    with pytest.raises(SchemaDrift, match=r"field team_id is missing \(request_id r1\)"):
        extract(company(gateway), Landing(tmp_path), AS_OF, SECRET)
    gateway.rows, gateway.lost_rows = [log_row()], 1
    with pytest.raises(TransientFailure, match="gave 0 of 1 rows"):
        extract(company(gateway), Landing(tmp_path), AS_OF, SECRET)


def test_a_wrong_or_missing_key_names_the_variable_and_not_itself(tmp_path: Path, gateway: FakeGateway) -> None:
    for key in ("sk-wrong-9999", None):
        with pytest.raises(PermanentFailure) as failure:
            extract(company(gateway), Landing(tmp_path), AS_OF, key)
        assert "LITELLM_MASTER_KEY" in str(failure.value) and "sk-wrong-9999" not in str(failure.value)


def test_settings_are_read_back_as_the_gateway_wrote_them(tmp_path: Path, gateway: FakeGateway) -> None:
    gateway.keys = {
        "k1": settings(max_budget=0.1, budget_duration="30d", rpm_limit=20, blocked=True, aliases={"big": "small"}),
        "k2": settings(max_budget=None, litellm_budget_table={"max_budget": 7, "budget_duration": "1h"}),
        "k3": settings(user_id="dev-ana", max_budget=10.0),
        "k4": settings(),
    }
    gateway.teams = {"t1": {**settings(max_budget=None, budget_duration=None), "aliases": None}}
    landing = Landing(tmp_path / "landing")
    outcomes = extract(company(gateway, "key:k1", "key:k2", "team:t1", "key:gone"), landing, AS_OF, SECRET)
    assert [(one.stream, one.rows) for one in outcomes] == [("spend_logs", 0), ("guardrail_settings", 5)]
    rows = {row["entity"]: row for row in landed(landing, "guardrail_settings")}
    assert set(rows) == {"key:k1", "key:k2", "key:k3", "key:gone", "team:t1"}
    first = rows["key:k1"]
    assert (first["max_budget"], first["budget_duration"], first["currency"]) == ("0.1", "30d", "USD")
    assert (first["rpm_limit"], first["is_blocked"], first["model_aliases"]) == (20, True, '{"big": "small"}')
    assert (rows["key:k2"]["max_budget"], rows["key:k2"]["budget_duration"]) == ("7", "1h")
    assert Decimal(rows["key:k3"]["max_budget"]) == 10
    assert rows["team:t1"]["max_budget"] is None and rows["team:t1"]["is_blocked"] is False
    assert [row["is_found"] for row in rows.values() if row["entity"] == "key:gone"] == [False]
    assert {row["partition"] for row in rows.values()} == {"2026-10-03"}


def test_the_first_reading_of_a_day_stands_and_no_past_day_gets_one(tmp_path: Path, gateway: FakeGateway) -> None:
    gateway.keys = {"k1": settings(max_budget=5)}
    landing = Landing(tmp_path / "landing")
    extract(company(gateway, "key:k1"), landing, AS_OF, SECRET)
    gateway.keys["k1"]["max_budget"] = 99
    extract(company(gateway, "key:k1"), landing, AS_OF, SECRET)
    extract(company(gateway, "key:k1"), landing, date(2026, 10, 2), SECRET)
    assert {row["partition"]: row["max_budget"] for row in landed(landing, "guardrail_settings")} == {"2026-10-03": "5"}
    extract(company(gateway, "key:k1"), landing, date(2026, 10, 4), SECRET)
    assert {row["partition"]: row["max_budget"] for row in landed(landing, "guardrail_settings")} == {
        "2026-10-03": "5",
        "2026-10-04": "99",
    }


def test_since_when_the_settings_stand_is_the_last_change_of_the_entitys_own_budget(
    tmp_path: Path, gateway: FakeGateway
) -> None:
    early, late = "2026-09-01T08:00:00Z", "2026-09-05T10:30:00+02:00"
    times = {"created_at": early, "updated_at": "2026-10-03T11:00:00Z"}
    shared = {"max_budget": 7, "budget_duration": "1h", "updated_at": early}
    gateway.keys = {
        "changed": settings(**times, settings_updated_at=late),
        "unchanged": settings(**times, settings_updated_at=None),
        "older_gateway": settings(**times),
        "shared": settings(**times, settings_updated_at=None, max_budget=None, litellm_budget_table=shared),
        "silent": settings(),
    }
    gateway.teams = {"t1": settings(**times)}
    landing = Landing(tmp_path / "landing")
    extract(company(gateway, *(f"key:{name}" for name in gateway.keys), "team:t1"), landing, AS_OF, SECRET)
    found = {row["entity"]: row["settings_updated_at"] for row in landed(landing, "guardrail_settings")}
    assert found == {
        "key:changed": datetime(2026, 9, 5, 8, 30, tzinfo=UTC),
        "key:unchanged": datetime(2026, 9, 1, 8, tzinfo=UTC),
        "key:older_gateway": datetime(2026, 10, 3, 11, tzinfo=UTC),
        "key:shared": None,
        "key:silent": None,
        "team:t1": datetime(2026, 10, 3, 11, tzinfo=UTC),
    }


def test_a_deleted_key_is_not_found_although_the_gateway_still_describes_it(
    tmp_path: Path, gateway: FakeGateway
) -> None:
    gateway.keys = {"gone": settings(status="deleted", deleted_at="2026-10-01T09:00:00Z"), "kept": settings()}
    landing = Landing(tmp_path / "landing")
    extract(company(gateway, "key:gone", "key:kept"), landing, AS_OF, SECRET)
    found = {row["entity"]: (row["is_found"], row["max_budget"]) for row in landed(landing, "guardrail_settings")}
    assert found == {"key:gone": (False, None), "key:kept": (True, "5.5")}


def test_a_setting_that_is_missing_is_drift(tmp_path: Path, gateway: FakeGateway) -> None:
    gateway.keys = {"k1": settings()}
    del gateway.keys["k1"]["max_budget"]
    with pytest.raises(SchemaDrift, match="max_budget is missing"):
        extract(company(gateway, "key:k1"), Landing(tmp_path), AS_OF, SECRET)
    assert not list(tmp_path.rglob("*.parquet"))


def test_files_mode_reads_settings_where_an_address_is_given(tmp_path: Path, gateway: FakeGateway) -> None:
    gateway.keys = {"k1": settings()}
    named = company(gateway, "key:k1", mode="files", path="a.jsonl")
    named.folder = tmp_path
    row = log_row(request_tags="[]", metadata="{}")
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    landing = Landing(tmp_path / "landing")
    outcomes = extract(named, landing, AS_OF, SECRET)
    assert [(one.stream, one.rows) for one in outcomes] == [("spend_logs", 1), ("guardrail_settings", 1)]
    assert log_days(gateway) == []
