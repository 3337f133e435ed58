"""A home whose marts are written by hand: two closable months of cost and an open one, published like a run does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.checksum import checksum
from orchestration.people import NAMES
from orchestration.publish.layout import Layout
from orchestration.publish.snapshot import Publication, publish

MARTS = {
    "fct_allocated_costs": (
        "cost_date date, provider varchar, initiative_id varchar, allocated_cost decimal(38, 12), "
        "cap_used_ratio double, reporting_currency varchar, department_id varchar, product_id varchar, "
        "customer_id varchar, actor_id varchar, budget_class varchar"
    ),
    "reconciliation_by_provider_month": (
        "fiscal_period varchar, provider varchar, bridge_line varchar, amount decimal(38, 12), "
        "reporting_currency varchar"
    ),
    "accrual_journal_lines": (
        "fiscal_period varchar, journal_id varchar, account_number varchar, debit_amount decimal(38, 9), "
        "reporting_currency varchar, credit_amount decimal(38, 9), journal_line_number integer, posting_date date, "
        "department_id varchar, memo varchar"
    ),
    "fct_business_metrics": "metric_date date, metric_id varchar, value decimal(38, 9)",
    "run_rate_by_company_day": "as_of_date date, run_rate_monthly decimal(38, 9), reporting_currency varchar",
    "dim_dates": "calendar_date date, fiscal_period varchar",
    "period_adjustments": (
        "closed_period varchar, booked_period varchar, table_name varchar, column_name varchar, entity varchar, "
        "amount decimal(38, 12), reason varchar, reporting_currency varchar"
    ),
}
ROWS = {
    "fct_allocated_costs": (
        "('2026-08-31', 'openai', 'chat', 10, null, 'USD', null, null, null, null, null)",
        "('2026-09-01', 'openai', 'chat', 40.000000000001, null, 'USD', null, null, null, null, null)",
        "('2026-09-30', 'openai', null, 60, null, 'USD', null, null, null, null, null)",
        "('2026-10-01', 'openai', 'chat', 5, null, 'USD', null, null, null, null, null)",
    ),
    "reconciliation_by_provider_month": (
        "('2026-08', 'openai', 'billed_cost', 10, 'USD')",
        "('2026-09', 'openai', 'billed_cost', 100.000000000001, 'USD')",
        "('2026-09', 'openai', 'residual', 0, 'USD')",
    ),
    "accrual_journal_lines": (
        "('2026-09', 'TKN-ACC-openai-2026-09', '2100', 100, 'USD', 0, 1, '2026-09-30', null, 'Accrued usage')",
        "('2026-10', 'TKN-REV-openai-2026-09', '2100', 0, 'USD', 0, 1, '2026-10-01', null, 'Reversal')",
    ),
    "fct_business_metrics": ("('2026-09-30', 'units', 7)",),
    "run_rate_by_company_day": ("('2026-09-30', 3000, 'USD')",),
    "dim_dates": ("('2026-09-30', '2026-09')",),
}


@dataclass
class SmallHome:
    """``change`` is SQL on the computed marts, as a later run would have computed them."""

    root: Path
    warehouse: duckdb.DuckDBPyConnection
    runs: int = 0
    layouts: dict[str, Layout] = field(default_factory=dict)
    people: str = NAMES

    def change(self, statement: str) -> None:
        self.warehouse.execute(statement)

    def publish(self, as_of: date = date(2026, 10, 15), known_before: str | None = None) -> Publication:
        self.runs += 1
        return publish(
            self.warehouse,
            self.root,
            run_id=f"run{self.runs}",
            as_of=as_of,
            company_id="acme",
            version="1",
            policy_version="p1",
            known_before=known_before,
            layouts=self.layouts,
            people=self.people,
        )

    def rows(self, query: str) -> list[tuple]:
        """Rows of ``query`` over the published tables, decimals as text without trailing zeros."""
        with duckdb.connect(str(self.root / "published" / "marts.duckdb"), read_only=True) as reader:
            return reader.execute(query).fetchall()

    def checksums(self, where: dict[str, str]) -> dict[str, tuple[int, str]]:
        """Rows and checksum of the part of each published table that ``where`` (SQL by table) selects."""
        with duckdb.connect() as reader:
            reader.execute(f"attach '{self.root}/published/marts.duckdb' as p (read_only)")
            for table, condition in where.items():
                reader.execute(f"create view part_{table} as select * from p.main.{table} where {condition}")
            return {table: checksum(reader, f"part_{table}") for table in where}

    def adjustments(self) -> list[tuple[str, ...]]:
        return self.rows(
            "select closed_period, booked_period, table_name, column_name, entity, "
            "rtrim(rtrim(amount::varchar, '0'), '.') from period_adjustments order by all"
        )


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[SmallHome]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts")
        for name, columns in MARTS.items():
            warehouse.execute(f"create table marts.{name} ({columns})")
        for name, rows in ROWS.items():
            warehouse.execute(f"insert into marts.{name} values {', '.join(rows)}")
        yield SmallHome(tmp_path, warehouse)


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Every file below a folder with its content."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
