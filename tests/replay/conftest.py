"""The hand-built warehouse of the statistics tests, with the tables that only replays read."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.registry.policy_keys import MarginFloor
from tests.graduation.conftest import Policy, Warehouse, default_policy

EXTRA = {
    "intermediate.int_products_effective": "product_id varchar, target_gross_margin_ratio decimal(38,9), "
    "margin_floor_ratio decimal(38,9), effective_from date, effective_to date",
    "intermediate.int_initiatives_effective": "initiative_id varchar, product_id varchar, started_on date, "
    "milestone_metric_id varchar, milestone_target decimal(38,9), milestone_by date, "
    "milestone_margin_floor_ratio decimal(38,9), effective_from date, effective_to date",
    "marts.fct_business_metrics": "metric_date date, metric_id varchar, initiative_id varchar, product_id varchar, "
    "value decimal(38,9)",
    "marts.fct_allocated_costs": "initiative_id varchar, cost_date date, allocated_cost decimal(38,12)",
}


class ReplayPolicy(Policy):
    """The defaults of methods section 0 with what replays need besides."""

    def margin_floor(self, target: Any) -> Any:
        return self["margin_floor_ratio"].for_target(target)


def replay_policy(**overrides: Any) -> ReplayPolicy:
    values = {
        **default_policy(),
        "breaker_breaches": 2,
        "breaker_reset_margin": "0.05",
        "breaker_dwell_minutes": 30,
        "breaker_cooldown_minutes": 60,
        "margin_floor_ratio": MarginFloor(ratio=None, below_target=None),
        "variable_output_ratio": "fitted",
    }
    return ReplayPolicy({**values, **overrides})


@dataclass
class ReplayWarehouse(Warehouse):
    """Rows by table; ``open`` builds them all."""

    extra: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {name: [] for name in EXTRA})

    def add_product(self, product_id: str, target: str | None, floor: str | None = None) -> None:
        row = (product_id, target, floor, date(1, 1, 1), date(9999, 12, 31))
        self.extra["intermediate.int_products_effective"].append(row)

    def open(self) -> duckdb.DuckDBPyConnection:
        connection, _ = self.connect()
        connection.execute("create schema marts")
        for name, columns in EXTRA.items():
            connection.execute(f"create table {name} ({columns})")
            for row in self.extra[name]:
                connection.execute(f"insert into {name} values ({', '.join('?' * len(row))})", list(row))
        return connection


@pytest.fixture
def warehouse(tmp_path: Path) -> ReplayWarehouse:
    built = ReplayWarehouse(tmp_path)
    built.add_company()
    return built
