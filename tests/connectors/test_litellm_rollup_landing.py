"""Days of a log that is summed elsewhere, as they are landed: due days, results that another engine left, days that would
count twice.
"""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.connectors.providers.litellm.extract import extract
from orchestration.connectors.providers.litellm.rollup import read
from orchestration.connectors.providers.litellm.rollup.engines import open_engine
from orchestration.connectors.providers.litellm.rollup.statement import statement
from orchestration.connectors.providers.litellm.rollup.trial import try_rollup
from orchestration.landing.errors import CollapsedLoad, PermanentFailure, SchemaDrift
from orchestration.landing.store import Landing
from orchestration.registry import Company, load_company
from tests.connectors.rollup_log import Rows, all_days, drawn_log, query_source, write_parquet
from tests.end_to_end.command_line import ROOT

AS_OF = date(2026, 7, 12)
DAYS = [str(day) for day in all_days()]
QUERY = "mode: query, rollup: duckdb, start_date: 2026-07-10, lookback_days: 0"
RESULTS = "mode: query, rollup: snowflake, table: logs, results: 'rollup/*.parquet', start_date: 2026-07-10"


def company(folder: Path, litellm: str) -> Company:
    if not folder.exists():
        shutil.copytree(ROOT / "tests" / "companies" / "tiny", folder)
    (folder / "sources.yaml").write_text(f"sources: {{litellm: {{{litellm}}}, openai: {{enabled: false}}}}\n")
    return load_company(folder)


def held(landing: Landing) -> dict[str, str]:
    parts = landing.manifest("litellm", "rolled_up_usage").items()
    return {name: part.current.load_id for name, part in parts if part.current is not None}


def put_result(rows: Rows, folder: Path, name: str, days: list[date] | None = None) -> None:
    """What the engine's unload would leave, in two files."""
    write_parquet(rows, folder / "log.parquet")
    with open_engine(query_source(path="log.parquet"), folder, None, folder) as opened:
        answer = opened.run(statement("duckdb", opened.table, days or all_days()))
    (folder / "company" / "rollup").mkdir(exist_ok=True)
    half = answer.num_rows // 2
    for number, part in enumerate((answer.slice(0, half), answer.slice(half))):
        pq.write_table(part, folder / "company" / "rollup" / f"{name}-{number}.parquet")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def test_only_days_that_are_due_are_asked_for_again(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three landed days the look-back holds one; another version of the statement makes all of them due."""
    ours = company(tmp_path / "company", f"{QUERY}, path: log.parquet")
    write_parquet(drawn_log(1), tmp_path / "company" / "log.parquet")
    asked: list[list[date]] = []
    run = read._run
    monkeypatch.setattr(read, "_run", lambda engine, source, days: asked.append(days) or run(engine, source, days))
    for _ in range(2):
        extract(ours, landing, AS_OF, None)
    assert [list(map(str, days)) for days in asked] == [DAYS, DAYS[-1:]]
    assert list(held(landing)) == DAYS
    monkeypatch.setattr(read, "rules", lambda: "later")
    extract(ours, landing, AS_OF, None)
    assert [str(day) for day in asked[-1]] == DAYS


def test_a_landed_day_that_the_log_no_longer_has_stays_unless_it_is_in_the_look_back(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that keeps days for a while is no withdrawal of those that are older; a full refresh takes it at its word."""
    ours = company(tmp_path / "company", f"{QUERY}, path: log.parquet")
    write_parquet(drawn_log(1), tmp_path / "company" / "log.parquet")
    extract(ours, landing, AS_OF, None)
    before = held(landing)
    monkeypatch.setattr(read, "rules", lambda: "later")
    write_parquet([row for row in drawn_log(1) if row["started_at"].day == 11], tmp_path / "company" / "log.parquet")
    extract(ours, landing, AS_OF, None)
    assert {day for day in DAYS if held(landing)[day] != before[day]} == {DAYS[2]}
    extract(ours, landing, AS_OF, None, full_refresh=True)
    assert {day for day in DAYS if held(landing)[day] != before[day]} == {DAYS[0], DAYS[2]}


def test_a_log_that_lost_nearly_everything_replaces_nothing(tmp_path: Path, landing: Landing) -> None:
    ours = company(tmp_path / "company", f"{QUERY}, path: log.parquet")
    write_parquet(drawn_log(1, 900), tmp_path / "company" / "log.parquet")
    extract(ours, landing, AS_OF, None)
    before = held(landing)
    write_parquet(drawn_log(1, 3), tmp_path / "company" / "log.parquet")
    with pytest.raises(CollapsedLoad, match="nothing was replaced"):
        extract(ours, landing, AS_OF, None, full_refresh=True)
    assert held(landing) == before


def test_results_are_landed_as_the_latest_statement_has_them(tmp_path: Path, landing: Landing) -> None:
    ours = company(tmp_path / "company", RESULTS)
    put_result(drawn_log(1), tmp_path, "first")
    extract(ours, landing, AS_OF, None)
    first = held(landing)
    assert list(first) == DAYS
    put_result(drawn_log(2), tmp_path, "again", all_days()[1:2])
    extract(ours, landing, AS_OF, None)
    assert {day for day in DAYS if held(landing)[day] != first[day]} == {DAYS[1]}
    assert try_rollup(ours, ours.sources["litellm"]) == (
        "the statement for snowflake is compiled, not run: run there what tokenomics rollup prints; 4 files of results"
    )


def test_a_day_that_no_result_states_any_more_is_withdrawn_and_no_result_at_all_is_an_error(
    tmp_path: Path, landing: Landing
) -> None:
    ours = company(tmp_path / "company", RESULTS)
    put_result(drawn_log(1, 60), tmp_path, "a", all_days()[:2])
    put_result(drawn_log(1, 60), tmp_path, "b", all_days()[2:])
    extract(ours, landing, AS_OF, None)
    for file in (tmp_path / "company" / "rollup").glob("b-*"):
        file.unlink()
    extract(ours, landing, AS_OF, None)
    assert list(held(landing)) == DAYS[:2]
    for file in (tmp_path / "company" / "rollup").glob("a-1*"):
        file.unlink()
    with pytest.raises(SchemaDrift, match="a part of the result is missing"):
        extract(ours, landing, AS_OF, None)
    for file in (tmp_path / "company" / "rollup").iterdir():
        file.unlink()
    with pytest.raises(PermanentFailure, match=r"no file matches results rollup/\*\.parquet"):
        extract(ours, landing, AS_OF, None)
    assert list(held(landing)) == DAYS[:2]


def test_a_day_is_landed_as_requests_or_as_sums(tmp_path: Path, landing: Landing) -> None:
    ours = company(tmp_path / "company", f"{QUERY}, path: log.parquet")
    rows = drawn_log(1)
    write_parquet(rows, tmp_path / "company" / "log.parquet")
    with landing.batch("litellm", "spend_logs") as batch:
        batch.add_rows("one", [row for row in rows if row["started_at"].day == 11], days={DAYS[1]: 1})
    with pytest.raises(PermanentFailure, match="2026-07-11 to 2026-07-11 are landed as single requests already"):
        extract(ours, landing, AS_OF, None)
    later = company(tmp_path / "company", f"{QUERY.replace('07-10', '07-12')}, path: log.parquet")
    extract(later, landing, AS_OF, None)
    assert list(held(landing)) == DAYS[2:]


def test_a_database_is_read_by_its_own_names_and_by_a_variable(
    tmp_path: Path, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_parquet(drawn_log(1), tmp_path / "log.parquet")
    with duckdb.connect(str(tmp_path / "far.duckdb")) as connection:
        connection.execute(f"create table requests as from read_parquet('{tmp_path / 'log.parquet'}')")
    monkeypatch.setenv("LOG_PLACE", str(tmp_path / "far.duckdb"))
    ours = company(tmp_path / "company", f"{QUERY}, table: requests, connection_env: LOG_PLACE")
    extract(ours, landing, AS_OF, None)
    assert list(held(landing)) == DAYS
