"""A warehouse for the evaluation: costs and margins written down as tables; registry, rates and read-backs landed, and
converted by dbt's own models.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from orchestration.files import utc_text
from orchestration.graduation.evaluate import evaluate
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS
from orchestration.registry.policy_keys import FIXED
from tests.dbt_project.compiled_models import build, write_run_parameters

TABLES = {
    "int_cost_object_daily_costs": "entity_type varchar, entity_id varchar, cost_date date, "
    "allocated_cost decimal(38,12), stable_basis_cost decimal(38,12), constant_price_cost decimal(38,12), "
    "is_complete boolean, is_missing boolean, settle_days integer, "
    "credited_cost decimal(38,12), stable_basis_credited_cost decimal(38,12)",
    "int_initiative_model_daily_costs": "initiative_id varchar, cost_date date, model_id varchar, "
    "allocated_cost decimal(38,12)",
    "int_initiative_tier_daily_costs": "initiative_id varchar, usage_date date, provider varchar, model_id varchar, "
    "tier varchar, tier_rank bigint, allowed_tier_rank bigint, is_higher_tier boolean, list_cost decimal(38,12), "
    "counterfactual_same decimal(38,12), counterfactual_cache_lost decimal(38,12)",
    "int_guarded_entity_days": "initiative_id varchar, usage_date date, metered_cost decimal(38,12), "
    "refused_requests bigint, drills bigint",
    "int_product_daily_economics": "product_id varchar, margin_date date, revenue decimal(38,9), "
    "core_ai_cogs decimal(38,12), other_cogs decimal(38,9)",
    "int_ledger_entries_classified": "product_id varchar, service_period varchar, fiscal_period varchar, "
    "posting_date date, account_role varchar, provider varchar, debit_amount decimal(38,9), "
    "credit_amount decimal(38,9)",
    "int_ai_postings_selected": "provider varchar, posting_kind varchar",
    "int_providers_seen": "provider varchar",
    "int_revenue_recognised_by_day": "revenue_date date",
    "int_product_revenue_known_by_day": "product_id varchar, known_on date, known_through date",
    "int_graduated_core_costs_by_day": "product_id varchar, initiative_id varchar, cost_date date, "
    "core_ai_cogs decimal(38,12)",
    "int_product_unpriced_days": "product_id varchar, unpriced_date date",
    "int_initiative_daily_units": "initiative_id varchar, metric_date date, units decimal(38,9)",
}
BUILT = (
    "int_evaluation_calendar",
    "int_initiative_terms_by_day",
    "int_caps_in_force_by_day",
    "int_other_cogs_known_by_day",
    "int_graduations_verified",
)
"""What dbt makes of the landed rows and of the tables above."""


class Policy(dict):
    version = "policy-under-test"


@dataclass
class CompanyUnderTest:
    policy: Policy


def default_policy(**overrides: Any) -> Policy:
    """The defaults that are the same for every company, as the registry hands them over."""
    return Policy({**FIXED, **overrides})


@dataclass
class Warehouse:
    """Rows by intermediate table and by landed stream; ``evaluate`` builds both and runs the evaluation."""

    home: Path
    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {name: [] for name in TABLES})
    landed: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def land(self, source: str, stream: str, /, **values: Any) -> None:
        row = {name: None for name, _ in STREAMS[source, stream]}
        unknown = set(values) - set(row)
        assert not unknown, unknown
        self.landed.setdefault((source, stream), []).append({**row, **values})

    def add_company(self, settle_lag_hours: int = 0) -> None:
        self.land("registry", "sources", source="litellm", is_enabled=True, settle_lag_hours=settle_lag_hours)
        self.land("registry", "policy", policy_key="guardrail_max_age_hours", policy_value="24")

    def add_initiative(self, initiative_id: str, started_on: date, **values: Any) -> None:
        defaults = {
            "kind": "internal_workflow",
            "stage": "experimentation",
            "complexity": "basic",
            "allocation_currency": "USD",
            "guardrail_currency": "USD",
            "replaces_currency": "USD",
        }
        self.land(
            "registry", "initiatives", **{**defaults, **values}, initiative_id=initiative_id, started_on=started_on
        )

    def add_reading(
        self,
        entity: str,
        as_of: date,
        max_budget: str | None,
        duration: str | None = "1d",
        updated_at: datetime | None = None,
    ) -> None:
        self.land(
            "litellm",
            "guardrail_settings",
            read_at=datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1, hours=2),
            as_of_date=as_of,
            entity=entity,
            max_budget=max_budget,
            budget_duration=duration,
            currency="USD",
            is_found=True,
            is_blocked=False,
            settings_updated_at=updated_at,
        )

    def add_costs(
        self,
        entity_id: str,
        first_day: date,
        costs: list[Any],
        *,
        entity_type: str = "initiative",
        incomplete: set = frozenset(),
        settle_days: int = 0,
        credits: dict[int, str] | None = None,
    ) -> None:
        """``credits``: by position, what of that day's cost is a credit, below zero."""
        for n, cost in enumerate(costs):
            day = first_day + timedelta(days=n)
            exact = Decimal(str(cost)).quantize(Decimal("0.000000000001"))
            credit = Decimal((credits or {}).get(n, 0))
            self.tables["int_cost_object_daily_costs"].append(
                (
                    entity_type,
                    entity_id,
                    day,
                    exact,
                    exact,
                    exact - credit,
                    day not in incomplete,
                    False,
                    settle_days,
                    credit,
                    credit,
                )
            )

    def connect(self, as_of: date | None = None) -> tuple[duckdb.DuckDBPyConnection, Landing]:
        """The built warehouse of a company in USD and UTC; ``as_of``: else the last day with a cost or a margin."""
        landing = Landing(self.home / "landing")
        for (source, stream), rows in self.landed.items():
            moments = sorted(row["started_at"] for row in rows if row.get("started_at"))
            span = {"first_event_at": utc_text(moments[0]), "last_event_at": utc_text(moments[-1])} if moments else {}
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows, **span)
        (self.home / "warehouse.duckdb").unlink(missing_ok=True)
        connection = duckdb.connect(str(self.home / "warehouse.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        dated = [row[2] for row in self.tables["int_cost_object_daily_costs"]]
        dated += [row[1] for row in self.tables["int_product_daily_economics"]]
        write_run_parameters(connection, as_of or max(dated, default=date(2026, 1, 1)))
        connection.execute("create schema intermediate")
        for name, columns in TABLES.items():
            connection.execute(f"create table intermediate.{name} ({columns})")
            if self.tables[name]:
                _insert(connection, name, self.tables[name])
        build(connection, BUILT)
        return connection, landing

    def evaluate(self, as_of: date, policy: Policy | None = None) -> "Results":
        connection, landing = self.connect(as_of)
        evaluate(connection, landing, CompanyUnderTest(policy or default_policy()), as_of)
        landing.register(connection)
        return Results(connection)


def _insert(connection: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[Any, ...]]) -> None:
    schema = connection.execute(f"select * from intermediate.{name}").to_arrow_table().schema
    columns = [
        pa.array(_rounded(column, kind), kind)
        for column, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
    ]
    bulk = pa.table(columns, schema=schema)
    connection.register("bulk", bulk)
    connection.execute(f"insert into intermediate.{name} select * from bulk")
    connection.unregister("bulk")


def _rounded(column: tuple[Any, ...], kind: pa.DataType) -> list[Any]:
    if not pa.types.is_decimal(kind):
        return list(column)
    unit = Decimal(1).scaleb(-kind.scale)
    return [None if value is None else Decimal(value).quantize(unit) for value in column]


@dataclass
class Results:
    """The landed statistics, as rows by key."""

    connection: duckdb.DuckDBPyConnection

    def run_rate(self, entity_id: str, as_of: date) -> dict[str, Any]:
        return self.one("run_rates", entity_id=entity_id, as_of_date=as_of)

    def gate(self, initiative_id: str, number: int, as_of: date) -> dict[str, Any]:
        return self.one("gates", initiative_id=initiative_id, gate_number=number, as_of_date=as_of)

    def readiness(self, initiative_id: str, as_of: date) -> dict[str, Any]:
        return self.one("readiness", initiative_id=initiative_id, as_of_date=as_of)

    def rows(self, stream: str) -> list[dict[str, Any]]:
        result = self.connection.execute(f"select * from landing.statistics__{stream}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def one(self, stream: str, **key: Any) -> dict[str, Any]:
        where = " and ".join(f"{name} = ?" for name in key)
        result = self.connection.execute(
            f"select * from landing.statistics__{stream} where {where}", list(key.values())
        )
        names = [column[0] for column in result.description]
        rows = result.fetchall()
        assert len(rows) == 1, f"{len(rows)} rows in {stream} for {key}"
        return dict(zip(names, rows[0], strict=True))


@pytest.fixture(scope="session")
def new_warehouse() -> Callable[[Path], Warehouse]:
    """Makes a warehouse with a company in USD and UTC in a folder."""

    def make(home: Path) -> Warehouse:
        built = Warehouse(home)
        built.add_company()
        return built

    return make


@pytest.fixture
def warehouse(new_warehouse: Callable[[Path], Warehouse], tmp_path: Path) -> Warehouse:
    return new_warehouse(tmp_path)
