"""The spend log from files: exact rows, equal formats, faults by file and line, unchanged and vanished files."""

import csv
import json
import multiprocessing
import os
import signal
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.connectors.outcome import StreamOutcome
from orchestration.connectors.providers.litellm import conversion
from orchestration.connectors.providers.litellm.extract import extract
from orchestration.files import utc_text
from orchestration.landing.errors import PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.landing.streams import stream_schema
from orchestration.registry.sources import SourceConfig

AS_OF = date(2026, 10, 31)
SHARED = Path(__file__).parents[3] / "shared" / "data"
COLUMNS = [
    *("request_id", "call_type", "api_key", "spend", "total_tokens", "prompt_tokens", "completion_tokens", "startTime"),
    *("endTime", "model", "model_id", "model_group", "custom_llm_provider", "user", "team_id", "organization_id"),
    *("end_user", "session_id", "request_tags", "status", "cache_hit", "metadata", "messages"),
]

NO_PARTS = dict.fromkeys(
    (
        *("cache_write_5m_tokens", "cache_write_1h_tokens"),
        *("audio_input_tokens", "audio_cache_read_tokens", "audio_output_tokens"),
        *("image_input_tokens", "image_cache_read_tokens", "image_output_tokens", "video_input_tokens"),
        *("web_search_requests", "other_tool_requests"),
    )
)

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data are not next to the project")


def company(folder: Path, path: str = "logs/*") -> Any:
    source = SourceConfig.model_validate({"name": "litellm", "mode": "files", "path": path})
    return SimpleNamespace(
        folder=folder,
        sources={"litellm": source},
        initiatives=(),
        config=SimpleNamespace(reporting_time_zone="UTC"),
    )


def log_row(**changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(COLUMNS) | {
        "request_id": "r1",
        "api_key": "hash-1",
        "spend": 0.0012,
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "total_tokens": 1200,
        "startTime": "2026-10-01T23:59:59.250Z",
        "model": "gpt-6-luna",
        "custom_llm_provider": "openai",
        "request_tags": "[]",
        "status": "success",
        "metadata": "{}",
        "messages": "a secret prompt",
    }
    return row | changes


def usage(**usage_object: Any) -> str:
    return json.dumps(
        {"user_api_key_alias": "alias-1", "usage_object": usage_object, "requester_ip_address": "10.0.0.9"}
    )


def write_csv(path: Path, rows: list[dict[str, Any]], columns: list[str] = COLUMNS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    """Typed as the gateway's database is: integers, doubles and moments without a zone, which are UTC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {name: pa.string() for name in COLUMNS} | {
        "spend": pa.float64(),
        **dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), pa.int32()),
        **dict.fromkeys(("startTime", "endTime"), pa.timestamp("ms")),
    }
    started = [{**row, "startTime": datetime.fromisoformat(row["startTime"]).replace(tzinfo=None)} for row in rows]
    pq.write_table(pa.Table.from_pylist(started, pa.schema(kinds.items())), path)


def landed(landing: Landing) -> list[dict[str, Any]]:
    files = landing.current_files("litellm", "spend_logs")
    tables = [pq.ParquetFile(file).read() for file in files]
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    return sorted(rows, key=lambda row: (row["request_id"], row["partition"]))


def land(
    tmp_path: Path, rows: list[dict[str, Any]], write: Any = write_csv, name: str = "logs/a.csv"
) -> list[dict[str, Any]]:
    write(tmp_path / "company" / name, rows)
    landing = Landing(tmp_path / "landing")
    extract(company(tmp_path / "company"), landing, AS_OF, None)
    return landed(landing)


def test_a_row_lands_with_allowed_fields_only(tmp_path: Path) -> None:
    metadata = json.dumps(
        {
            "user_api_key_alias": "alias-1",
            "usage_object": {
                "cache_read_input_tokens": 300,
                "cache_creation_input_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 300},
            },
            "requester_ip_address": "10.0.0.9",
        }
    )
    tags = '["a", {"prompt": "hidden"}, 7, null, ["x"], true]'
    (row,) = land(tmp_path, [log_row(metadata=metadata, request_tags=tags, user="dev-ana", team_id="t1")])
    load_id = row.pop("load_id")
    assert row == {
        "request_id": "r1",
        "started_at": datetime(2026, 10, 1, 23, 59, 59, 250_000, UTC),
        "api_key": "hash-1",
        "key_alias": "alias-1",
        "model": "gpt-6-luna",
        "model_group": None,
        "custom_llm_provider": "openai",
        "user_id": "dev-ana",
        "team_id": "t1",
        "organization_id": None,
        "end_user_id": None,
        "status": "success",
        "error_type": None,
        "error_class": None,
        "request_tags": '["a",7,true]',
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "cache_read_tokens": 300,
        "cache_write_tokens": 50,
        "has_token_evidence": True,
        "gateway_spend": 0.0012,
        "call_type": None,
        "is_cache_hit": False,
        "is_served": True,
        "call_id": None,
        "service_tier": None,
        **NO_PARTS,
        "partition": "logs/a.csv",
    }
    written = b"".join(file.read_bytes() for file in (tmp_path / "landing").rglob("*.parquet"))
    assert load_id and b"secret prompt" not in written and b"10.0.0.9" not in written and b"hidden" not in written


def test_the_landed_file_has_the_schema_of_the_stream(tmp_path: Path) -> None:
    land(tmp_path, [log_row()])
    (file,) = Landing(tmp_path / "landing").current_files("litellm", "spend_logs")
    schema, wanted = pq.read_schema(file), stream_schema("litellm", "spend_logs")
    assert schema.names == wanted.names
    assert [field.type for field in schema] == [field.type for field in wanted]


@pytest.mark.parametrize(
    ("metadata", "read", "write"),
    [
        (usage(cache_read_input_tokens=7), 7, 0),
        (usage(prompt_tokens_details={"cached_tokens": 9}), 9, 0),
        (usage(cache_read_input_tokens=0, prompt_tokens_details={"cached_tokens": 9}), 9, 0),
        (usage(cache_creation_input_tokens=4, prompt_tokens_details=None), 0, 4),
        ("", 0, 0),
        ("null", 0, 0),
    ],
)
def test_cache_tokens_come_from_the_usage_object(tmp_path: Path, metadata: str, read: int, write: int) -> None:
    (row,) = land(tmp_path, [log_row(metadata=metadata)])
    assert (row["cache_read_tokens"], row["cache_write_tokens"]) == (read, write)


PARTS_TOLD = [
    # what the row says beyond 1,000 prompt and 200 completion tokens, and what the landed row then says
    (
        {"prompt_tokens_details": {"cached_tokens": 100, "cache_creation_tokens": 800}},
        {"cache_read_tokens": 100, "cache_write_tokens": 800},
    ),
    (
        {
            "cache_creation_input_tokens": 800,
            "prompt_tokens_details": {
                "cache_creation_token_details": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 800}
            },
        },
        {"cache_write_tokens": 800, "cache_write_1h_tokens": 800},
    ),
    (
        {"cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 100}},
        {"cache_write_tokens": 400, "cache_write_5m_tokens": 300, "cache_write_1h_tokens": 100},
    ),
    (
        {
            "prompt_tokens_details": {"text_tokens": 200, "audio_tokens": 800},
            "completion_tokens_details": {"text_tokens": 20, "audio_tokens": 180},
        },
        {"audio_input_tokens": 800, "audio_output_tokens": 180},
    ),
    (
        # 300 cached of 200 text and 800 audio: 200 are text, 100 are audio
        {"prompt_tokens_details": {"cached_tokens": 300, "audio_tokens": 800}},
        {"cache_read_tokens": 300, "audio_input_tokens": 700, "audio_cache_read_tokens": 100},
    ),
    (
        {
            "prompt_tokens_details": {
                "cached_tokens": 300,
                "audio_tokens": 500,
                "image_tokens": 100,
                "cached_tokens_details": {"audio_tokens": 50, "image_tokens": 20},
            }
        },
        {
            "cache_read_tokens": 300,
            "audio_input_tokens": 450,
            "audio_cache_read_tokens": 50,
            "image_input_tokens": 80,
            "image_cache_read_tokens": 20,
        },
    ),
    ({"prompt_tokens_details": {"video_tokens": 700}}, {"video_input_tokens": 700}),
    ({"server_tool_use": {"web_search_requests": 2}}, {"web_search_requests": 2}),
    ({"prompt_tokens_details": {"web_search_requests": 3}}, {"web_search_requests": 3}),
    ({"server_tool_use": {"code_execution_requests": 4}}, {"other_tool_requests": 4}),
    ({"service_tier": "Priority"}, {"service_tier": "priority"}),
    ({"traffic_type": "ON_DEMAND_FLEX"}, {"service_tier": "flex"}),
    ({"speed": "fast", "service_tier": "standard"}, {"service_tier": "fast"}),
]


@pytest.mark.parametrize("name", ["usage_object", "additional_usage_values"])
@pytest.mark.parametrize(("told", "wanted"), PARTS_TOLD)
def test_the_usage_object_is_read_wherever_it_tells_a_part(
    tmp_path: Path, told: dict[str, Any], wanted: dict[str, Any], name: str
) -> None:
    (row,) = land(tmp_path, [log_row(metadata=json.dumps({name: told}))])
    plain = {**NO_PARTS, "service_tier": None, "cache_read_tokens": 0, "cache_write_tokens": 0}
    assert {column: row[column] for column in plain} == plain | wanted
    assert (row["prompt_tokens"], row["completion_tokens"]) == (1000, 200)


@pytest.mark.parametrize(
    ("total", "told", "prompt"),
    [
        (1200, {"cache_read_input_tokens": 400}, 1000),
        (1600, {"cache_read_input_tokens": 400}, 1400),
        (1200, {"cache_creation_input_tokens": 1253}, 2253),
        (2453, {"cache_creation_input_tokens": 1253}, 2253),
        (None, {"cache_creation_input_tokens": 1253, "total_tokens": 1200}, 2253),
        (1600, {}, 1000),
    ],
)
def test_a_prompt_without_its_cache_is_known_by_the_total(
    tmp_path: Path, total: int | None, told: dict[str, int], prompt: int
) -> None:
    (row,) = land(tmp_path, [log_row(total_tokens=total, metadata=usage(**told))])
    assert row["prompt_tokens"] == prompt


@pytest.mark.parametrize(
    ("call_type", "parts"),
    [
        ("atranscription", {"audio_input_tokens": 1000}),
        ("aspeech", {"audio_output_tokens": 200}),
        ("aimage_generation", {"image_output_tokens": 200}),
        ("_arealtime", {}),
    ],
)
def test_a_call_that_hears_speaks_or_draws_does_so_with_all_its_tokens(
    tmp_path: Path, call_type: str, parts: dict[str, int]
) -> None:
    (row,) = land(tmp_path, [log_row(call_type=call_type)])
    assert {name: row[name] for name in NO_PARTS} == NO_PARTS | parts


@pytest.mark.parametrize(
    ("changes", "is_served"),
    [
        ({"cache_hit": "True"}, False),
        ({"cache_hit": "False"}, True),
        ({"cache_hit": ""}, True),
        ({"cache_hit": "None", "request_id": "chatcmpl-1_cache_hit1700000000.1"}, False),
        *(({"call_type": name}, False) for name in ("aget_responses", "alist_input_items", "acancel_responses")),
        *(
            ({"call_type": name}, False)
            for name in (
                "afile_list",
                "afile_content",
                "a_add_message",
                "acount_tokens",
                "token_counter",
                "adelete_responses",
            )
        ),
        *(
            ({"call_type": name}, True)
            for name in ("aresponses", "aretrieve_batch", "agenerate_content", "new_kind", "")
        ),
        *(({"call_type": name}, True) for name in ("aadapter_completion", "acompletion", "asearch", "acreate_video")),
    ],
)
def test_cache_hits_and_calls_that_generate_nothing_are_known(
    tmp_path: Path, changes: dict[str, Any], is_served: bool
) -> None:
    (row,) = land(tmp_path, [log_row(**changes)])
    assert row["is_served"] is is_served
    assert (row["prompt_tokens"], row["has_token_evidence"]) == (1000, True)


@pytest.mark.parametrize(
    ("changes", "call_id"),
    [
        ({"litellm_call_id": "call-1"}, "call-1"),
        ({"metadata": '{"litellm_call_id": "call-1"}'}, "call-1"),
        ({"litellm_call_id": "r1"}, None),
        ({"litellm_call_id": ""}, None),
        ({"session_id": "call-1"}, None),
    ],
)
def test_the_call_id_lands_where_it_is_not_the_request_id(
    tmp_path: Path, changes: dict[str, Any], call_id: str | None
) -> None:
    write = write_jsonl
    rows = land(tmp_path, [log_row(request_id="r0"), log_row(**changes)], write, "logs/a.jsonl")
    assert [row["call_id"] for row in rows] == [None, call_id]


@pytest.mark.parametrize(
    ("changes", "tier"),
    [
        ({"call_type": "aretrieve_batch"}, "batch"),
        ({"metadata": '{"batch_models": ["m"]}'}, "batch"),
        ({"metadata": '{"batch_models": null}'}, None),
        ({"metadata": '{"cost_breakdown": {"service_tier": "flex"}}'}, "flex"),
        ({"metadata": '{"usage_object": {"service_tier": "auto"}, "service_tier": "priority"}'}, "priority"),
        (
            {"metadata": '{"usage_object": {"service_tier": "default"}, "cost_breakdown": {"service_tier": "flex"}}'},
            "default",
        ),
    ],
)
def test_the_tier_that_served_a_call_is_read_wherever_it_is_named(
    tmp_path: Path, changes: dict[str, Any], tier: str | None
) -> None:
    (row,) = land(tmp_path, [log_row(**changes)])
    assert row["service_tier"] == tier


@pytest.mark.parametrize(("cost", "uses"), [("0.02", 1), ("0", None), ("0.0", None)])
def test_a_tool_with_a_fee_and_no_count_is_one_use(tmp_path: Path, cost: str, uses: int | None) -> None:
    (row,) = land(tmp_path, [log_row(metadata=json.dumps({"cost_breakdown": {"tool_usage_cost": float(cost)}}))])
    assert (row["web_search_requests"], row["other_tool_requests"]) == (None, uses)


def test_evidence_status_and_errors(tmp_path: Path) -> None:
    refused = json.dumps({"error_information": {"type": "budget_exceeded", "error_class": "BudgetExceededError"}})
    rows = land(
        tmp_path,
        [
            log_row(request_id="a", prompt_tokens=0, completion_tokens=0),
            log_row(request_id="b", status=None),
            log_row(request_id="c", status=None, metadata='{"status": "failure"}'),
            log_row(request_id="d", status="failure", metadata=refused, prompt_tokens=0, completion_tokens=0),
        ],
    )
    assert [row["has_token_evidence"] for row in rows] == [False, True, True, False]
    assert [row["status"] for row in rows] == ["success", "success", "failure", "failure"]
    assert (rows[3]["error_type"], rows[3]["error_class"]) == ("budget_exceeded", "BudgetExceededError")


def test_all_formats_give_the_same_rows(tmp_path: Path) -> None:
    rows = [
        log_row(metadata=usage(cache_read_input_tokens=3), request_tags='["x", "y"]'),
        log_row(request_id="r2", user="", team_id="t", startTime="2026-10-02T00:00:00Z", spend=None),
    ]
    seen = []
    for name, write in (("a.parquet", write_parquet), ("a.csv", write_csv), ("a.jsonl", write_jsonl)):
        got = land(tmp_path / name, rows, write, f"logs/{name}")
        seen.append([{k: v for k, v in row.items() if k not in ("partition", "load_id")} for row in got])
    assert seen[0] == seen[1] == seen[2]
    assert [row["request_tags"] for row in seen[0]] == ['["x","y"]', "[]"]


def test_nested_json_lines_read_like_json_text(tmp_path: Path) -> None:
    nested = log_row(metadata={"usage_object": {"cache_read_input_tokens": 8}}, request_tags=["x"])
    (row,) = land(tmp_path, [nested], write_jsonl, "logs/a.jsonl")
    assert (row["cache_read_tokens"], row["request_tags"]) == (8, '["x"]')


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_zone_of_the_machine_does_not_matter(tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    texts = ["2026-10-01T23:59:59.250Z", "2026-10-02 01:59:59.250+02:00", "2026-10-01 23:59:59.25"]
    rows = land(tmp_path, [log_row(request_id=f"r{n}", startTime=text) for n, text in enumerate(texts)])
    assert {row["started_at"] for row in rows} == {datetime(2026, 10, 1, 23, 59, 59, 250_000, UTC)}


FAULTS = [
    ({"prompt_tokens": -5}, "prompt_tokens '-5' is negative"),
    ({"prompt_tokens": "12.5"}, "prompt_tokens '12.5' is not a whole number"),
    ({"prompt_tokens": "l00"}, "prompt_tokens 'l00' is not a whole number"),
    ({"completion_tokens": None}, "completion_tokens is empty"),
    ({"request_id": None}, "request_id is empty"),
    ({"startTime": None}, "startTime is empty"),
    ({"startTime": "yesterday"}, "startTime 'yesterday' is not a date and time"),
    ({"metadata": '{"usage_object": '}, "metadata is not a JSON object"),
    ({"metadata": '"{}"'}, "metadata is not a JSON object"),
    (
        {"total_tokens": None, "metadata": usage(cache_read_input_tokens=900, cache_creation_input_tokens=101)},
        "exceed prompt_tokens",
    ),
    ({"metadata": usage(prompt_tokens_details={"audio_tokens": 1001})}, "audio, image and video tokens exceed"),
    ({"metadata": usage(completion_tokens_details={"image_tokens": 201})}, "audio, image and video tokens exceed"),
    ({"metadata": usage(server_tool_use={"web_search_requests": "two"})}, "not a whole number"),
    ({"metadata": usage(cache_read_input_tokens=-1)}, "negative"),
    ({"metadata": usage(cache_read_input_tokens="many")}, "not a whole number"),
    ({"request_tags": '{"a": 1}'}, "request_tags is not a JSON array"),
    ({"spend": "cheap"}, "spend 'cheap' is not a number"),
]


def rejected(landing: Landing) -> list[tuple[str, int, str, Decimal | None]]:
    """File, line, what is said, amount of the rows set aside."""
    files = landing.current_files("litellm", "rejected_rows")
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return [
        (
            row["file"],
            row["line"],
            row["reason"] if row["value"] is None else f"{row['column_name']} '{row['value']}' {row['reason']}",
            row["amount"],
        )
        for row in rows
    ]


@pytest.mark.parametrize(("changes", "message"), FAULTS)
@pytest.mark.parametrize(("write", "name", "line"), [(write_csv, "logs/a.csv", 4), (write_jsonl, "logs/a.jsonl", 2)])
def test_a_bad_row_is_set_aside_by_file_and_line_and_the_others_land(
    tmp_path: Path, changes: dict[str, Any], message: str, write: Any, name: str, line: int
) -> None:
    good = log_row(request_id="r0", end_user="two\nlines", request_tags='["x"]')
    rows = land(tmp_path, [good, log_row(**changes), log_row(request_id="r3")], write, name)
    assert [(row["request_id"], row["request_tags"]) for row in rows] == [("r0", '["x"]'), ("r3", "[]")]
    (one,) = rejected(Landing(tmp_path / "landing"))
    assert one[:2] == (name, line) and message in one[2] and "secret prompt" not in one[2]
    assert ("unknown" if "request_id" in changes else "r1") in one[2]
    assert one[3] == (None if "spend" in changes else Decimal("0.0012"))


@pytest.mark.parametrize(("write", "name"), [(write_csv, "logs/a.csv"), (write_jsonl, "logs/a.jsonl")])
def test_beyond_a_stated_share_of_bad_rows_the_file_is_refused_and_nothing_lands(
    tmp_path: Path, write: Any, name: str
) -> None:
    """A tenth of the rows may be bad: 2 of 20 and a single one, not 3 of 20, and not all."""

    def log(good: int, bad: int) -> list[dict[str, Any]]:
        return [log_row(request_id=f"r{n}", prompt_tokens=1 if n >= bad else -1) for n in range(good + bad)]

    assert len(land(tmp_path / "few", log(18, 2), write, name)) == 18
    assert len(land(tmp_path / "one", log(1, 1), write, name)) == 1
    for case, rows in {"many": log(17, 3), "all": log(0, 1)}.items():
        with pytest.raises(SchemaDrift, match=rf"{name}:\d: prompt_tokens '-1' is negative \(request_id r0\)"):
            land(tmp_path / case, rows, write, name)
        assert Landing(tmp_path / case / "landing").manifest("litellm", "spend_logs") == {}
        assert not list((tmp_path / case / "landing").rglob("*.parquet"))


def test_rows_set_aside_go_with_the_content_of_their_file(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    bad = [log_row(), log_row(request_id="r2", prompt_tokens=-1)]
    land(tmp_path, bad)
    before = landing.manifest("litellm", "rejected_rows")
    land(tmp_path, bad)
    assert landing.manifest("litellm", "rejected_rows") == before and len(rejected(landing)) == 1
    land(tmp_path, [log_row(), log_row(request_id="r2")])
    assert rejected(landing) == []
    land(tmp_path, bad)
    (tmp_path / "company" / "logs" / "a.csv").unlink()
    land(tmp_path, [log_row()], name="logs/b.csv")
    assert rejected(landing) == []


def test_a_bad_parquet_row_is_named_by_number(tmp_path: Path) -> None:
    rows = [log_row(request_id="r0"), log_row(prompt_tokens=-1)]
    assert len(land(tmp_path, rows, write_parquet, "logs/a.parquet")) == 1
    assert rejected(Landing(tmp_path / "landing")) == [
        ("logs/a.parquet", 2, "prompt_tokens '-1' is negative (request_id r1)", Decimal("0.0012"))
    ]


def test_a_broken_record_is_named_by_line(tmp_path: Path) -> None:
    path, landing = tmp_path / "company" / "logs" / "a.csv", Landing(tmp_path / "landing")
    write_csv(path, [log_row(end_user="two\nlines"), log_row(request_id="r2")])
    path.write_text(path.read_text() + "r3,too,few\n")
    extract(company(tmp_path / "company"), landing, AS_OF, None)
    assert [row["request_id"] for row in landed(landing)] == ["r1", "r2"]
    assert rejected(landing) == [("logs/a.csv", 5, "startTime is empty (request_id r3)", None)]
    path.unlink()
    broken = path.with_suffix(".jsonl")
    write_jsonl(broken, [log_row()])
    broken.write_text(broken.read_text() + '\n{"request_id": "r2", \n' + json.dumps(log_row(request_id="r3")) + "\n")
    extract(company(tmp_path / "company"), landing, AS_OF, None)
    assert [row["request_id"] for row in landed(landing)] == ["r1", "r3"]
    assert rejected(landing) == [("logs/a.jsonl", 3, "is not a well-formed record (request_id unknown)", None)]


@pytest.mark.parametrize("column", ["startTime", "prompt_tokens", "metadata", "user"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    kept = [name for name in COLUMNS if name != column]
    path = tmp_path / "company" / "logs" / "a.csv"
    write_csv(path, [log_row()], kept)
    with pytest.raises(SchemaDrift, match=rf"logs/a\.csv: column {column} is missing"):
        extract(company(tmp_path / "company"), Landing(tmp_path / "landing"), AS_OF, None)
    path.unlink()
    write_jsonl(path.with_suffix(".jsonl"), [{name: log_row()[name] for name in kept}])
    with pytest.raises(SchemaDrift, match=rf"logs/a\.jsonl: column {column} is missing"):
        extract(company(tmp_path / "company"), Landing(tmp_path / "landing"), AS_OF, None)


def test_no_file_is_an_error_and_a_strange_suffix_too(tmp_path: Path) -> None:
    (tmp_path / "company" / "logs").mkdir(parents=True)
    with pytest.raises(PermanentFailure, match="no file matches path"):
        extract(company(tmp_path / "company"), Landing(tmp_path / "landing"), AS_OF, None)
    (tmp_path / "company" / "logs" / "a.xlsx").write_text("")
    with pytest.raises(SchemaDrift, match=r"logs/a\.xlsx"):
        extract(company(tmp_path / "company"), Landing(tmp_path / "landing"), AS_OF, None)


def test_a_truncated_parquet_file_replaces_nothing(tmp_path: Path) -> None:
    land(tmp_path, [log_row()], write_parquet, "logs/a.parquet")
    path = tmp_path / "company" / "logs" / "a.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    landing = Landing(tmp_path / "landing")
    with pytest.raises(SchemaDrift, match=r"logs/a\.parquet"):
        extract(company(tmp_path / "company"), landing, AS_OF, None)
    assert [row["request_id"] for row in landed(landing)] == ["r1"]


def test_a_load_names_its_utc_days_and_their_rows(tmp_path: Path) -> None:
    times = ("2026-10-01T23:59:59Z", "2026-10-02T00:00:00Z", "2026-10-01T20:00:00-07:00", "2026-10-05T12:00:00Z")
    land(tmp_path, [log_row(request_id=f"r{n}", startTime=time) for n, time in enumerate(times)])
    load = Landing(tmp_path / "landing").manifest("litellm", "spend_logs")["logs/a.csv"].current
    assert load is not None
    assert load.days == {"2026-10-01": 1, "2026-10-02": 2, "2026-10-05": 1}


def test_unchanged_changed_and_vanished_files(tmp_path: Path) -> None:
    folder, landing = tmp_path / "company", Landing(tmp_path / "landing")
    write_csv(folder / "logs" / "a.csv", [log_row()])
    write_csv(folder / "logs" / "b.csv", [log_row(request_id="r2", startTime="2026-10-03T10:00:00Z")])
    assert extract(company(folder), landing, AS_OF, None) == [StreamOutcome("litellm", "spend_logs", 2, 2)]
    first = landing.manifest("litellm", "spend_logs")
    load = first["logs/b.csv"].current
    assert load is not None
    assert (load.rows, load.origin) == (1, "logs/b.csv")
    assert load.first_event_at == load.last_event_at == "2026-10-03T10:00:00.000000Z"

    assert extract(company(folder), landing, AS_OF, None) == [StreamOutcome("litellm", "spend_logs", 2, 2)]
    assert landing.manifest("litellm", "spend_logs") == first

    write_csv(folder / "logs" / "a.csv", [log_row(completion_tokens=300)])
    (folder / "logs" / "b.csv").unlink()
    assert extract(company(folder), landing, AS_OF, None) == [StreamOutcome("litellm", "spend_logs", 1, 1)]
    now = landing.manifest("litellm", "spend_logs")
    assert now["logs/b.csv"].current is None and now["logs/b.csv"].history == [load]
    assert now["logs/a.csv"].history == [first["logs/a.csv"].current]
    assert [row["completion_tokens"] for row in landed(landing)] == [300]
    assert not (tmp_path / "landing" / "litellm" / ".incoming").exists()


@needs_shared
def test_a_million_real_rows_reproduce_the_counted_truths(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    folder.mkdir()
    (folder / "all.parquet").symlink_to(SHARED / "spend_logs_servegen.parquet")
    landing = Landing(tmp_path / "landing")
    extract(company(folder, "all.parquet"), landing, AS_OF, None)
    with duckdb.connect() as connection:
        landing.register(connection)
        connection.execute("set TimeZone = 'America/New_York'")
        got = connection.execute(
            "select cast(cast(timezone('UTC', started_at) as date) as varchar), model, count(*), "
            "count(*) filter (where not has_token_evidence), sum(prompt_tokens), sum(completion_tokens) "
            "from landing.litellm__spend_logs group by all"
        ).fetchall()
    with (SHARED / "expected_servegen.csv").open() as file:
        wanted = [row for row in csv.DictReader(file) if row["grain"] == "day_model"]
    names = ("requests", "requests_no_token_evidence", "prompt_tokens", "completion_tokens")
    assert len(wanted) == 42
    assert {row[:2]: tuple(map(Decimal, row[2:])) for row in got} == {
        (row["usage_date"], row["model"]): tuple(Decimal(row[name]) for name in names) for row in wanted
    }


@needs_shared
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_samples_equal_the_first_rows_of_the_parquet(tmp_path: Path, suffix: str) -> None:
    folder, landing = tmp_path / "company", Landing(tmp_path / "landing")
    folder.mkdir()
    whole = pq.ParquetFile(SHARED / "spend_logs_servegen.parquet")
    first = next(whole.iter_batches(batch_size=500))
    pq.write_table(pa.Table.from_batches([first]), folder / "first.parquet")
    sample = f"spend_logs_servegen_sample.{suffix}"
    (folder / sample).symlink_to(SHARED / sample)
    extract(company(folder, "*"), landing, AS_OF, None)
    rows: dict[str, list[dict[str, Any]]] = {"first.parquet": [], sample: []}
    for row in landed(landing):
        del row["load_id"]
        rows[row.pop("partition")].append(row)
    assert len(rows[sample]) == 500
    assert rows["first.parquet"] == rows[sample]


@pytest.fixture
def small_row_groups(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(conversion, "ROW_GROUP", 10)
    return 10


def many_rows(days: Iterable[int]) -> list[dict[str, Any]]:
    models = [("openai", "gpt-6-luna"), ("mistral", "mistral-small"), ("", "nameless"), ("openai", "")]
    return [
        log_row(
            request_id=f"r{number:03}",
            startTime=f"2026-10-{day:02}T{number % 24:02}:30:00Z",
            custom_llm_provider=models[number % 4][0],
            model=models[number % 4][1],
        )
        for number, day in enumerate(days)
    ]


def group_days(landing: Landing) -> list[set[int]]:
    """The days of October in each row group of the one landed file."""
    (file,) = landing.current_files("litellm", "spend_logs")
    read = pq.ParquetFile(file)
    groups = [read.read_row_group(number, ["started_at"]) for number in range(read.num_row_groups)]
    return [{moment.day for moment in group["started_at"].to_pylist()} for group in groups]


@pytest.mark.parametrize("days", [[n // 20 + 1 for n in range(100)], [n % 5 + 1 for n in range(100)]])
def test_a_profile_says_what_a_scan_of_the_landed_rows_would(
    tmp_path: Path, small_row_groups: int, days: list[int]
) -> None:
    rows = land(tmp_path, many_rows(days))
    load = Landing(tmp_path / "landing").manifest("litellm", "spend_logs")["logs/a.csv"].current
    assert load is not None and load.rows == len(rows) == 100
    assert load.days == {f"2026-10-{day:02}": 20 for day in range(1, 6)}
    assert load.models == [["mistral", "mistral-small"], ["openai", "gpt-6-luna"]]
    started = [row["started_at"] for row in rows]
    assert [load.first_event_at, load.last_event_at] == [utc_text(min(started)), utc_text(max(started))]


def test_a_file_in_order_keeps_it_and_its_row_groups_hold_few_days(tmp_path: Path, small_row_groups: int) -> None:
    land(tmp_path, many_rows(n // 20 + 1 for n in range(100)))
    assert group_days(Landing(tmp_path / "landing")) == [{day} for day in range(1, 6) for _ in range(2)]


def test_a_file_that_mixes_its_days_lands_in_order_of_days(tmp_path: Path, small_row_groups: int) -> None:
    given = many_rows(n % 5 + 1 for n in range(100))
    rows = land(tmp_path, given)
    assert group_days(Landing(tmp_path / "landing")) == [{day} for day in range(1, 6) for _ in range(2)]
    assert [row["request_id"] for row in rows] == [row["request_id"] for row in given]


def test_a_bad_row_beyond_the_first_row_groups_is_named(tmp_path: Path, small_row_groups: int) -> None:
    rows = many_rows([1] * 40)
    for changes, message in (({"prompt_tokens": -5}, "prompt_tokens '-5'"), ({"spend": "cheap"}, "spend 'cheap'")):
        found = land(tmp_path, [*rows[:35], rows[35] | changes, *rows[36:]])
        assert len(found) == 39
        (one,) = rejected(Landing(tmp_path / "landing"))
        assert one[:2] == ("logs/a.csv", 37) and message in one[2] and "r035" in one[2]


@pytest.mark.parametrize("text", ["infinity", "12026-10-01 00:00:00"])
def test_a_moment_that_no_calendar_holds_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SchemaDrift, match=rf"logs/a\.csv:2: startTime '{text}' is not a date and time"):
        land(tmp_path, [log_row(startTime=text)])


@pytest.mark.parametrize(
    ("count", "wanted"),
    [("7", 7), ("7.0", 7), ("007", 7), ("7.00", 7), ("7e0", None), (" 7", None), ("1234567890123456789", None)],
)
def test_a_count_is_a_whole_number_however_it_is_written(tmp_path: Path, count: str, wanted: int | None) -> None:
    rows = [log_row(metadata=usage(cache_read_input_tokens=count))]
    if wanted is None:
        with pytest.raises(SchemaDrift, match="a count in metadata is not a whole number"):
            land(tmp_path, rows)
    else:
        assert land(tmp_path, rows)[0]["cache_read_tokens"] == wanted


def die_while_converting(folder: Path, root: Path) -> None:
    conversion.Profile.add = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
    extract(company(folder), Landing(root), AS_OF, None)


def test_a_kill_in_the_middle_of_a_file_leaves_nothing_that_counts_and_is_healed(tmp_path: Path) -> None:
    folder, landing = tmp_path / "company", Landing(tmp_path / "landing")
    write_csv(folder / "logs" / "a.csv", [log_row()])
    process = multiprocessing.get_context("spawn").Process(target=die_while_converting, args=(folder, landing.root))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert landed(landing) == [] and list((landing.root / "litellm" / ".incoming").iterdir())
    extract(company(folder), landing, AS_OF, None)
    assert [row["request_id"] for row in landed(landing)] == ["r1"]
    assert not (landing.root / "litellm" / ".incoming").exists()


def test_of_several_files_at_fault_the_first_is_named(tmp_path: Path) -> None:
    for name in "abcd":
        write_csv(tmp_path / "company" / "logs" / f"{name}.csv", [log_row(prompt_tokens=-1 if name > "b" else 1)])
    with pytest.raises(SchemaDrift, match=r"logs/c\.csv:2"):
        extract(company(tmp_path / "company"), Landing(tmp_path / "landing"), AS_OF, None)
