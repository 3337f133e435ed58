"""Books on a hand-built warehouse: the tables that movements rest on, in DuckDB, and statistics as landed streams."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from orchestration.budgets.booking import Booked, Graduated, book_scheduled, change_allocation, graduate
from orchestration.budgets.journal import Journal
from orchestration.landing.store import Landing

AS_OF = date(2026, 7, 31)
CFO = "cfo@company.example"
TABLES = (
    "create table intermediate.int_evaluation_calendar as select date '2026-07-31' as as_of_date",
    "create table intermediate.int_department_budgets_converted (department_id varchar, fiscal_period varchar, "
    "budget_class varchar, starts_on date, amount decimal(38,9))",
    "create table intermediate.int_allocations_declared (initiative_id varchar, department_id varchar, starts_on date, "
    "expires_on date, superseded_on date, amount decimal(38,9), declared_amount decimal(38,9), continues date)",
    "create table intermediate.int_cost_object_daily_costs (entity_type varchar, entity_id varchar, cost_date date, "
    "allocated_cost decimal(38,12))",
    "create table intermediate.int_initiatives_effective (initiative_id varchar, stage varchar, effective_from date)",
    "insert into intermediate.int_department_budgets_converted values "
    "('ops', '2026-07', 'experimentation', '2026-07-01', 1000)",
    "insert into intermediate.int_allocations_declared values "
    "('exp', 'ops', '2026-07-01', '2026-09-30', null, 500, 500, null), "
    "('raw', 'ops', '2026-07-01', '2026-09-30', null, 5, 5, null)",
    "insert into intermediate.int_cost_object_daily_costs values ('initiative', 'exp', '2026-07-30', 100.25), "
    "('initiative', 'exp', '2026-07-31', 20.000000000001), ('department', 'exp', '2026-07-31', 999)",
)


class Policy(dict[str, Any]):
    version = "v1"


@dataclass(frozen=True)
class Config:
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    reporting_currency: str = "USD"
    fiscal_year_start_month: int = 1
    minor_unit: Decimal = Decimal("0.01")


@dataclass(frozen=True)
class Initiative:
    initiative_id: str
    department_id: str = "ops"


@dataclass(frozen=True)
class CompanyUnderTest:
    config: Config = Config()
    policy: Policy = field(default_factory=lambda: Policy(graduation_grace_days=30, required_gates=(1, 2, 3, 4)))
    initiatives: tuple[Initiative, ...] = (Initiative("exp"), Initiative("raw"), Initiative("core"))


class Books:
    """A home with a warehouse as of 2026-07-31 in which ``exp`` is ready and ``raw`` fails gates 3 and 4."""

    def __init__(self, home: Path) -> None:
        self.company: Any = CompanyUnderTest()
        self.landing = Landing(home / "landing")
        self.journal = Journal(home / "budget", "USD")
        self.evidence = home / "evidence"
        self.connection = duckdb.connect()
        self.connection.execute("create schema landing")
        self.connection.execute("create schema intermediate")
        for statement in TABLES:
            self.connection.execute(statement)
        self.land_verdicts({"exp": {}, "raw": {3: ("fail", "cap_not_in_force"), 4: ("fail", "growing")}})

    def land_verdicts(
        self,
        failures: dict[str, dict[int, tuple[str, str]]],
        policy_version: str = "v1",
        as_of: date = AS_OF,
        stay_ready: bool = False,
    ) -> None:
        """Gates of initiatives by name, of which those given fail; who fails none is ready, and who stays so is too."""
        names = {1: "return", 2: "model_audit", 3: "guardrail", 4: "stability", 5: "graduation"}
        gates, readiness = [], []
        for initiative_id, failing in failures.items():
            is_ready = stay_ready or not failing
            for number, name in names.items():
                status, reason = failing.get(number, ("pass", "fine"))
                gate = {"initiative_id": initiative_id, "as_of_date": as_of, "gate_number": number, "gate_name": name}
                gate |= {"status": status, "metric_value": None, "threshold_value": None, "unit": None}
                gates.append(gate | {"reason": reason, "evidence_id": "e", "policy_version": policy_version})
            row = {"initiative_id": initiative_id, "as_of_date": as_of, "is_ready": is_ready}
            row |= {"first_ready_date": as_of if is_ready else None, "blocking_gates": ",".join(map(str, failing))}
            rates = ("310.123456789", "300", "320", "0.05")
            keys = ("verified_run_rate", "verified_run_rate_low", "verified_run_rate_high", "verified_unit_cost")
            readiness.append(row | {k: Decimal(v) if is_ready else None for k, v in zip(keys, rates, strict=True)})
        for stream, rows in (("gates", gates), ("readiness", readiness)):
            with Landing(self.landing.root, allow_shrink=True).batch("statistics", stream) as batch:
                batch.add_rows("current", rows)
        self.landing.register(self.connection)

    def run(self, as_of: date = AS_OF) -> Booked:
        return book_scheduled(self.connection, self.landing, self.journal, self.company, as_of)

    def graduate(self, initiative_id: str = "exp", as_of: date = AS_OF) -> Graduated:
        return graduate(
            self.connection, self.landing, self.journal, self.company, self.evidence, initiative_id, CFO, as_of
        )

    def change(self, kind: str, amount: str, initiative_id: str = "exp", as_of: date = AS_OF) -> Booked:
        return change_allocation(
            self.connection,
            self.landing,
            self.journal,
            self.company,
            kind,
            initiative_id,
            Decimal(amount),
            CFO,
            as_of,
        )

    def landed(self, stream: str, columns: str) -> list[tuple[Any, ...]]:
        self.landing.register(self.connection)
        return self.connection.execute(f"select {columns} from landing.budget__{stream} order by all").fetchall()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path)
    yield made
    made.connection.close()
