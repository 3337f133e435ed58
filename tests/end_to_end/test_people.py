"""A company whose people are known by names that occur nowhere else, run whole: under the stricter values of ``policy.people``
what leaves the home shows nobody, adds up to the same amounts, and guardrails go on by who it really is.
"""

import io
import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest

from dashboard.site import write_site
from orchestration.enforcement.facts import Facts, read_facts
from orchestration.people import DEPARTMENTS_ONLY, NAMES, PSEUDONYMS
from orchestration.prices.calls import CallPrices
from orchestration.project import Home
from orchestration.publish.layout import read_layouts
from orchestration.publish.snapshot import publish
from orchestration.summary.collect import collect
from orchestration.summary.show import write_summary
from orchestration.warehouse import connect
from tests.connectors.loopback_server import Answer, LoopbackServer, Request
from tests.end_to_end.command_line import tokenomics
from tests.end_to_end.tiny_company import KEY, TinyOpenAI, all_days, gateway_rows, write_tiny_company

ADA, BELA = "usr_Quillon7", "usr_Zorn88"
NAMED = ("quillon7", "zorn88", "ada.wrenfield", "wrenfield", "bela.thistledown", "thistledown", "stranger.gale")
OWNER = "owner@company.example"
GUARDRAILS = """
adapters:
  litellm: {apply: false}
caps:
  - {cap_id: developers, subject: developer, ids: "usr_*", windows: [{window: daily, amount: "0.00001"}]}
overrides:
  - {cap_id: developers, id: usr_Zorn88, window: daily, amount: "0.5", starts_at: 2026-10-04T08:00:00Z,
     expires_at: 2026-10-09T08:00:00Z, approver: bela.thistledown@company.example, reason: asked for by Ada Wrenfield}
"""


@dataclass(frozen=True)
class PublishedAs:
    """What one run left: the bytes and values of everything that leaves the home, money by table and column, the facts."""

    said: str
    money: dict[tuple[str, str], Decimal | None]
    doubles: list[str]
    facts: Facts


class WithPeople(TinyOpenAI):
    """The same company with directories that name people."""

    def answer(self, request: Request) -> Answer:
        if request.path.endswith("/users"):
            data = [
                {
                    "object": "organization.user",
                    "id": ADA,
                    "name": "Ada Wrenfield",
                    "email": "ada.wrenfield@company.example",
                }
            ]
            return Answer({"object": "list", "data": data, "first_id": ADA, "last_id": ADA, "has_more": False})
        return super().answer(request)


def write_company(target: Path, url: str) -> Path:
    company = write_tiny_company(target, url)
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(gateway_rows(all_days())):
        key = ("key-shared", "key-of-ada.wrenfield")[number % 2]
        rows.append(row | {"user": ADA if number % 2 else (ADA, BELA)[number // 2 % 2], "api_key": key})
    (company / "logs" / "gateway.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (company / "ledgers" / "people.csv").write_text(
        "actor_id,department_id,function,email,valid_from\n"
        f"{ADA},dept_product,engineering,ada.wrenfield@company.example,\n"
        f"{BELA},dept_product,engineering,bela.thistledown@company.example,\n"
        "usr_3,dept_product,engineering,third@company.example,stranger.gale@company.example\n"
    )
    initiatives = company / "initiatives.yaml"
    initiatives.write_text(
        initiatives.read_text().replace("name: Assistant", "name: Bela Thistledown's assistant")
        + "  - {initiative_id: notes, name: Notes, kind: internal_workflow, stage: core, department_id: dept_product, "
        "owner: bela.thistledown@company.example, complexity: basic, started_on: 2026-10-01}\n"
    )
    (company / "guardrails.yaml").write_text(GUARDRAILS)
    return company


def money_of(published: Path) -> tuple[dict[tuple[str, str], Decimal | None], list[str]]:
    """The sum of every decimal column but prices; tables in which a person shows twice in a row's key."""
    sums = {}
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from information_schema.columns where data_type like 'DECIMAL%' "
            "and column_name not like '%unit_price%' order by all"
        ).fetchall()
        for table, column in columns:
            (sums[table, column],) = connection.execute(f'select sum("{column}") from "{table}"').fetchone() or (None,)
        doubles = [
            table
            for table, key in (("fct_usage", "usage_key"), ("spend_by_developer_day", "actor_id, spend_date"))
            if connection.execute(f"select 1 from {table} group by {key} having count(*) > 1").fetchall()
        ]
    return sums, doubles


def everything(*folders: Path) -> str:
    found = []
    for folder in folders:
        for path in sorted(folder.resolve().rglob("*")):
            if path.suffix == ".parquet":
                found.append(str(duckdb.connect().read_parquet(str(path)).fetchall()))
            elif path.suffix == ".duckdb":
                with duckdb.connect(str(path), read_only=True) as connection:
                    tables = connection.execute("select table_name from duckdb_tables()").fetchall()
                    found += [str(connection.execute(f'from "{table}"').fetchall()) for (table,) in tables]
            elif path.suffix == ".xlsx":
                with ZipFile(path) as workbook:
                    found += [workbook.read(name).decode() for name in workbook.namelist()]
            if path.is_file() and path.name != "sent.state":
                found.append(path.read_bytes().decode("latin-1"))
    return "\n".join(found).lower()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PublishedAs]:
    """One home, run by department alone; what that built is published once more by name, and once under pseudonyms."""
    folder = tmp_path_factory.mktemp("people")
    home = folder / "home"
    with LoopbackServer(WithPeople().answer) as server:
        company = write_company(folder / "company", server.url)
        with (company / "company.yaml").open("a") as file:
            file.write(f"policy: {{people: {DEPARTMENTS_ONLY}}}\n")
        done = tokenomics("run", "--company", company, "--home", home, "--as-of", "2026-10-05", OPENAI_ADMIN_KEY=KEY)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        alerts = tokenomics("alerts", "--company", company, "--home", home)
    found = {DEPARTMENTS_ONLY: look(home, done.stdout + alerts.stdout, home / "evidence", home / "alerts")}
    for mode in (NAMES, PSEUDONYMS):
        with connect(home / "warehouse.duckdb") as connection:
            publish(
                connection,
                home,
                run_id=mode,
                as_of=date(2026, 10, 5),
                company_id="tiny",
                version="1",
                layouts=read_layouts(Home(home).manifest),
                write_pages=partial(write_site, kept_charts=home / "charts"),
                people=mode,
            )
        summary = io.StringIO()
        write_summary(collect(home / "published"), summary)
        found[mode] = look(home, summary.getvalue())
    return found


def look(home: Path, printed: str, *more: Path) -> PublishedAs:
    facts = read_facts(Home(home), CallPrices((), "USD"))
    said = everything(home / "published", *more) + printed.lower()
    return PublishedAs(said, *money_of(home / "published"), replace(facts, run_id=None))


@pytest.mark.parametrize("mode", [DEPARTMENTS_ONLY, PSEUDONYMS])
def test_nobody_is_in_any_byte_that_leaves_the_home(runs: dict[str, PublishedAs], mode: str) -> None:
    assert [name for name in NAMED if name in runs[mode].said] == []
    assert OWNER in runs[mode].said


def test_by_name_they_are_there(runs: dict[str, PublishedAs]) -> None:
    assert [name for name in NAMED if name not in runs[NAMES].said] == []


@pytest.mark.parametrize("mode", [DEPARTMENTS_ONLY, PSEUDONYMS])
def test_every_amount_is_the_same(runs: dict[str, PublishedAs], mode: str) -> None:
    assert runs[mode].money == runs[NAMES].money
    assert runs[NAMES].money["fct_allocated_costs", "allocated_cost"]
    assert runs[NAMES].money["spend_by_developer_day", "allocated_cost"]
    assert runs[mode].doubles == []


@pytest.mark.parametrize("mode", [DEPARTMENTS_ONLY, PSEUDONYMS])
def test_guardrails_know_everybody(runs: dict[str, PublishedAs], mode: str) -> None:
    by_name, found = runs[NAMES].facts, runs[mode].facts

    assert {cap.subject_id for cap in by_name.caps} >= {ADA, BELA}
    assert {day.actor for day in by_name.days} == {ADA, BELA}
    assert sorted(found.caps, key=str) == sorted(by_name.caps, key=str)
    assert sorted(found.days, key=str) == sorted(by_name.days, key=str)
    assert found.keys_of_developer == by_name.keys_of_developer == {ADA: ("key-of-ada.wrenfield",)}
    assert found.owners == by_name.owners
    assert found.missing == by_name.missing == ()
