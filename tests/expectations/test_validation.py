"""The machinery: empty streams, tampered loads, samples, laziness, and that nothing is phoned home."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from expectations import SUITES, validate
from expectations.rules import Rule, Suite
from expectations.validation import SAMPLE_ROWS
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS

ROOT = Path(__file__).resolve().parents[2]
METRICS = ("ledgers", "business_metrics")


def metric(line: int, metric_id: str | None = "answers") -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(name for name, _ in STREAMS[METRICS])
    return row | {"file": "m.csv", "line": line, "metric_id": metric_id}


def test_every_suite_is_of_a_declared_stream() -> None:
    for key, suite in SUITES.items():
        columns = {name for name, _ in STREAMS[key]} | {"partition"}
        assert set(suite.identified_by) <= columns


def test_stream_without_loads_passes_with_no_rows(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        Landing(tmp_path).register(connection)
        for key in SUITES:
            outcome = validate(connection, {key: None})[key]
            assert (outcome.success, outcome.failures, outcome.rows) == (True, [], 0)


def test_stream_without_suite_is_an_error() -> None:
    with duckdb.connect() as connection, pytest.raises(LookupError, match="openai/projects"):
        validate(connection, {("openai", "projects"): None})


def test_unreadable_stream_is_an_error_and_no_verdict() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.CatalogException):
        validate(connection, {("openai", "costs"): None})


def test_sample_is_bounded_and_names_lines(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    with landing.batch(*METRICS) as batch:
        batch.add_rows("ledgers/m.csv", [metric(line, None) for line in range(2, 5002)])
    with duckdb.connect() as connection:
        landing.register(connection)
        outcome = validate(connection, {METRICS: None})[METRICS]
    filled = next(failure for failure in outcome.failures if ": filled_columns: " in failure)
    assert "5000 of 5000 rows" in filled
    assert filled.count("partition ledgers/m.csv, file m.csv, line") == SAMPLE_ROWS
    assert "line 2;" in filled
    assert all(len(failure) < 600 for failure in outcome.failures)


def test_rows_that_the_loads_do_not_hold_are_noticed(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    with landing.batch(*METRICS) as batch:
        batch.add_rows("ledgers/m.csv", [metric(2), metric(3)])
    file = landing.current_files(*METRICS)[0]
    pq.write_table(pq.read_table(file).slice(0, 1), file)
    with duckdb.connect() as connection:
        landing.register(connection)
        outcome = validate(connection, {METRICS: None})[METRICS]
    assert any("rows_match_loads: 1 rows can be read, 1 fewer" in failure for failure in outcome.failures)


def test_two_rules_with_one_name_are_refused() -> None:
    rule = Rule("same", "it holds", "true")
    with pytest.raises(ValueError, match="two rules with one name"):
        Suite("openai", "costs", (), (rule, rule))


def test_import_is_light_and_analytics_are_off() -> None:
    script = (
        "import sys, os, expectations; assert 'great_expectations' not in sys.modules;"
        "from expectations.validation import _batch_definition; source = _batch_definition().data_asset.datasource;"
        "assert source.data_context.variables.analytics_enabled is False;"
        "assert os.environ['GX_ANALYTICS_ENABLED'] == 'false'; print('to the end')"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("GX_ANALYTICS_ENABLED", None)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "to the end\n"), done.stderr
