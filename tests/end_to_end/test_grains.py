"""A grain that repeats is found; the demo's and the further sources' own grains are looked for where those are run."""

import duckdb

from tests.end_to_end.grains import broken_grains

ROWS = "(date '2026-10-01', 'a', 1), (date '2026-10-01', 'b', 1), (date '2026-10-02', null, 1)"
GRAINS = {"intermediate.int_a": ["day", "name"]}


def warehouse(rows: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema intermediate")
    connection.execute(f"create view intermediate.int_a as select * from (values {rows}) as t (day, name, amount)")
    return connection


def test_rows_that_differ_in_their_grain_are_sound():
    assert broken_grains(warehouse(ROWS), GRAINS) == []


def test_a_planted_duplicate_is_found_with_an_example():
    assert broken_grains(warehouse(f"{ROWS}, (date '2026-10-01', 'b', 2)"), GRAINS) == [
        "intermediate.int_a (day, name): 2 rows with (datetime.date(2026, 10, 1), 'b')"
    ]


def test_nulls_are_one_value():
    assert broken_grains(warehouse(f"{ROWS}, (date '2026-10-02', null, 2)"), GRAINS) == [
        "intermediate.int_a (day, name): 2 rows with (datetime.date(2026, 10, 2), None)"
    ]


def test_a_column_that_is_not_there_is_named():
    assert broken_grains(warehouse(ROWS), {"intermediate.int_a": ["day", "person"]}) == [
        "intermediate.int_a (day, person) has no column person"
    ]
