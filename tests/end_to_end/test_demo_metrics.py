"""Every metric that MetricFlow gives on the demo's published tables is what SQL on the tables gives."""

from pathlib import Path

from orchestration.project import Home
from tests.transform.metric_queries import EXPECTED, answers_of_sql, differences, opened_engine


def test_every_metric_of_the_demo_is_what_its_definition_says(demo_home: Path) -> None:
    home = Home(demo_home)
    wanted = answers_of_sql(home)
    with opened_engine(home) as engine:
        wrong = {metric: differences(engine, metric, wanted[metric]) for metric in EXPECTED}
    assert {metric: found for metric, found in wrong.items() if found} == {}
    assert [metric for metric, rows in wanted.items() if not rows] == []
