"""A file of the gateway's log that is not there is a missing day in every reporting zone, not half of two. Real models."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import declared_source, request

FIRST, AS_OF = date(2026, 7, 1), date(2026, 7, 9)
Gap = tuple[str, date, date]


def july(day: int) -> date:
    return date(2026, 7, day)


def gaps(folder: Path, files: Iterable[Iterable[date]], zone: str, empty_days: str | None = None) -> list[Gap]:
    """Missing days of a log with a call every two hours of its UTC days, each file holding some of them."""
    landing = Landing(folder / "landing")
    with landing.batch("registry", "sources") as batch:
        batch.add_rows("current", [declared_source("litellm") | {"empty_days": empty_days}])
    with landing.batch("litellm", "spend_logs") as batch:
        for number, days in enumerate(files):
            moments = [
                datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=hour, minutes=30)
                for day in days
                for hour in range(0, 24, 2)
            ]
            rows = [request("openai", str(one), 10, started_at=one, api_key="k") for one in moments]
            first, last = (f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (moments[0], moments[-1]))
            batch.add_rows(f"file {number}", rows, first_event_at=first, last_event_at=last)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        landing.register(connection)
        write_run_parameters(connection, AS_OF, zone)
        build(connection, ["source_day_gaps"])
        return connection.execute(
            "select source, first_date, last_date from marts.source_day_gaps where status = 'missing' order by all"
        ).fetchall()


DAYS = [FIRST + timedelta(days=number) for number in range(12)]
WITHOUT_4 = [[day] for day in DAYS if day != july(4)]


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("UTC", july(4), july(4)),
        ("Pacific/Auckland", july(4), july(5)),
        ("Asia/Kolkata", july(4), july(5)),
        ("America/New_York", july(3), july(4)),
    ],
)
def test_every_local_day_that_a_missing_file_touches_is_missing(tmp_path, zone, first, last):
    assert gaps(tmp_path, WITHOUT_4, zone) == [("litellm", first, last)]


def test_a_file_of_several_days_beside_files_by_day_does_not_hide_it(tmp_path):
    files = [*([day] for day in DAYS[5:]), DAYS[:3], [DAYS[4]]]
    assert gaps(tmp_path, files, "Pacific/Auckland") == [("litellm", july(4), july(5))]


def test_a_log_in_one_file_says_nothing_of_a_utc_day_without_calls(tmp_path):
    assert gaps(tmp_path, [[day for day in DAYS if day != july(4)]], "Pacific/Auckland") == []


def test_where_days_without_calls_are_days_of_zero_none_is_missing(tmp_path):
    assert gaps(tmp_path, WITHOUT_4, "Pacific/Auckland", "zero") == []
