"""Days without data, and days that nothing proves whole, stand as runs of consecutive days up to the as-of day."""

from datetime import date, timedelta

import duckdb

from tests.dbt_project.compiled_models import compiled_sql

START = date(2026, 7, 1)
DAYS = {
    ("focus_files", "aws"): "c c m m c i m c",
    ("openai", None): "c c c c c c c c",
    ("litellm", None): "c c c c c c i i i",
}
"""Complete, missing or incomplete from 1 July on; the as-of day is the eighth."""


def test_gaps_are_runs_of_days_of_one_kind():
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("create schema warehouse.intermediate")
        connection.execute("create schema warehouse.staging")
        connection.execute(
            "create table warehouse.staging.stg_run__parameters as select date '2026-07-08' as as_of_date"
        )
        connection.execute(
            "create table warehouse.intermediate.int_source_days_judged (source varchar, provider varchar, "
            "source_date date, is_complete boolean, is_missing boolean)"
        )
        for (source, provider), days in DAYS.items():
            for number, kind in enumerate(days.split()):
                connection.execute(
                    "insert into warehouse.intermediate.int_source_days_judged values (?, ?, ?, ?, ?)",
                    [source, provider, START + timedelta(days=number), kind == "c", kind == "m"],
                )
        found = connection.execute(compiled_sql("source_day_gaps") + " order by source, first_date").fetchall()
    assert found == [
        ("focus_files", "aws", "missing", date(2026, 7, 3), date(2026, 7, 4), 2),
        ("focus_files", "aws", "incomplete", date(2026, 7, 6), date(2026, 7, 6), 1),
        ("focus_files", "aws", "missing", date(2026, 7, 7), date(2026, 7, 7), 1),
        ("litellm", None, "incomplete", date(2026, 7, 7), date(2026, 7, 8), 2),
    ]
