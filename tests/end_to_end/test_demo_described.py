"""What the demo publishes explains itself: every metric that MetricFlow gives is what SQL on the tables gives, and every table
and column in the database says what it is.
"""

from pathlib import Path

import duckdb

from orchestration.project import Home
from orchestration.published import read_manifest
from tests.transform.metric_queries import EXPECTED, answers_of_sql, differences, opened_engine


def test_every_metric_of_the_demo_is_what_its_definition_says(demo_home: Path) -> None:
    home = Home(demo_home)
    wanted = answers_of_sql(home)
    with opened_engine(home) as engine:
        wrong = {metric: differences(engine, metric, wanted[metric]) for metric in EXPECTED}
    assert {metric: found for metric, found in wrong.items() if found} == {}
    assert [metric for metric, rows in wanted.items() if not rows] == []


def test_every_published_table_and_column_carries_its_description(demo_home: Path) -> None:
    published = read_manifest(demo_home / "published")
    assert published is not None
    with duckdb.connect(str(demo_home / "published" / "marts.duckdb"), read_only=True) as connection:
        tables = dict(connection.execute("select table_name, comment from duckdb_tables()").fetchall())
        silent = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''"
        )
        assert silent.fetchall() == []
    assert published["tables"].keys() - tables.keys() == {"fct_usage_by_hour"}
    assert [name for name, comment in tables.items() if not comment] == []
