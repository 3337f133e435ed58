"""A load is judged once per suite: what passed is remembered, what is new or altered is judged, kills are healed."""

import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from expectations import SUITES, ValidationOutcome
from expectations.rules import Rule, Suite
from orchestration import landed_rows
from orchestration.landed_rows import judge, unjudged
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS

ROOT = Path(__file__).resolve().parents[2]
METRICS, LEDGER = ("ledgers", "business_metrics"), ("ledgers", "general_ledger")


def land(landing: Landing, key: tuple[str, str], partition: str, *rows: dict[str, Any]) -> None:
    with landing.batch(*key) as batch:
        empty = dict.fromkeys(name for name, _ in STREAMS[key])
        batch.add_rows(partition, [empty | {"file": partition, "line": n} | row for n, row in enumerate(rows, 2)])


def metric(**changes: Any) -> dict[str, Any]:
    row = {"metric_date": date(2026, 10, 5), "metric_id": "answers", "value": Decimal(1), "initiative_id": "assist"}
    return row | changes


def posting(entry: str, debit: str, credit: str) -> dict[str, Any]:
    return {
        "legal_entity_id": "le1",
        "journal_entry_id": entry,
        "journal_line_number": "1",
        "posting_date": date(2026, 10, 31),
        "account_number": "5000",
        "account_class": "expense",
        "debit_amount": Decimal(debit),
        "credit_amount": Decimal(credit),
        "currency": "USD",
        "is_balanced_entry": True,
    }


def run(landing: Landing) -> dict[tuple[str, str], ValidationOutcome]:
    judgements = unjudged(landing)
    if not judgements:
        return {}
    with duckdb.connect() as connection:
        landing.register(connection)
        return judge(connection, landing, judgements)


def judged_rows(landing: Landing) -> dict[tuple[str, str], int]:
    return {key: outcome.rows for key, outcome in run(landing).items()}


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def test_only_what_is_new_is_judged(landing: Landing) -> None:
    land(landing, METRICS, "a.csv", metric(), metric(metric_id="calls"))
    assert judged_rows(landing) == {METRICS: 2}
    assert judged_rows(landing) == {}
    land(landing, METRICS, "b.csv", metric())
    assert judged_rows(landing) == {METRICS: 1}
    land(landing, METRICS, "a.csv", metric())
    assert judged_rows(landing) == {METRICS: 1}
    land(landing, METRICS, "a.csv", metric(), metric(metric_id="calls"))
    assert judged_rows(landing) == {}, "this content has passed before"


def test_what_fails_is_judged_again_until_it_passes(landing: Landing) -> None:
    land(landing, METRICS, "a.csv", metric(value=None))
    for _ in range(2):
        (outcome,) = run(landing).values()
        assert not outcome.success and "filled_columns: 1 of 1 rows" in outcome.failures[0]
    land(landing, METRICS, "a.csv", metric())
    assert run(landing)[METRICS].success
    assert run(landing) == {}


def test_one_streams_failure_does_not_cost_the_other_its_verdict(landing: Landing) -> None:
    land(landing, METRICS, "a.csv", metric())
    land(landing, LEDGER, "gl.csv", posting("je1", "1", "0"))
    assert {key: outcome.success for key, outcome in run(landing).items()} == {METRICS: True, LEDGER: False}
    assert list(unjudged(landing)) == [LEDGER]


def test_a_changed_suite_is_judged_again(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    land(landing, METRICS, "a.csv", metric())
    assert judged_rows(landing) == {METRICS: 1}
    suite = SUITES[METRICS]
    stricter = Suite(*METRICS, suite.identified_by, (*suite.rules, Rule("none", "value is above 1", "r.value > 1")))
    monkeypatch.setitem(SUITES, METRICS, stricter)
    (outcome,) = run(landing).values()
    assert outcome.failures and "none: 1 of 1 rows break the rule that value is above 1" in outcome.failures[0]
    monkeypatch.setitem(SUITES, METRICS, suite)
    assert run(landing) == {}


def test_a_rule_across_loads_is_judged_on_all_of_them(landing: Landing) -> None:
    land(landing, LEDGER, "a.csv", posting("je1", "5", "5"))
    assert judged_rows(landing) == {LEDGER: 1}
    land(landing, LEDGER, "b.csv", posting("je1", "3", "0"))
    (outcome,) = run(landing).values()
    assert any("entries_balance: 2 of 2 rows" in failure for failure in outcome.failures)
    with landing.batch(*LEDGER) as batch:
        batch.withdraw("b.csv")
    assert run(landing) == {}, "the entries that remain have passed as they are"


def test_a_file_altered_by_hand_is_judged_again(landing: Landing) -> None:
    land(landing, METRICS, "a.csv", *(metric(metric_id=f"m{n}") for n in range(50)))
    assert judged_rows(landing) == {METRICS: 50}
    (file,) = landing.current_files(*METRICS)
    pq.write_table(pq.ParquetFile(file).read().slice(0, 1), file)
    (outcome,) = run(landing).values()
    assert any("rows_match_loads: 1 rows can be read, 49 fewer" in failure for failure in outcome.failures)


def test_an_as_of_run_judges_the_loads_it_sees(landing: Landing) -> None:
    land(landing, METRICS, "a.csv", metric(value=None))
    land(landing, METRICS, "a.csv", metric())
    assert run(landing)[METRICS].success
    restated = landing.manifest(*METRICS)["a.csv"].current
    assert restated is not None
    then = Landing(landing.root, known_before=restated.loaded_at)
    assert not run(then)[METRICS].success


def die_when(function: str, root: Path) -> None:
    def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if function == "fsync":
        os.fsync = die  # type: ignore[assignment]
    else:
        setattr(landed_rows, function, die)
    run(Landing(root))


@pytest.mark.parametrize("function", ["validate", "record_passed", "fsync"])
def test_a_kill_before_the_verdict_is_written_is_healed_by_judging(landing: Landing, function: str) -> None:
    land(landing, METRICS, "a.csv", metric())
    process = multiprocessing.get_context("fork").Process(target=die_when, args=(function, landing.root))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert judged_rows(landing) == {METRICS: 1}
    assert judged_rows(landing) == {}


@pytest.mark.parametrize(("value", "is_imported"), [(Decimal(1), False), (None, True)])
def test_great_expectations_is_imported_only_where_a_row_breaks_a_rule(
    landing: Landing, value: Decimal | None, is_imported: bool
) -> None:
    land(landing, METRICS, "a.csv", metric(value=value))
    script = (
        "import sys; from pathlib import Path; from tests.expectations.test_verdicts import METRICS, Landing, run;"
        f"assert run(Landing(Path({str(landing.root)!r})))[METRICS].success is {not is_imported};"
        f"assert ('great_expectations' in sys.modules) is {is_imported}"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
