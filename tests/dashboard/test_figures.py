"""How a value reads, and what a table sums."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dashboard.figures import Column, Table, exact, shown


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "money", "–"),
        (Decimal("1234567.891"), "money", "1,234,567.89"),
        (Decimal("-1234.5"), "money", "-1,234.50"),
        (Decimal(0), "money", "0.00"),
        (Decimal("0E-9"), "money", "0.00"),
        (Decimal("0.004"), "money", "<0.01"),
        (Decimal("-0.004"), "money", ">-0.01"),
        (Decimal("0.005000001"), "money", "0.01"),
        (Decimal("2.675"), "money", "2.68"),
        (Decimal("2.665"), "money", "2.66"),
        (Decimal("12345678901234567890.12"), "money", "12,345,678,901,234,567,890.12"),
        (Decimal("0.040238105"), "price", "0.04024"),
        (Decimal("-0.00002"), "price", "-0.00002000"),
        (Decimal("12.3456"), "price", "12.35"),
        (Decimal(0), "price", "0.00"),
        (0.7921, "ratio", "79.2 %"),
        (1.624, "ratio", "162.4 %"),
        (-0.05, "ratio", "-5.0 %"),
        (0.0, "ratio", "0.0 %"),
        (0.0001, "ratio", "<0.1 %"),
        (-0.0001, "ratio", ">-0.1 %"),
        (Decimal("0.3"), "count", "<1"),
        (1234567, "count", "1,234,567"),
        (0.9793834976523287, "number", "0.979"),
        (1.0, "number", "1"),
        (0.0002, "number", "<0.001"),
        (100, "number", "100"),
        (1, "days", "1 day"),
        (30, "days", "30 days"),
        (12.24, "months", "12.2 months"),
        (True, "flag", "yes"),
        (date(2026, 10, 28), "date", "2026-10-28"),
        (datetime(2026, 10, 28, 6, 7, 8, 999, UTC), "moment", "2026-10-28 06:07"),
    ],
)
def test_a_value_reads_as_a_person_would_write_it(value: object, unit: str, text: str) -> None:
    assert shown(value, unit) == text  # type: ignore[arg-type]


def test_exact_keeps_every_digit() -> None:
    assert exact(Decimal("0.000000000001")) == "0.000000000001"
    assert exact(Decimal("1E+3")) == "1000"
    assert exact(None) == ""


def test_a_total_is_of_the_rows_that_stand_under_the_filters() -> None:
    rows = [
        {"period": "P1", "amount": Decimal("0.1")},
        {"period": "P2", "amount": Decimal("0.2")},
        {"period": "P2", "amount": None},
        {"period": "P2", "amount": Decimal("0.01")},
    ]
    columns = (Column("period", "Month"), Column("amount", "Amount", "money", True))
    table = Table("t", "T", "fct_allocated_costs", columns, rows, "none", filters={"period": "period"})
    assert table.total("amount") == Decimal("0.31")
    assert table.total("amount", {"period": "P2"}) == Decimal("0.21")
    assert table.total("amount", {"department": "x"}) == Decimal("0.31")
