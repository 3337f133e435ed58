"""The yardstick against plain arithmetic, the generator's promises, and the memory meter against memory held on purpose."""

import csv
import json
import shutil
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from benchmarks import traffic, yardstick
from benchmarks.agreement import differences
from benchmarks.company import INITIATIVES, LOG_FOLDER, OWNED_KEYS, write_company
from benchmarks.logs import link_logs
from benchmarks.measure import Measured, measure
from benchmarks.results import plot, record, table
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


def test_a_day_written_anew_holds_other_calls_and_only_they(company: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(company / LOG_FOLDER, logs)
    day = traffic.FIRST_DAY + timedelta(days=3)
    traffic.write_day(logs, day, 50, seed=9)
    rows = duckdb.sql(
        f"select request_id, cast(\"startTime\" as date) from '{logs}/spend_logs_{day}_*.parquet'"
    ).fetchall()
    assert len({request_id for request_id, _ in rows}) == 50
    assert {found for _, found in rows} == {day}
    assert not {request_id for request_id, _ in rows} & {row[0] for row in logged_rows(company)}


def counted(company: Path) -> tuple[dict[tuple, Decimal], dict[tuple, Decimal]]:
    """Quantity and cost by day, key, model and token class, in plain arithmetic."""
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
    return wanted, costs


@pytest.fixture(scope="module")
def answers(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    yardstick.run(company, folder)
    return folder


def answered(answers: Path, query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        for path in answers.glob("*.parquet"):
            connection.execute(f"create view {path.stem} as from '{path}'")
        return connection.execute(query).fetchall()


def test_usage_of_the_yardstick_equals_plain_arithmetic(company: Path, answers: Path) -> None:
    wanted, costs = counted(company)
    got = answered(answers, "select usage_date, api_key_id, model_id, token_class, quantity, list_cost from usage")
    assert {row[:4]: row[4] for row in got} == {group: count for group, count in wanted.items() if count}
    assert {row[:4]: row[5] for row in got if row[3] != "request"} == {
        group: costs[group] for group in costs if wanted[group]
    }


def test_owners_margins_and_run_rates_of_the_yardstick_equal_plain_arithmetic(company: Path, answers: Path) -> None:
    _, costs = counted(company)
    numbers = {traffic.key_hash(number): number for number in range(traffic.KEYS)}
    owned: dict[tuple, Decimal] = defaultdict(Decimal)
    days: dict[date, Decimal] = defaultdict(Decimal)
    for (day, key, *_), cost in costs.items():
        days[day] += cost
        number = numbers[key]
        if number < OWNED_KEYS:
            owned[day, list(INITIATIVES)[number % len(INITIATIVES)], "operations"] += cost
        elif number % traffic.TEAMS == 1:
            owned[day, None, "engineering"] += cost
        else:
            owned[day, None, None] += cost
    got = answered(
        answers, "select cost_date, initiative_id, department_id, sum(allocated_cost) from allocated group by all"
    )
    assert {row[:3]: row[3] for row in got} == {group: cost for group, cost in owned.items() if cost}

    first = traffic.FIRST_DAY
    (margin,) = answered(
        answers,
        f"select revenue, ai_cogs, gross_profit from margin where margin_date = date '{first}' and product_id = 'library'",
    )
    cost = owned[first, "search", "operations"]
    assert margin == (Decimal(1100), cost, Decimal(1100) - cost)

    rates = dict(answered(answers, "from run_rate"))
    assert len(rates) == traffic.DAYS - 27
    window = [days[traffic.LAST_DAY - timedelta(days=back)] for back in range(28)]
    exact = Fraction(sum(map(Fraction, window))) / 28 * Fraction("365.25") / 12
    assert abs(Fraction(rates[traffic.LAST_DAY]) - exact) <= Fraction(1, 2 * 10**9)


def test_a_rule_that_names_another_initiative_moves_the_cost_of_its_key(company: Path, tmp_path: Path) -> None:
    moved = tmp_path / "company"
    shutil.copytree(company, moved)
    write_company(moved, moved={0: "search"})
    yardstick.run(moved, tmp_path / "answers")
    yardstick.run(company, tmp_path / "before")
    query = "select initiative_id, sum(allocated_cost) from allocated where initiative_id is not null group by all"
    after, before = dict(answered(tmp_path / "answers", query)), dict(answered(tmp_path / "before", query))
    assert after["assistant"] < before["assistant"] and after["triage"] == before["triage"]
    assert after["assistant"] + after["search"] == before["assistant"] + before["search"]


def publish_as(answers: Path, published: Path, change: str = "true") -> None:
    """The yardstick's own answers in the shape of a publication; ``change`` filters the rows of usage."""
    shapes = {
        "fct_usage": f"from usage where {change}",
        "fct_allocated_costs": "from allocated",
        "gross_margin_by_product_day": "from margin",
        "run_rate_by_company_day": "select *, 28 as days_observed from run_rate",
    }
    with duckdb.connect() as connection:
        for path in answers.glob("*.parquet"):
            connection.execute(f"create view {path.stem} as from '{path}'")
        for table, query in shapes.items():
            (published / table).mkdir(parents=True)
            connection.execute(f"copy ({query}) to '{published / table}/data.parquet'")


def test_agreement_sees_a_row_that_one_side_lacks(answers: Path, tmp_path: Path) -> None:
    publish_as(answers, tmp_path / "same")
    assert set(differences(tmp_path / "same", answers).values()) == {0}
    publish_as(answers, tmp_path / "less", "quantity <> (select max(quantity) from usage)")
    assert differences(tmp_path / "less", answers) == {"usage": 1, "allocated": 0, "margin": 0, "run_rate": 0}


def test_logs_are_generated_once_and_linked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link_logs(tmp_path / "cache", tmp_path / "one", 500, seed=3)
    assert "generated" in capsys.readouterr().out
    link_logs(tmp_path / "cache", tmp_path / "two", 500, seed=3)
    assert capsys.readouterr().out == ""
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == traffic.DAYS
    assert all((tmp_path / "one" / name).samefile(tmp_path / "two" / name) for name in names)


def test_the_meter_sees_time_and_memory_of_a_child_and_its_stages(tmp_path: Path) -> None:
    child = "import time; held = bytearray(200_000_000); end = time.process_time() + 1\nwhile time.process_time() < end: pass"
    parent = (
        "import subprocess, sys; print('warming up: finished in 0.0 s'); "
        f"code = subprocess.call([sys.executable, '-c', {child!r}]); "
        "print('work: finished in 1.0 s'); sys.exit(code)"
    )
    measured = measure([sys.executable, "-c", parent], cwd=tmp_path)
    assert measured.exit_code == 0 and measured.seconds >= 1
    assert 1 <= measured.cpu_seconds < 5
    assert 200_000_000 < measured.peak_bytes < 400_000_000
    assert [stage.name for stage in measured.stages] == ["warming up", "work", "the rest"]
    assert measured.stages[1].cpu_seconds >= 0.9
    assert sum(stage.cpu_seconds for stage in measured.stages) == pytest.approx(measured.cpu_seconds, abs=0.05)
    assert measure([sys.executable, "-c", "import sys; print('no'); sys.exit(3)"]).exit_code == 3


def test_a_process_that_outlives_the_command_is_counted() -> None:
    """As Spark's does: its parent ends without waiting for it, and no system counts it with the parent then."""
    child = "import time\nwhile time.process_time() < 1: pass\nprint('done', flush=True); time.sleep(60)"
    parent = (
        f"import os, subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE); "
        f"child.stdout.readline(); time.sleep(0.5); child.kill(); os._exit(0)"
    )
    assert measure([sys.executable, "-c", f"import time; {parent}"]).cpu_seconds >= 1


def test_results_are_kept_with_their_version_and_shown(tmp_path: Path) -> None:
    run = Measured(20.04, 30.06, 512_000_000, 0, "", ())
    for rows in (1_000, 100_000):
        kept = {"yardstick": replace(run, cpu_seconds=6.0), "run": run}
        record("full", rows, kept, Path(__file__).parent, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["case"], line["rows"], line["program"], line["cpu_seconds"]) for line in lines] == [
        ("full", "1000", "yardstick", "6.0"),
        ("full", "1000", "run", "30.1"),
        ("full", "100000", "yardstick", "6.0"),
        ("full", "100000", "run", "30.1"),
    ]
    assert lines[0]["version"]
    assert "| full | 1,000 | 30.1 | 20.0 s | 512 MB | 6.0 | 5.0 |" in table(lines)
    drawn = ElementTree.fromstring(plot(lines))
    assert len(drawn.findall("{http://www.w3.org/2000/svg}circle")) == 4
