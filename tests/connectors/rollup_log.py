"""A gateway's log as a table in the shape of stream ``litellm/spend_logs``, drawn from a seed: repeated requests, calls under
several ids, failures, refusals, prompts around every price bound, and moments around every quarter of an hour and day.
"""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.connectors.providers.litellm.extract import SUMS, _land, _prepared_sums
from orchestration.connectors.providers.litellm.rollup.day_sums import DaySums, day_sums
from orchestration.connectors.providers.litellm.rollup.engines import open_engine
from orchestration.connectors.providers.litellm.rollup.statement import statement
from orchestration.context_bounds import context_bounds
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from tests.dbt_project.warehouse_rows import request

FIRST, DAYS = date(2026, 7, 10), 3
COLUMNS = [(name, kind) for name, kind in STREAMS["litellm", "spend_logs"]]
Rows = list[dict[str, Any]]


def all_days(days: int = DAYS) -> list[date]:
    return [FIRST + timedelta(days=n) for n in range(days)]


def drawn_log(seed: int, rows: int = 300) -> Rows:
    draw = random.Random(seed)
    found: Rows = []
    for number in range(rows):
        if found and draw.random() < 0.25:
            found.append(_again(draw, draw.choice(found), number))
        else:
            found.append(_call(draw, f"id-{number}"))
    return found


def _call(draw: random.Random, request_id: str) -> dict[str, Any]:
    prompt = draw.choice([0, 1, 5000, *context_bounds(), *(bound + 1 for bound in context_bounds())])
    read, written = draw.choice([0, prompt // 4]), draw.choice([0, prompt // 8])
    failed = draw.random() < 0.2
    return request(
        draw.choice(["openai", "bedrock", "Azure", None]),
        request_id,
        prompt,
        started_at=_moment(draw),
        api_key=draw.choice(["k1", "k2", None]),
        key_alias=draw.choice(["one", "two", None]),
        model=draw.choice(["m", "n", None]),
        user_id=draw.choice(["ada", None]),
        team_id=draw.choice(["blue", None]),
        organization_id=draw.choice(["org", None]),
        request_tags=draw.choice(['["a"]', "[]", None]),
        status="failure" if failed else "success",
        error_type=draw.choice(["budget_exceeded", "throttling_error", "ratelimit", "other", None]) if failed else None,
        error_class=draw.choice(["Rate_LimitError", "Timeout", None]) if failed else None,
        completion_tokens=draw.choice([0, 50, 1000]),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_5m_tokens=draw.choice([None, written]),
        audio_output_tokens=None,
        video_input_tokens=draw.choice([None, min(1, prompt - read - written)]),
        web_search_requests=draw.choice([None, 2]),
        has_token_evidence=draw.random() < 0.9,
        is_served=draw.choice([True, True, True, False, None]),
        gateway_spend=draw.choice([None, 0.0, 0.25, 0.000123, 12345.5, float("nan"), 1e12]),
        call_id=draw.choice([None, None, f"call-{draw.randint(1, 20)}", f"id-{draw.randint(1, 300)}"]),
        service_tier=draw.choice([None, "default", "priority", "flex"]),
    )


def _again(draw: random.Random, one: dict[str, Any], number: int) -> dict[str, Any]:
    """The row again: the same one, or with another outcome, moment, key or id."""
    change = draw.choice(
        [
            {},
            {"status": "failure", "error_type": "rate_limit"},
            {"completion_tokens": 77},
            {"started_at": _moment(draw)},
            {"api_key": "k3"},
            {"request_id": f"id-{number}", "call_id": one["call_id"] or one["request_id"]},
        ]
    )
    return {**one, **change}


def _moment(draw: random.Random) -> datetime:
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    quarter = start + timedelta(minutes=15 * draw.randrange(96 * DAYS))
    return quarter + draw.choice(
        [timedelta(0), timedelta(minutes=7), timedelta(minutes=14, seconds=59, microseconds=999_999)]
    )


def as_table(rows: Rows) -> pa.Table:
    return pa.table(
        [pa.array([row[name] for row in rows], kind) for name, kind in COLUMNS], [name for name, _ in COLUMNS]
    )


def write_parquet(rows: Rows, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(as_table(rows), file)


def query_source(**given: Any) -> Any:
    return SimpleNamespace(**{"rollup": "duckdb", "path": None, "table": None, "results": None} | given)


def sums_of(rows: Rows, folder: Path, days: Iterable[date] = (), engine: str = "duckdb") -> list[DaySums]:
    """What the engine's own run of the statement says of the log, laid down in ``folder`` as Parquet."""
    write_parquet(rows, folder / "log" / "log.parquet")
    with open_engine(query_source(rollup=engine, path="log"), folder, None, folder) as opened:
        answer = opened.run(statement(engine, opened.table, list(days) or all_days()))
    return judged(answer)


def judged(answer: pa.Table) -> list[DaySums]:
    with duckdb.connect() as session:
        session.execute("set TimeZone = 'UTC'")
        session.register("answer", answer)
        return list(day_sums(session, "answer", datetime(2026, 7, 20, tzinfo=UTC), "log"))


def land_sums(landing: Landing, sums: list[DaySums], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    loads = [_prepared_sums(one, folder / f"{one.day}.parquet") for one in sums]
    _land(landing, SUMS, loads, None, [], date(2026, 7, 31), is_complete_list=False)
