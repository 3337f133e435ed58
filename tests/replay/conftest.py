"""The hand-built warehouse of the statistics tests, with the tables that only replays read."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.registry.policy_keys import MarginFloor
from tests.graduation.conftest import Policy, Warehouse, default_policy

EXTRA = {
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
        ratios = {"target_gross_margin_ratio": target, "margin_floor_ratio": floor}
        ratios = {name: None if value is None else Decimal(value) for name, value in ratios.items()}
        self.land("registry", "products", product_id=product_id, **ratios)

    def open(self) -> duckdb.DuckDBPyConnection:
        connection, _ = self.connect()
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
