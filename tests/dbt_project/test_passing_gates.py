"""The data test of passing gates finds a pass that rests on nothing, and leaves all others alone."""

from pathlib import Path

import duckdb
import pytest

CHECK = Path(__file__).parents[2] / "dbt_project" / "tests" / "integrity" / "passing_gates_have_evidence.sql"


def found(gate: str, rate: str | None) -> list[tuple]:
    connection = duckdb.connect()
    connection.execute(
        "create table graduation_gates as select 'x' as initiative_id, date '2026-07-31' as as_of_date, * from "
        f"(values ({gate})) as t(gate_number, status, metric_value, threshold_value, evidence_id); "
        "create table run_rate_by_initiative_day as select 'x' as initiative_id, date '2026-07-31' as as_of_date, * from "
        f"(values ({rate or 'null, null'})) as t(variation_ratio, run_rate_monthly) where {rate is not None}"
    )
    sql = CHECK.read_text()
    sql = sql[sql.index("#}") + 2 :].replace("{{ ref('graduation_gates') }}", "graduation_gates")
    return connection.execute(
        sql.replace("{{ ref('run_rate_by_initiative_day') }}", "run_rate_by_initiative_day")
    ).fetchall()


@pytest.mark.parametrize(
    ("gate", "rate"),
    [
        ("4, 'pass', null, 0.2, 'e'", "0.1, 300"),
        ("4, 'pass', 0.1, null, 'e'", "0.1, 300"),
        ("4, 'pass', 0.1, 0.2, null", "0.1, 300"),
        ("4, 'pass', 0.1, 0.2, 'e'", "null, 300"),
        ("4, 'pass', 0.1, 0.2, 'e'", "0.1, null"),
        ("4, 'pass', 0.1, 0.2, 'e'", None),
        ("2, 'pass', null, 0.2, 'e'", "0.1, 300"),
    ],
)
def test_a_pass_without_one_of_its_numbers_is_found(gate: str, rate: str | None) -> None:
    assert len(found(gate, rate)) == 1


@pytest.mark.parametrize(
    ("gate", "rate"),
    [
        ("4, 'pass', 0.1, 0.2, 'e'", "0.1, 300"),
        ("2, 'pass', 0, 0.05, 'e'", None),
        ("4, 'insufficient', null, 0.2, 'e'", "null, null"),
    ],
)
def test_what_rests_on_its_numbers_or_does_not_pass_is_left_alone(gate: str, rate: str | None) -> None:
    assert found(gate, rate) == []
