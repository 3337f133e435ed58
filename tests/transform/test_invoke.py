"""dbt in this process sees no secret and leaves nothing open or changed behind it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.store import Landing
from orchestration.landing.streams import stream_schema
from orchestration.transform import invoke as called
from orchestration.transform.invoke import DbtStopped, failure_lines, invoke
from tests.transform.conftest import ROOT, SmallProject

SECRET = "sk-example-33ee44ff"
READS_ENVIRONMENT = """
{{ config(materialized='table') }}
select '{{ env_var("OPENAI_ADMIN_KEY", "absent") }}' as key, '{{ env_var("FROM_DOTENV_KEY", "absent") }}' as dotenv
"""
OPENS = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("create table theirs as select 1")
"""
SETTINGS = """
{{ config(materialized='table') }}
select current_setting('threads') as threads, current_setting('TimeZone') as zone, current_setting('memory_limit') as memory
"""
LONG = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
from pathlib import Path
from tests.transform.conftest import ROOT
from orchestration import project
from orchestration.transform import invoke as called, runner
project.DBT_PROJECT = runner.DBT_PROJECT = runner.DBT_PROFILES = Path(sys.argv[1])
print("begun", flush=True)
called.invoke(project.Home(Path(sys.argv[2])), ["build"])
"""


def test_dbt_sees_no_secret_and_the_environment_comes_back(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("seen.sql", READS_ENVIRONMENT)
    (small.folder.parent / ".env").write_text(f"FROM_DOTENV_KEY={SECRET}\n")
    monkeypatch.chdir(small.folder.parent)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", SECRET)
    before = dict(os.environ)

    small.build()

    assert small.rows("from marts.seen") == [("absent", "absent")]
    assert dict(os.environ) == before
    assert Path.cwd() == small.folder.parent
    assert not any(SECRET in path.read_bytes().decode(errors="replace") for path in small.home.root.rglob("*.json"))


def test_the_warehouse_is_in_utc_and_has_every_core_only_where_rows_are_many(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("settings.sql", SETTINGS)
    monkeypatch.setattr(called, "FEW_ROWS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    landing = Landing(small.home.landing)
    rows = [
        dict.fromkeys(
            name for name in stream_schema("registry", "policy").names if name not in ("partition", "load_id")
        )
    ]
    with landing.batch("registry", "policy") as batch:
        batch.add_rows("a", rows)
    small.build()
    one = small.rows("from marts.settings")

    with landing.batch("registry", "policy") as batch:
        batch.add_rows("b", rows)
    small.build()
    assert [*one, *small.rows("from marts.settings")] == [(1, "UTC", "1.3 GiB"), (3, "UTC", "1.3 GiB")]


def test_we_and_another_process_may_open_the_warehouse_after_the_call(small: SmallProject) -> None:
    small.write("one.sql", "select 1 as n")
    small.build()
    with duckdb.connect(str(small.home.warehouse), config={"threads": 1}) as connection:
        assert connection.execute("from marts.one").fetchall() == [(1,)]
    subprocess.run([sys.executable, "-c", OPENS, str(small.home.warehouse)], check=True)
    assert small.rows("from theirs") == [(1,)]


def test_results_say_what_was_built_what_failed_and_what_was_skipped(small: SmallProject) -> None:
    small.write("good.sql", "select 1 as n")
    small.write("wrong.sql", "select n from {{ ref('good') }} where no_such_column = 1")
    small.write("below.sql", "select n from {{ ref('wrong') }}")
    small.write(
        "good.yml",
        "models: [{name: good, columns: [{name: n, data_tests: [{accepted_values: {arguments: {values: [2]}}}]}]}]",
    )
    results = small.build()
    told = failure_lines(list(results.values()))

    assert results["good"].status == "success"
    assert results["below"].status == "skipped" and not results["below"].was_run
    test = results["accepted_values_good_n__2"]
    assert (test.status, test.failures, test.is_failed) == ("fail", 1, True)
    assert any(line.startswith("test accepted_values_good_n__2") and "Got 1 result" in line for line in told)
    assert sorted(small.ended) == sorted(result.unique_id for result in results.values())


def test_a_number_too_large_for_a_model_is_told_with_the_largest_that_were_read(small: SmallProject) -> None:
    small.build()
    with duckdb.connect(str(small.home.warehouse)) as connection:
        connection.execute(
            "create schema landing; create table landing.ledgers__revenue as select 'ledgers/revenue.csv' as file, "
            "2::bigint as line, -98765432109876.5::decimal(38, 9) as amount, 'p' as partition union all "
            "select 'ledgers/revenue.csv', 3, 12, 'p'; create table landing.prices__price_book as "
            "select 75::decimal(18, 6) as price_per_million, 'list' as partition"
        )
    small.write(
        "sources.yml",
        "sources: [{name: landing, schema: landing, tables: [{name: ledgers__revenue}, {name: prices__price_book}]}]",
    )
    small.write("read.sql", "select amount from {{ source('landing', 'ledgers__revenue') }}")
    for name, product in {
        "multiplied": "amount * amount",
        "narrowed": "cast(amount as decimal(18, 9))",
        "counted": "cast(cast(amount as hugeint) * 1000000 as bigint)",
    }.items():
        small.write(
            f"{name}.sql",
            f"{{{{ config(materialized='table') }}}} select {product} as n from {{{{ ref('read') }}}} "
            "cross join {{ source('landing', 'prices__price_book') }}",
        )

    told = failure_lines(list(small.build().values()))

    assert sorted(told) == [
        f"a number, or a product of two, is larger than can be held. Largest of what {name} follows from: "
        "98765432109876.5 (amount of ledgers__revenue, ledgers/revenue.csv line 2), 75 (price_per_million of "
        f"prices__price_book, list); correct the row that is wrong, and report this line if none is (model {name})"
        for name in ("counted", "multiplied", "narrowed")
    ]


def test_a_project_that_cannot_start_says_why(small: SmallProject) -> None:
    small.write("one.sql", "select 1 as n")
    with pytest.raises(DbtStopped, match="no_such_selector"):
        invoke(small.home, ["build", "--selector", "no_such_selector"])


def test_no_log_and_no_artefact_but_the_results(small: SmallProject) -> None:
    small.write("one.sql", "select 1 as n")
    small.build()
    before = {path: path.stat().st_mtime_ns for path in small.home.dbt_target.glob("*")}
    small.build()
    after = {path: path.stat().st_mtime_ns for path in small.home.dbt_target.glob("*")}
    assert {path.name for path in after if before[path] != after[path]} <= {
        "run_results.json",
        "graph_summary.json",
        "compiled",
        "run",
    }
    assert list(small.home.dbt_logs.glob("*")) == []


def _end(process: subprocess.Popen[str], how: signal.Signals) -> str:
    """What the process said until it ended; a person interrupts again if it was between two queries and went on."""
    try:
        for _ in range(20):
            time.sleep(0.5)
            process.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=5)[1]
        raise AssertionError("it did not end")
    finally:
        process.kill()


def test_a_build_that_is_ended_in_the_middle_leaves_what_stood_and_heals(small: SmallProject) -> None:
    small.write("big.sql", "{{ config(materialized='table') }} select 1 as n")
    small.build()
    for standing, how in enumerate((signal.SIGKILL, signal.SIGINT), start=1):
        _end_in_the_middle(small, how)
        assert small.rows("from marts.big") == [(standing,)]
        small.write("big.sql", f"{{{{ config(materialized='table') }}}} select {standing + 1} as n")
        small.build()
        assert small.rows("from marts.big") == [(standing + 1,)]


def _end_in_the_middle(small: SmallProject, how: signal.Signals) -> None:
    """Begin a build of long queries in a process of its own, and end it when a query is at work."""
    small.write(
        "big.sql",
        "{{ config(materialized='table') }} select sum(hash(a.range * b.range)) as n from range(200000) a, range(200000) b",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", LONG, small.folder, small.home.root],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    deadline = time.monotonic() + 60
    while (
        not (compiled := list(small.home.dbt_target.glob("compiled/**/big.sql")))
        or "200000" not in compiled[0].read_text()
    ):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    said = _end(process, how)
    assert process.returncode != 0
    assert how is signal.SIGKILL or "KeyboardInterrupt" in said
