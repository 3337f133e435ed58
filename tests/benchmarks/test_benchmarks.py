"""The yardstick against plain arithmetic, the generator's promises, and the memory meter against memory held on purpose."""

import json
import sys
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from benchmarks import traffic, yardstick
from benchmarks.company import LOG_FOLDER, write_company
from benchmarks.measure import measure
from orchestration.registry import load_company

ROWS = 4_000
CLASSES = ("input_uncached", "cache_read", "cache_write_other", "output")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "company"
    write_company(folder)
    logged = traffic.write_logs(folder / LOG_FOLDER, ROWS, seed=7)
    assert logged > ROWS
    return folder


def logged_rows(company: Path) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(
            'select request_id, cast("startTime" as date), api_key, model, status, prompt_tokens, completion_tokens, metadata '
            f"from read_parquet('{company / LOG_FOLDER}/*.parquet') order by all"
        ).fetchall()


def test_the_company_is_valid(company: Path) -> None:
    assert load_company(company).sources["litellm"].path == f"{LOG_FOLDER}/*.parquet"


def test_the_traffic_has_its_shape_and_its_seed(company: Path, tmp_path: Path) -> None:
    rows = logged_rows(company)
    ids = [row[0] for row in rows]
    assert len(set(ids)) == ROWS < len(ids)
    assert len({row[1] for row in rows}) == traffic.DAYS
    assert {row[3] for row in rows} == {model for model, *_ in traffic.MODELS}
    statuses = [row[4] for row in rows]
    assert 0.01 < statuses.count("failure") / len(rows) < 0.03
    assert 0.03 < sum("token_evidence" in row[7] for row in rows) / len(rows) < 0.07
    calls_of_key = Counter(row[2] for row in rows)
    assert calls_of_key.most_common(1)[0][1] > 20 * ROWS / traffic.KEYS
    traffic.write_logs(tmp_path / "company" / LOG_FOLDER, ROWS, seed=7)
    assert logged_rows(tmp_path / "company") == rows
    traffic.write_logs(tmp_path / "other" / LOG_FOLDER, ROWS, seed=8)
    assert logged_rows(tmp_path / "other") != rows


def test_the_yardstick_equals_plain_arithmetic(company: Path, tmp_path: Path) -> None:
    wanted: dict[tuple, Decimal] = defaultdict(Decimal)
    costs: dict[tuple, Decimal] = defaultdict(Decimal)
    for _, day, key, model, status, prompt, completion, metadata in {
        row[0]: row for row in logged_rows(company)
    }.values():
        if status != "success":
            continue
        used = json.loads(metadata).get(
            "usage_object", {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        )
        read, write = used["cache_read_input_tokens"], used["cache_creation_input_tokens"]
        counts = (prompt - read - write, read, write, completion)
        wanted[day, key, model, "request"] += 1
        for name, count, price in zip(CLASSES, counts, traffic.price(model, day), strict=True):
            wanted[day, key, model, name] += count
            costs[day, key, model, name] += count * price / 1_000_000
    target = tmp_path / "yardstick.parquet"
    yardstick.run(company, target)
    with duckdb.connect() as connection:
        got = connection.execute(f"from read_parquet('{target}')").fetchall()
    assert {row[:4]: row[4] for row in got} == {group: count for group, count in wanted.items() if count}
    assert {row[:4]: row[5] for row in got if row[3] != "request"} == {
        group: costs[group] for group in costs if wanted[group]
    }


def test_the_meter_sees_memory_of_a_child(tmp_path: Path) -> None:
    child = "import time; held = bytearray(200_000_000); time.sleep(1)"
    parent = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {child!r}]))"
    measured = measure([sys.executable, "-c", parent], cwd=tmp_path)
    assert measured.exit_code == 0 and measured.seconds >= 1
    assert 200_000_000 < measured.peak_bytes < 400_000_000
    assert measure([sys.executable, "-c", "import sys; print('no'); sys.exit(3)"]).exit_code == 3
