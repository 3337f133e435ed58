"""Seeded gateway logs of any size with the shape of real traffic, one Parquet file per day, in bounded memory.

The shape: keys by a Zipf law, a day's rows by a weekly and an hourly cycle, log-normal token counts, cache reads and
writes in part of the calls, failures (some of which carry tokens), successes without token evidence, and rows of the
evening that the next day's export holds again. numpy draws the numbers, DuckDB makes the text and writes the file.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

FIRST_DAY, DAYS = date(2026, 8, 1), 90
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
KEYS, ZIPF_EXPONENT, TEAMS = 400, 1.1, 12
CHUNK = 2_000_000
LONGEST_PROMPT = 200_000

MODELS = (
    ("gpt-6-luna", "openai", 0.40),
    ("gpt-6.1-terra", "openai", 0.25),
    ("gpt-5.6-sol", "openai", 0.10),
    ("claude-sonnet-5-5", "anthropic", 0.15),
    ("mistral-medium-latest", "mistral", 0.10),
)
"""Model, provider, share of the requests."""

PRICES = (
    ("gpt-6-luna", date(2026, 1, 1), "0.1", "0.01", "0.125", "0.5"),
    ("gpt-6.1-terra", date(2026, 1, 1), "1", "0.05", "1.25", "5"),
    ("gpt-5.6-sol", date(2026, 1, 1), "5", "0.5", "6.25", "30"),
    ("gpt-5.6-sol", date(2026, 8, 21), "4", "0.4", "5", "20"),
    ("claude-sonnet-5-5", date(2026, 1, 1), "2", "0.1", "2.5", "10"),
    ("mistral-medium-latest", date(2026, 6, 16), "1.5", "0.15", "1.5", "7.5"),
)
"""Model, first day, US dollars per million of uncached input, cache read, cache write, output. Written by hand."""

FAILED, UNMEASURED, REFUSED, CACHED, WRITING = 0.02, 0.05, 0.4, 0.35, 0.08
REPEATED = 0.004
_WEEK = np.array([1.0, 1.05, 1.08, 1.04, 0.95, 0.42, 0.38])
_DAY = np.array([2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 12, 9, 11, 13, 13, 12, 10, 7, 5, 4, 4, 3, 3], dtype=float)

_SPEND_LOGS = """
select
    'chatcmpl-' || md5(seed || ':' || number) as request_id,
    'acompletion' as call_type,
    keys.api_key,
    (prompt_tokens * 1.0 + completion_tokens * 5.0) / 1e6 as spend,
    cast(prompt_tokens + completion_tokens as integer) as total_tokens,
    cast(prompt_tokens as integer) as prompt_tokens,
    cast(completion_tokens as integer) as completion_tokens,
    make_timestamptz(micros) as "startTime",
    make_timestamptz(micros + 500000 + 20000 * completion_tokens) as "endTime",
    models.model,
    md5(models.model) as model_id,
    models.model as model_group,
    models.provider as custom_llm_provider,
    case when key_number % 3 = 0 then 'person-' || key_number end as "user",
    keys.team_id,
    cast(null as varchar) as organization_id,
    cast(null as varchar) as end_user,
    cast(null as varchar) as session_id,
    '["env:production"]' as request_tags,
    case when outcome < 2 then 'success' else 'failure' end as status,
    'False' as cache_hit,
    '{"user_api_key_alias": "key-' || key_number || '", "user_api_key_team_id": "' || keys.team_id || '", '
    || case outcome
        when 0 then
            '"status": "success", "usage_object": {"prompt_tokens": ' || prompt_tokens
            || ', "completion_tokens": ' || completion_tokens
            || ', "prompt_tokens_details": {"cached_tokens": ' || read_tokens
            || '}, "cache_read_input_tokens": ' || read_tokens
            || ', "cache_creation_input_tokens": ' || write_tokens || '}'
        when 1 then '"status": "success", "spend_logs_metadata": {"token_evidence": "none"}'
        when 2 then
            '"status": "failure", "error_information": '
            || '{"error_class": "BudgetExceededError", "type": "budget_exceeded"}'
        else '"status": "failure", "error_information": {"error_class": "InternalServerError"}'
    end || '}' as metadata
from drawn
inner join keys using (key_number)
inner join models using (model_number)
order by micros"""


def key_hash(number: int) -> str:
    return hashlib.sha256(f"sk-benchmark-{number}".encode()).hexdigest()


def team_name(number: int) -> str:
    return f"team-{number % TEAMS}"


def price(model: str, day: date) -> tuple[Decimal, ...]:
    """Per million: uncached input, cache read, cache write, output."""
    return tuple(map(Decimal, [row for row in PRICES if row[0] == model and row[1] <= day][-1][2:]))


def rows_per_day(rows: int) -> list[int]:
    """How many calls each day makes; together ``rows``."""
    weights = np.array([_WEEK[(FIRST_DAY + timedelta(days=n)).weekday()] * (1 + n / 180) for n in range(DAYS)])
    bounds = np.floor(np.cumsum(weights) / weights.sum() * rows + 0.5).astype(int)
    return [int(count) for count in np.diff(bounds, prepend=0)]


def write_logs(folder: Path, rows: int, seed: int) -> int:
    """Write one file per day to ``folder``; returns the number of logged rows, those exported twice included."""
    folder.mkdir(parents=True, exist_ok=True)
    written, number, evening = 0, 0, pa.table({})
    with _generator(folder) as connection:
        for offset, count in enumerate(rows_per_day(rows)):
            for part, start in enumerate(range(0, max(count, 1), CHUNK)):
                size = min(CHUNK, count - start)
                day = FIRST_DAY + timedelta(days=offset)
                drawn = _draw(np.random.default_rng([seed, offset, part]), day, size, number + start, seed)
                again = evening if part == 0 and evening.num_rows else drawn.slice(0, 0)
                _write(connection, pa.concat_tables([again, drawn]), folder / f"spend_logs_{day}_{part}.parquet")
                written += size + again.num_rows
                evening = drawn.take(
                    pa.array(np.argsort(drawn["micros"].to_numpy())[size - math.ceil(size * REPEATED) :])
                )
            number += count
    return written


def write_day(folder: Path, day: date, rows: int, seed: int) -> None:
    """Write ``rows`` calls of one day, all of them new, in place of what ``folder`` holds of it."""
    for path in folder.glob(f"spend_logs_{day}_*.parquet"):
        path.unlink()
    with _generator(folder) as connection:
        for part, start in enumerate(range(0, rows, CHUNK)):
            size = min(CHUNK, rows - start)
            drawn = _draw(np.random.default_rng([seed, day.toordinal(), part]), day, size, start, seed)
            _write(connection, drawn, folder / f"spend_logs_{day}_{part}.parquet")


@contextmanager
def _generator(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = '4GB'")
        connection.execute(f"set temp_directory = '{folder}/.spill'")
        keys = {"api_key": map(key_hash, range(KEYS)), "team_id": map(team_name, range(KEYS))}
        _register(connection, "keys", key_number=range(KEYS), **keys)
        names, providers, _ = zip(*MODELS, strict=True)
        _register(connection, "models", model_number=range(len(MODELS)), model=names, provider=providers)
        yield connection


def _write(connection: duckdb.DuckDBPyConnection, drawn: pa.Table, target: Path) -> None:
    connection.register("drawn", drawn)
    connection.execute(f"copy ({_SPEND_LOGS}) to '{target}' (format parquet, compression zstd)")


def _register(connection: duckdb.DuckDBPyConnection, name: str, **columns: object) -> None:
    connection.register(name, pa.table({column: list(values) for column, values in columns.items()}))  # type: ignore[call-overload]


def _draw(random: np.random.Generator, day: date, size: int, first_number: int, seed: int) -> pa.Table:
    """``size`` calls of a day as numbers; ``outcome``: 0 measured, 1 without evidence, 2 refused, 3 failed upstream."""
    weights = 1 / np.arange(1, KEYS + 1) ** ZIPF_EXPONENT
    key = random.choice(KEYS, size, p=weights / weights.sum())
    model = random.choice(len(MODELS), size, p=[share for *_, share in MODELS])
    seconds = random.choice(24, size, p=_DAY / _DAY.sum()) * 3600 + random.random(size) * 3600
    midnight = (day - date(1970, 1, 1)).days * 86_400_000_000
    micros = midnight + (seconds * 1000).astype(np.int64) * 1000
    prompt = np.minimum(np.exp(random.normal(6.8, 1.3, size)).astype(np.int64) + 1, LONGEST_PROMPT)
    completion = np.minimum(np.exp(random.normal(5.2, 1.0, size)).astype(np.int64) + 1, 16_000)
    read = np.where(random.random(size) < CACHED, (prompt * random.random(size)).astype(np.int64), 0)
    write = np.where(random.random(size) < WRITING, ((prompt - read) * random.random(size)).astype(np.int64), 0)
    draw = random.random(size)
    outcome = np.where(draw < UNMEASURED, 1, 0)
    failed = draw > 1 - FAILED
    outcome = np.where(failed, np.where(random.random(size) < REFUSED, 2, 3), outcome)
    is_empty = (outcome == 1) | (outcome == 2)
    columns = {
        "number": np.arange(first_number, first_number + size),
        "key_number": key,
        "model_number": model,
        "micros": micros,
        "prompt_tokens": np.where(is_empty, 0, prompt),
        "completion_tokens": np.where(outcome == 0, completion, 0),
        "read_tokens": np.where(outcome == 0, read, 0),
        "write_tokens": np.where(outcome == 0, write, 0),
        "outcome": outcome,
        "seed": np.full(size, seed),
    }
    return pa.table(columns)
