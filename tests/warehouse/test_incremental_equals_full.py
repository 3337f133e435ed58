"""Whatever happens to the gateway's log, its prices, owners, zones of caps and as-of day, a warehouse that followed it day by
day, killed in between, holds the rows of one that was built at once.

dbt runs the models on real files; what happens is drawn from a seed. SEEDS=n draws n histories.
"""

import os
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from orchestration import gateway_days
from orchestration.landing.store import Landing
from orchestration.project import Home
from orchestration.transform.invoke import invoke
from orchestration.warehouse import begin_build, connect, prepare, record_built
from tests.dbt_project.warehouse_rows import declared_source, moment, price, request, row

FIRST, DAYS, STEPS = date(2026, 7, 1), 12, 7
COMPARED_AFTER = (2, 4, 6)
ZONE = "America/New_York"
LOG = ("litellm", "spend_logs")
FOLLOWING = (
    "int_gateway_usage_summed_by_hour",
    "int_gateway_requests_on_several_days",
    "int_gateway_key_aliases_by_day",
)
COMPARED = (
    *FOLLOWING,
    "int_usage_valued",
    "int_gateway_duplicates_valued",
    "fct_usage",
    "fct_usage_by_hour",
    "dim_api_keys",
)
SELECT = "+fct_usage +fct_usage_by_hour +int_gateway_duplicates_valued +dim_api_keys"
Rows = list[dict[str, Any]]


class History:
    """What happens to one company, step by step; every draw comes from the seed."""

    def __init__(self, seed: int, landing: Landing) -> None:
        self.random, self.landing = random.Random(seed), landing
        self.files: dict[str, Rows] = {}
        self.number, self.as_of = 0, FIRST + timedelta(days=5)
        self.happened: list[str] = []
        self._land("registry", "sources", [declared_source("litellm")])
        self._land("registry", "company", [row("registry", "company", company_id="c")])
        self.repriced()
        self.reowned()
        self.new_days()

    def step(self) -> None:
        events: list[Callable[[], None]] = [
            *(self.new_days, self.late, self.restated, self.withdrawn, self.withdrawn),
            *(self.repeated, self.repeated_another_day, self.repeated_another_day, self.under_another_id),
            *(self.reowned, self.repriced, self.redated, self.as_of_moved, self.recapped),
        ]
        for event in self.random.sample(events, self.random.randint(1, 3)):
            event()
            self.happened.append(event.__name__)

    def new_days(self) -> None:
        self._land_file(self._rows(self.random.randint(1, 3)))

    def late(self) -> None:
        self._land_file(self._rows(1, last=3))

    def restated(self) -> None:
        name = self._file()
        rows = [{**one, "completion_tokens": self.random.randint(0, 9)} for one in self.files[name]]
        self._land_file([*rows, *self._rows(1)], name)

    def withdrawn(self) -> None:
        name = self.random.choice([self._file(), list(self.files)[-1]])
        if len(self.files) > 1:
            del self.files[name]
            with self.landing.batch(*LOG) as batch:
                batch.withdraw(name)

    def repeated(self) -> None:
        again = self.random.sample(self.files[self._file()], 1)
        self._land_file([{**one, "status": self.random.choice(["success", "failure"])} for one in again])

    def repeated_another_day(self) -> None:
        again = self.random.sample(self.files[self._file()], 1)
        self._land_file([{**one, "started_at": self._moment(DAYS)} for one in again])

    def under_another_id(self) -> None:
        """The row of a call again, under another request id, and now and then without the call's id."""
        (one,) = self.random.sample(self.files[self._file()], 1)
        call_id = one["call_id"] or one["request_id"]
        self.number += 1
        same = {**one, "request_id": f"id-{self.number}", "call_id": call_id}
        unnamed = [{**same, "call_id": None}] if self.random.random() < 0.5 else []
        self._land_file([{**same, "status": self.random.choice(["success", "failure"])}, *unnamed])

    def reowned(self) -> None:
        rules = [
            row(
                "registry",
                "ownership_rules",
                rule_id=f"r{n}",
                priority=n,
                api_key_id_pattern=f"k{n}",
                initiative_id="i",
            )
            | {"valid_from": self.random.choice([None, FIRST + timedelta(days=3)])}
            for n in self.random.sample(range(3), 2)
        ]
        self._land("registry", "ownership_rules", rules)

    def repriced(self) -> None:
        tiers = self.random.choice([[0], [0, 500], [0, 300, 600]])
        classes = ("input_uncached", "cache_read", "output")
        self._land(
            *("prices", "price_book"),
            [
                price(
                    "openai", str(self.random.randint(1, 9)), token_class=name, context_tier_start=tier, model_id=model
                )
                for name in classes
                for tier in tiers
                for model in ("m0", "m1")
            ],
        )

    def recapped(self) -> None:
        self.capped_in(*self.random.sample(["Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo"], self.random.randint(0, 2)))

    def capped_in(self, *zones: str) -> None:
        self._land("registry", "caps", [row("registry", "caps", cap_id=zone, time_zone=zone) for zone in zones])

    def redated(self) -> None:
        name = self._file()
        shift = timedelta(hours=self.random.randint(-40, 40))
        self._land_file([{**one, "started_at": one["started_at"] + shift} for one in self.files[name]], name)

    def as_of_moved(self) -> None:
        self.as_of = FIRST + timedelta(days=self.random.randint(2, DAYS))

    def _rows(self, days: int, last: int = DAYS) -> Rows:
        rows = []
        for _ in range(days * 4):
            self.number += 1
            prompt = self.random.randint(0, 900)
            given = {
                "started_at": self._moment(last),
                "api_key": f"k{self.random.randint(0, 3)}",
                "key_alias": self.random.choice([None, "", "search", "desk"]),
                "model": f"m{self.random.randint(0, 2)}",
                "status": self.random.choice(["success", "success", "failure"]),
                "completion_tokens": self.random.randint(0, 9),
                "cache_read_tokens": prompt // 3,
                "has_token_evidence": prompt > 100,
                "call_id": self.random.choice([None, f"call-{self.random.randint(0, 9)}", f"id-{self.number - 1}"]),
                "is_served": self.random.choice([None, True, True, False]),
                "service_tier": self.random.choice([None, None, "flex"]),
                "cache_write_tokens": prompt // 3,
                "cache_write_1h_tokens": self.random.choice([None, prompt // 4]),
            }
            rows.append(request("openai", f"id-{self.number}", prompt, **given))
        return rows

    def _moment(self, last: int) -> Any:
        return moment(FIRST.isoformat()) + timedelta(minutes=self.random.randint(0, last * 24 * 60))

    def _file(self) -> str:
        return self.random.choice(sorted(self.files))

    def _land_file(self, rows: Rows, name: str | None = None) -> None:
        name = name or f"log_{self.number}_{len(self.happened)}.parquet"
        self.files[name] = rows
        times = sorted(one["started_at"] for one in rows)
        facts: dict[str, Any] = {"first_event_at": times[0].isoformat(), "last_event_at": times[-1].isoformat()}
        if self.random.random() < 0.7:
            days = [time.date().isoformat() for time in times]
            facts["days"] = {day: days.count(day) for day in days}
        with self.landing.batch(*LOG) as batch:
            batch.add_rows(name, rows, **facts)

    def _land(self, source: str, stream: str, rows: Rows) -> None:
        with self.landing.batch(source, stream) as batch:
            batch.add_rows("current", rows)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One home for all histories: dbt's manifest is bound to it."""
    return Home(tmp_path_factory.mktemp("home"))


def company() -> Any:
    config = SimpleNamespace(
        reporting_time_zone=ZONE, reporting_currency="USD", fiscal_year_start_month=1, company_id="c"
    )
    return SimpleNamespace(config=config, policy=SimpleNamespace(version="p"))


def build(home: Home, history: History, select: str = SELECT, *, full: bool = False, is_killed: bool = False) -> None:
    with connect(home.warehouse) as connection:
        changed = prepare(connection, history.landing, company(), history.as_of, full_refresh=full)
        begin_build(connection, changed)
    failed = [one.message for one in invoke(home, ["run", "--select", *select.split()]) if one.is_failed]
    assert not failed, failed
    if not is_killed:
        with connect(home.warehouse) as connection:
            record_built(connection, company())


def test_a_batch_that_fails_leaves_the_sums_as_they_were_and_the_next_build_heals(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_days, "BATCH_ROWS", 1)
    history = History(0, Landing(tmp_path / "landing"))
    home.warehouse.unlink(missing_ok=True)
    build(home, history)
    before = tables(home)[FOLLOWING[0]]
    history.new_days()
    history.new_days()
    damaged = max(history.landing.current_files(*LOG), key=lambda file: file.stat().st_mtime_ns)
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    with connect(home.warehouse) as connection:
        begin_build(connection, prepare(connection, history.landing, company(), history.as_of))
    assert any(one.is_failed for one in invoke(home, ["run", "--select", FOLLOWING[0]]))
    assert tables(home, FOLLOWING[:1])[FOLLOWING[0]] == before
    damaged.write_bytes(content)
    build(home, history)
    healed = tables(home)
    assert healed[FOLLOWING[0]] != before
    build(home, history, full=True)
    assert healed == tables(home)


def tables(home: Home, names: tuple[str, ...] = COMPARED) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        schemas = {name: "marts" if name.startswith(("fct_", "dim_")) else "intermediate" for name in names}
        return {name: connection.execute(f"from {schemas[name]}.{name} order by all").fetchall() for name in names}


def test_a_cap_in_a_zone_off_the_hour_divides_the_hours_of_history(home: Home, tmp_path: Path) -> None:
    """Midnights of Kolkata lie within an hour of UTC. The hours that are published stay whole."""
    history = History(1, Landing(tmp_path / "landing"))
    around = [moment(f"2026-07-0{day}") + timedelta(hours=18, minutes=minute) for day in (2, 3) for minute in (10, 45)]
    history._land_file([request("openai", f"at-{at}", 400, started_at=at, api_key="k0", model="m0") for at in around])
    home.warehouse.unlink(missing_ok=True)
    build(home, history)
    whole = tables(home)
    history.capped_in("Asia/Kolkata")
    build(home, history)
    divided = tables(home)
    assert divided[FOLLOWING[0]] != whole[FOLLOWING[0]]
    assert {name: divided[name] for name in COMPARED[1:]} == {name: whole[name] for name in COMPARED[1:]}
    build(home, history, full=True)
    assert tables(home) == divided
    history.capped_in("Asia/Tokyo")
    build(home, history)
    assert tables(home) == whole


@pytest.mark.parametrize("seed", range(int(os.environ.get("SEEDS", "1"))))
def test_a_followed_warehouse_equals_one_built_at_once(seed: int, home: Home, tmp_path: Path) -> None:
    history = History(seed, Landing(tmp_path / "landing"))
    followed, at_once = tmp_path / "followed.duckdb", tmp_path / "at_once.duckdb"
    home.warehouse.unlink(missing_ok=True)
    build(home, history)
    for number in range(STEPS):
        history.step()
        if history.random.random() < 0.4:
            build(home, history, f"+{history.random.choice(FOLLOWING)}", is_killed=True)
            history.random.choice([history.step, history.withdrawn])()
        build(home, history)
        if number not in COMPARED_AFTER:
            continue
        got = tables(home)
        home.warehouse.rename(followed)
        build(home, history, full=True)
        wanted = tables(home)
        home.warehouse.rename(at_once)
        followed.rename(home.warehouse)
        for name in COMPARED:
            assert got[name] == wanted[name], (name, history.happened)
    assert sum(row[-1] for row in wanted["fct_usage_by_hour"]) > Decimal(0)
