"""The landing area shows what was known before a moment: earlier contents, earlier watermarks, files since withdrawn."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import store
from orchestration.landing.late import not_known
from orchestration.landing.loads import Load, Partition
from orchestration.landing.store import Landing
from orchestration.landing.streams import STREAMS

STREAM = ("ledgers", "exchange_rates")
DAY = "ledgers/exchange_rates.csv"


class Clock:
    """Stands for ``datetime`` in the landing module: its hour is set by the test."""

    hour = 0

    @classmethod
    def now(cls, zone: object) -> datetime:
        return datetime(2026, 11, 1, cls.hour, tzinfo=zone)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(store, "datetime", Clock)
    return Clock


def rate(value: str) -> dict[str, object]:
    return {
        "file": DAY,
        "line": 2,
        "rate_date": None,
        "from_currency": "EUR",
        "to_currency": "USD",
        "rate": Decimal(value),
    }


def land(root: Path, value: str, hour: int, watermark: str = "w1", partition: str = DAY) -> None:
    Clock.hour = hour
    with Landing(root).batch(*STREAM) as batch:
        batch.add_rows(partition, [rate(value)], watermark_at=f"2026-11-01T0{watermark[1]}:00:00.000000Z")


def withdraw(root: Path, hour: int) -> None:
    Clock.hour = hour
    with Landing(root).batch(*STREAM) as batch:
        batch.withdraw(DAY)


def at(hour: int) -> str:
    return f"2026-11-01T{hour:02}:00:00.000000Z"


def shown(root: Path, hour: int | None) -> list[tuple[str, str]]:
    """(rate, hour of the watermark) of every visible row."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        Landing(root, known_before=at(hour) if hour is not None else None).register(connection)
        return connection.execute(
            "select cast(rate as decimal(9, 2))::varchar, strftime(watermark_at, '%H') from landing.ledgers__exchange_rates "
            "join landing.loads on loads.load_id = ledgers__exchange_rates.load_id order by all"
        ).fetchall()


def test_a_restated_load_is_shown_as_it_was_before_the_restatement(tmp_path: Path) -> None:
    land(tmp_path, "1.10", hour=2)
    land(tmp_path, "1.20", hour=4)
    land(tmp_path, "1.10", hour=6)
    values = {hour: [value for value, _ in shown(tmp_path, hour)] for hour in (2, 3, 4, 5, 6, 7)}
    assert values == {2: [], 3: ["1.10"], 4: ["1.10"], 5: ["1.20"], 6: ["1.20"], 7: ["1.10"]}
    assert shown(tmp_path, None) == [("1.10", "01")]


def test_an_unchanged_re_read_keeps_the_watermark_of_then(tmp_path: Path) -> None:
    land(tmp_path, "1.10", hour=2, watermark="w1")
    land(tmp_path, "1.10", hour=4, watermark="w3")
    land(tmp_path, "1.10", hour=5, watermark="w3")
    assert shown(tmp_path, 3) == [("1.10", "01")]
    assert shown(tmp_path, 5) == shown(tmp_path, None) == [("1.10", "03")]
    part = Landing(tmp_path).manifest(*STREAM)[DAY]
    assert part.history == [] and len(part.renewed) == 1


def test_a_withdrawn_file_is_shown_until_its_withdrawal(tmp_path: Path) -> None:
    land(tmp_path, "1.10", hour=2)
    withdraw(tmp_path, hour=4)
    land(tmp_path, "1.30", hour=6)
    values = {hour: [value for value, _ in shown(tmp_path, hour)] for hour in (4, 5, 6, 7)}
    assert values == {4: ["1.10"], 5: [], 6: [], 7: ["1.30"]}


def test_a_file_that_came_later_is_not_shown(tmp_path: Path) -> None:
    land(tmp_path, "1.10", hour=2)
    land(tmp_path, "1.40", hour=4, partition="ledgers/exchange_rates_late.csv")
    assert [value for value, _ in shown(tmp_path, 3)] == ["1.10"]
    assert [value for value, _ in shown(tmp_path, None)] == ["1.10", "1.40"]


def test_what_a_run_derives_is_always_shown_as_it_is_now(tmp_path: Path) -> None:
    Clock.hour = 5
    with Landing(tmp_path).batch("registry", "posting_accounts") as batch:
        batch.add_rows("current", [{"posting_role": "accrued_liabilities", "account_number": "2100"}])
    with duckdb.connect() as connection:
        Landing(tmp_path, known_before=at(3)).register(connection)
        rows = connection.execute("select account_number from landing.registry__posting_accounts").fetchall()
    assert rows == [("2100",)]


def test_a_manifest_without_the_newer_fields_is_read() -> None:
    body = {"current": None, "history": [{"load_id": "a", "rows": 1, "loaded_at": at(2)}]}
    assert Partition.from_json(body).known_before(at(3)) == Load("a", 1, at(2))


def test_what_a_run_derives_may_shrink(tmp_path: Path) -> None:
    def land_rules(count: int) -> None:
        rows = [{"position": n, "account_pattern": "10.*", "account_role": "cash"} for n in range(count)]
        with Landing(tmp_path).batch("registry", "ledger_account_patterns") as batch:
            batch.add_rows("current", rows)

    land_rules(200)
    land_rules(1)
    part = Landing(tmp_path).manifest("registry", "ledger_account_patterns")["current"]
    assert part.current is not None and part.current.rows == 1


REVENUE = ("ledgers", "revenue")
OCTOBER, NOVEMBER = "ledgers/revenue_october.csv", "ledgers/revenue_november.csv"


def land_revenue(root: Path, name: str, rows: int, day: str, hour: int) -> None:
    Clock.hour = hour
    row = {"file": name, "revenue_date": date.fromisoformat(day), "product_id": "app", "amount": Decimal(1)}
    with Landing(root).batch(*REVENUE) as batch:
        moments = {"first_event_at": f"{day}T00:00:00.000000Z", "last_event_at": f"{day}T00:00:00.000000Z"}
        batch.add_rows(
            name,
            [
                {
                    **dict.fromkeys(("recognition_end_date", "customer_id", "initiative_id", "invoice_id", "line_id")),
                    **row,
                    "line": line,
                    "currency": "USD",
                }
                for line in range(rows)
            ],
            **moments,
        )


def rows_shown(landing: Landing) -> dict[str, int]:
    return {name: load.rows for name, load in landing.visible_loads(*REVENUE).items()}


def test_a_first_history_that_is_loaded_after_the_first_run_is_known_from_the_start(tmp_path: Path) -> None:
    """The first run is as of 2026-11-26 and published at 3 o'clock; October comes at 4, is restated at 5, and a file of
    December comes at 6."""
    land_revenue(tmp_path, NOVEMBER, 20, "2026-11-02", hour=2)
    land_revenue(tmp_path, OCTOBER, 30, "2026-10-02", hour=4)
    land_revenue(tmp_path, OCTOBER, 31, "2026-10-02", hour=5)
    land_revenue(tmp_path, "ledgers/revenue_december.csv", 7, "2026-12-01", hour=6)
    before_its_first_day = Landing(tmp_path, known_before=at(3), history_until=date(2026, 11, 26))
    assert rows_shown(before_its_first_day) == {NOVEMBER: 20, OCTOBER: 30}
    assert rows_shown(Landing(tmp_path, known_before=at(3))) == {NOVEMBER: 20}
    assert not_known(before_its_first_day, date(2026, 10, 31)) == [f"{OCTOBER}, 31 rows in place of 30"]


def test_a_file_taken_back_is_no_history(tmp_path: Path) -> None:
    land_revenue(tmp_path, OCTOBER, 30, "2026-10-02", hour=4)
    with Landing(tmp_path).batch(*REVENUE) as batch:
        batch.withdraw(OCTOBER)
    assert rows_shown(Landing(tmp_path, known_before=at(3), history_until=date(2026, 11, 26))) == {}


def test_rows_that_are_landed_but_not_known_on_a_day_are_named(tmp_path: Path) -> None:
    land_revenue(tmp_path, OCTOBER, 30, "2026-10-02", hour=2)
    land_revenue(tmp_path, NOVEMBER, 20, "2026-11-02", hour=4)
    then = Landing(tmp_path, known_before=at(3))
    assert not_known(then, date(2026, 11, 20)) == [f"{NOVEMBER}, 20 rows"]
    assert not_known(then, date(2026, 11, 1)) == [], "its rows are of later days"
    assert not_known(Landing(tmp_path), date(2026, 11, 20)) == []


def test_days_of_an_api_that_came_later_are_counted_together(tmp_path: Path) -> None:
    Clock.hour = 4
    row = dict.fromkeys(name for name, _ in STREAMS["openrouter", "activity"])
    with Landing(tmp_path).batch("openrouter", "activity") as batch:
        for day, rows in (("2026-10-01", 3), ("2026-10-02", 2), ("2026-10-03", 0), ("2026-10-09", 9)):
            batch.add_rows(day, [row] * rows, window_start=f"{day}T00:00:00.000000Z")
    then = Landing(tmp_path, known_before=at(3))
    assert not_known(then, date(2026, 10, 5)) == ["openrouter activity, 2 days with 5 rows"]
    assert not_known(then, date(2026, 9, 30)) == []
