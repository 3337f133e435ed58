"""A log that stays where it is, from sources.yaml to what is published: every table as if the log had been read here, but for
what single requests alone tell, which says so.
"""

import json
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.connectors.providers.litellm.extract import extract
from orchestration.landing.store import Landing
from orchestration.publish.compare import compare
from orchestration.registry import load_company
from tests.connectors.loopback_server import LoopbackServer
from tests.end_to_end.command_line import python, query, tokenomics, tokenomics_tables
from tests.end_to_end.tiny_company import FIRST, KEY, LAST, TinyOpenAI, gateway_rows, write_tiny_company

HERE = """
  litellm:
    mode: files
    path: logs/*.jsonl
    start_date: 2026-10-01
    complete_through: 2026-10-05
    empty_days: zero
"""
THERE = """
  litellm:
    mode: query
    rollup: duckdb
    path: gateway.duckdb
    table: logs.requests
    start_date: 2026-10-01
    lookback_days: 5
"""
OF_REQUESTS = {"ingestion_outcomes"}
"""What says how a source was read."""


def log_rows() -> list[dict[str, Any]]:
    """Five days of the tiny company, with failures, repeated requests, dear prompts, aliases and tags among them."""
    rows = gateway_rows([FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)])
    for number, row in enumerate(rows):
        if number % 7 == 0:
            row |= {"status": "failure", "completion_tokens": 0}
        if number % 5 == 0:
            row |= {"model": "gemini-3-pro-preview", "custom_llm_provider": "vertex_ai", "team_id": "blue"}
            row |= {"prompt_tokens": 200_000 + number % 2, "request_tags": '["nightly"]', "user": "ada"}
    again = [dict(row) for row in rows[::10]]
    elsewhere = [
        row | {"request_id": f"{row['request_id']}-b", "litellm_call_id": row["request_id"]} for row in again[:4]
    ]
    return [*rows, *again, *elsewhere]


class Site:
    """Two companies with one log: one whose log is read, and one whose log is summed by a database of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.here, self.there = (write_tiny_company(folder / name / "company", url) for name in ("here", "there"))
        for company, litellm in ((self.here, HERE), (self.there, THERE)):
            text = (company / "sources.yaml").read_text()
            (company / "sources.yaml").write_text(text.partition("  litellm:")[0].rstrip() + litellm)

    def write(self, rows: list[dict[str, Any]]) -> None:
        """The log as a file here, which is landed, and what landed as a table there, without where it came from."""
        lines = [json.dumps(row) for row in rows]
        (self.here / "logs" / "gateway.jsonl").write_text("".join(f"{line}\n" for line in lines))
        landing = Landing(self.home(self.here) / "landing")
        extract(load_company(self.here), landing, LAST, None)
        files = [str(file) for file in landing.current_files("litellm", "spend_logs")]
        database = self.there / "gateway.duckdb"
        database.unlink(missing_ok=True)
        with duckdb.connect(str(database)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("create schema logs")
            connection.execute(
                "create table logs.requests as select * exclude (partition, load_id) from read_parquet(?)", [files]
            )

    def run(self, company: Path) -> None:
        done = tokenomics_tables(*self.arguments(company), OPENAI_ADMIN_KEY=KEY)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]

    def arguments(self, company: Path) -> tuple[str | Path, ...]:
        return "run", "--company", company, "--home", self.home(company), "--as-of", str(LAST)

    def home(self, company: Path) -> Path:
        return company.parent / "home"

    def differing(self) -> set[str]:
        equal, differing = compare(self.home(self.here), self.home(self.there))
        assert len(equal) > 60
        return {one.table for one in differing}

    def days(self) -> dict[str, int]:
        held = Landing(self.home(self.there) / "landing").manifest("litellm", "rolled_up_usage")
        return {name: part.current.rows for name, part in held.items() if part.current is not None}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    with LoopbackServer(TinyOpenAI().answer) as server:
        built = Site(tmp_path_factory.mktemp("rollup"), server.url)
        built.write(log_rows())
        built.run(built.there)
        yield built


def test_a_day_says_what_is_not_known_of_it(site: Site) -> None:
    told = "select distinct stream, status, reason from t where source = 'litellm' and stream <> 'guardrail_settings'"
    assert query(site.home(site.there), "ingestion_outcomes", told) == [
        (
            "rolled_up_usage",
            "loaded",
            "summed where the log is: what passed after a cap was reached, runaway loops, and requests that other days hold as "
            "well are not known of this day",
        )
    ]


def test_check_and_rollup_speak_of_the_engine(site: Site) -> None:
    done = tokenomics("check", "--company", site.there, OPENAI_ADMIN_KEY=KEY)
    assert "litellm: reached; logs.requests has the columns that duckdb sums" in done.stdout, done.stdout + done.stderr
    asked = ("rollup", "--company", site.there, "--from", "2026-10-01", "--to", "2026-10-02")
    done = tokenomics(*asked)
    assert done.stdout.startswith("set timezone = 'UTC';\nWITH rollup_days AS (")
    with duckdb.connect(str(site.there / "gateway.duckdb"), read_only=True) as connection:
        assert len({row[1] for row in connection.execute(done.stdout).fetchall()}) == 2
    done = tokenomics(*asked, "--engine", "snowflake")
    assert done.stdout.startswith("alter session set timezone = 'UTC';\nWITH rollup_days AS (")


KILLED = """
import os, signal, sys
from orchestration.landing import store
write = store.write_atomically
def die(path, text):
    if "rolled_up_usage" in str(path):
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, text)
store.write_atomically = die
from orchestration.cli import app
app(sys.argv[1:])
"""


def test_a_withdrawn_day_is_gone_a_restated_one_replaced_and_a_kill_heals(site: Site) -> None:
    """Killed before the manifest: what stood stands. Then one day is gone, one has fewer requests, and every table is what it is
    in a home that reads this log itself.
    """
    before = site.days()
    gone, fewer = "2026-10-03", "2026-10-04"
    kept = [row for row in log_rows() if gone not in row["startTime"]]
    site.write([row for row in kept if fewer not in row["startTime"] or int(row["request_id"].split("-")[4]) % 2])
    killed = python(KILLED, *site.arguments(site.there), OPENAI_ADMIN_KEY=KEY)
    assert killed.returncode == -signal.SIGKILL
    assert site.days() == before
    site.run(site.there)
    now = site.days()
    assert now[gone] == 0 < before[gone]
    assert {day for day in now if now[day] != before[day]} == {gone, fewer}

    site.run(site.here)
    assert site.differing() <= OF_REQUESTS
    assert query(site.home(site.there), "fct_usage", "select count(*) > 30 from t where source = 'litellm'") == [
        (True,)
    ]
    dear = "token_class = 'input_uncached' and model_id like 'gemini%'"
    tiers = f"select count(distinct list_unit_price_per_million) from t where {dear}"
    assert query(site.home(site.there), "fct_usage", tiers) == [(2,)], "both context tiers were used"


def test_a_failed_read_is_no_empty_read(site: Site) -> None:
    before, database = site.days(), site.there / "gateway.duckdb"
    kept = database.with_suffix(".kept")
    database.rename(kept)
    done = tokenomics(*site.arguments(site.there), OPENAI_ADMIN_KEY=KEY)
    kept.rename(database)
    assert done.returncode == 1
    assert "the database gateway.duckdb is not there; correct path in sources.yaml" in done.stdout + done.stderr
    assert site.days() == before
