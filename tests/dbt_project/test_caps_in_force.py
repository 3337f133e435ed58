"""What a gateway's settings come to in a day, in the reporting currency, and which reading speaks. Real models, landed rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import moment, request, row

D = Decimal
DAY = date(2026, 7, 10)
AS_OF = date(2026, 7, 20)
POLICY = row("registry", "policy", policy_key="guardrail_max_age_hours", policy_value="24")
Caps = dict[tuple[str, date, int], dict[str, Any]]


def reading(entity: str, day: date = DAY, **given: Any) -> dict[str, Any]:
    standard = {
        "read_at": datetime(2026, 7, day.day, 12, tzinfo=UTC),
        "as_of_date": day,
        "entity": entity,
        "currency": "USD",
        "is_found": True,
        "is_blocked": False,
    }
    return row("litellm", "guardrail_settings", **{**standard, **given})


@pytest.fixture
def caps(tmp_path: Path) -> Callable[..., Caps]:
    """Rows of int_caps_in_force_by_day by entity, day and preference, for a company in USD and UTC."""

    def of(readings: list[dict], rates: list[dict] = (), requests: list[dict] = (), as_of: date = AS_OF) -> Caps:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": f"{DAY}T00:00:00Z", "window_end": f"{AS_OF}T00:00:00Z"}
        streams = (
            ("litellm", "guardrail_settings", readings, {}),
            ("registry", "policy", [POLICY], {}),
            ("ledgers", "exchange_rates", rates, {}),
            ("litellm", "spend_logs", requests, logged),
        )
        for source, stream, rows, facts in streams:
            if rows:
                with landing.batch(source, stream) as batch:
                    batch.add_rows("current", list(rows), **facts)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, as_of)
            build(connection, ["int_caps_in_force_by_day"])
            result = connection.execute("select * from intermediate.int_caps_in_force_by_day")
            names = [column[0] for column in result.description]
            found = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
        return {(one["entity"], one["cap_date"], one["preference"]): one for one in found}

    return of


def rate(currency: str, day: date, value: str, to: str = "USD") -> dict[str, Any]:
    return row(
        "ledgers", "exchange_rates", rate_date=day, from_currency=currency, to_currency=to, rate=D(value), line=1
    )


def test_a_budget_is_normalised_to_a_day_and_a_duration_that_says_nothing_stops_nobody_else(caps):
    budgets = {
        ("5", "1d"): "5",
        ("150", "30d"): "5",
        ("5", "1h"): "120",
        ("5", "30m"): "240",
        ("1", "30s"): "2880",
        ("35", "1w"): "5",
        ("304.375", "1mo"): "10",
        ("3652.5", "1y"): "10",
        ("5", None): "5",
        ("5", "daily"): "5",
        ("35", "Weekly"): "5",
        ("5", "hourly"): "120",
        ("304.375", " monthly "): "10",
        ("100", "30 D"): "3.333333333",
        ("200", "30d"): "6.666666667",
        ("304.375", "1MO"): "10",
        ("5", "30M"): None,
        ("100", "1M"): None,
        ("100", "1 M "): None,
        ("5", "fortnight"): None,
        ("5", "0d"): None,
        ("5", ""): None,
        ("5", "-1d"): None,
        ("5", "99999999999999999999d"): None,
    }
    found = caps([reading(f"key:{n}", max_budget=budget, budget_duration=d) for n, (budget, d) in enumerate(budgets)])
    for n, ((_, duration), cap) in enumerate(budgets.items()):
        one = found[f"key:{n}", DAY, 1]
        assert one["daily_cap"] == (None if cap is None else D(cap)), duration
        assert (one["cap_gap"] or "").startswith("unreadable_duration") == (cap is None), duration


def test_limits_of_several_windows_cap_a_day_by_the_tightest_of_them_and_of_the_budget(caps):
    """5 a day and 60 in 30 days are 2 a day; a budget beside them counts too; a window that says nothing caps nothing."""
    several = '[{"budget_duration": "1d", "max_budget": "5"}, {"budget_duration": "30d", "max_budget": "60"}]'
    unreadable = '[{"budget_duration": "fortnight", "max_budget": "1"}, {"budget_duration": "7d", "max_budget": "70"}]'
    found = caps(
        [
            reading("key:windows", budget_limits=several),
            reading("key:budget_is_tighter", budget_limits=several, max_budget="1", budget_duration="1d"),
            reading("key:window_is_tighter", budget_limits=several, max_budget="9", budget_duration="1d"),
            reading("key:one_unreadable", budget_limits=unreadable),
        ]
    )
    assert {entity: one["daily_cap"] for (entity, day, _), one in found.items() if day == DAY} == {
        "key:windows": D(2),
        "key:budget_is_tighter": D(1),
        "key:window_is_tighter": D(2),
        "key:one_unreadable": D(10),
    }
    assert not any(one["is_without_cap"] for one in found.values())


def test_a_longer_duration_is_never_a_higher_cap(caps):
    units = ("s", "m", "h", "d", "w", "mo", "y")
    found = caps(
        [reading(f"key:{n}{u}", max_budget="100", budget_duration=f"{n}{u}") for u in units for n in range(1, 60)]
    )
    for unit in units:
        daily = [found[f"key:{n}{unit}", DAY, 1]["daily_cap"] for n in range(1, 60)]
        assert daily == sorted(daily, reverse=True)


def test_a_request_limit_counts_at_the_dearest_request_seen_by_then(caps):
    def call(request_id: str, day: str, spend: float) -> dict[str, Any]:
        return request("p", request_id, 1, day, api_key="a", gateway_spend=spend)

    found = caps(
        [
            reading("key:a", rpm_limit=1),
            reading("key:a", AS_OF, rpm_limit=1, max_budget="5", budget_duration="1d"),
            reading("key:b", rpm_limit=1),
        ],
        requests=[call("1", "2026-07-09", 0.002), call("2", "2026-07-12", 0.004), call("3", "2026-07-13", 0.001)],
    )
    assert found["key:a", DAY, 1]["daily_cap"] == D("2.88")
    assert found["key:a", DAY + timedelta(days=2), 1]["daily_cap"] == D("5.76")
    assert found["key:a", DAY + timedelta(days=5), 1]["daily_cap"] == D("5.76")
    assert found["key:a", AS_OF, 1]["daily_cap"] == D(5)
    assert found["key:b", DAY, 1]["daily_cap"] is None
    assert found["key:b", DAY, 1]["cap_gap"].startswith("no_request_seen")


def test_blocked_not_found_and_unlimited(caps):
    found = caps(
        [
            reading("key:blocked", is_blocked=True, max_budget="5", budget_duration="nonsense"),
            reading("key:unknown", is_found=False),
            reading("key:unlimited"),
            reading("key:tokens", tpm_limit=10),
        ]
    )
    shown = {one["entity"]: (one["daily_cap"], one["cap_gap"], one["is_without_cap"]) for one in found.values()}
    assert shown["key:unknown"] == shown["key:unlimited"] == (None, None, True)
    assert shown["key:tokens"] == (None, None, False)
    assert shown["key:blocked"][1:] == (None, False)
    assert found["key:blocked", DAY, 1]["daily_cap"] == 0


def test_a_cap_is_converted_at_the_rate_of_the_day_stated_in_either_direction(caps):
    rates = [rate("EUR", DAY, "1.2"), rate("EUR", DAY + timedelta(days=1), "1.5"), rate("USD", DAY, "150", to="JPY")]
    found = caps(
        [
            reading("key:euro", max_budget="10", budget_duration="1d", currency="EUR"),
            reading("key:yen", max_budget="3000", budget_duration="1d", currency="JPY"),
            reading("key:pound", max_budget="10", budget_duration="1d", currency="GBP"),
        ],
        rates,
    )
    assert [found["key:euro", DAY + timedelta(days=n), 1]["daily_cap"] for n in (0, 1)] == [D(12), D(15)]
    assert found["key:yen", DAY, 1]["daily_cap"] == D("19.999999998")
    assert found["key:pound", DAY, 1]["daily_cap"] is None
    assert found["key:pound", DAY, 1]["cap_gap"].startswith("no_exchange_rate: no rate from GBP on 2026-07-10")


def test_a_rate_holds_for_seven_days_and_no_longer(caps):
    found = caps([reading("key:e", max_budget="10", budget_duration="1d", currency="EUR")], [rate("EUR", DAY, "1.2")])
    assert found["key:e", DAY + timedelta(days=7), 1]["daily_cap"] == D(12)
    assert found["key:e", DAY + timedelta(days=8), 1]["daily_cap"] is None


def test_the_latest_quotation_stands_and_of_one_day_the_pair_as_quoted_before_its_inverse(caps):
    rates = [
        rate("EUR", DAY, "1.2"),
        rate("USD", DAY, "0.8", to="EUR"),
        rate("USD", DAY + timedelta(days=1), "0.5", to="EUR"),
    ]
    found = caps([reading("key:e", max_budget="10", budget_duration="1d", currency="EUR")], rates)
    assert [found["key:e", DAY + timedelta(days=n), 1]["daily_cap"] for n in (0, 1)] == [D(12), D(20)]


def test_a_later_reading_speaks_and_what_was_known_before_it_stands_second(caps):
    later = DAY + timedelta(days=6)
    found = caps(
        [
            reading("key:a", max_budget="5", budget_duration="1d"),
            reading("key:a", later, max_budget="7", budget_duration="1d", settings_updated_at=moment("2026-07-13")),
        ]
    )
    first, third, fourth = (DAY + timedelta(days=n) for n in (0, 2, 3))
    assert {day: found["key:a", day, 1]["daily_cap"] for day in (first, third, fourth, later)} == {
        first: D(5),
        third: D(5),
        fourth: D(7),
        later: D(7),
    }
    assert (found["key:a", fourth, 2]["reading_date"], found["key:a", fourth, 2]["daily_cap"]) == (DAY, D(5))
    assert ("key:a", third, 2) not in found
    assert ("key:a", later, 2) not in found


def test_an_own_reading_of_the_day_before_speaks_before_one_of_three_weeks_later(caps):
    """Read on 9 March at 5 a day and on 30 March at 7, which the gateway says stands since the 1st. Until the end of 10 March
    the first is a day old at most and speaks; of the days to the 29th, which have no reading, the second does.
    """
    standard = {"budget_duration": "1d", "settings_updated_at": moment("2026-03-01")}

    def read(day: int, budget: str, at: datetime) -> dict[str, Any]:
        return reading("key:a", date(2026, 3, day), read_at=at, max_budget=budget, **standard)

    late = [read(9, "5", datetime(2026, 3, 10, 2, tzinfo=UTC)), read(30, "7", datetime(2026, 3, 31, 2, tzinfo=UTC))]
    found = caps(late, as_of=date(2026, 3, 31))
    told = {day: found["key:a", date(2026, 3, day), 1] for day in (1, 8, 9, 10, 11, 29, 30, 31)}
    assert {day: (one["daily_cap"], one["reading_date"].day) for day, one in told.items()} == {
        **{1: (D(5), 9), 8: (D(5), 9), 9: (D(5), 9), 10: (D(5), 9)},
        **{11: (D(7), 30), 29: (D(7), 30), 30: (D(7), 30), 31: (D(7), 30)},
    }


def test_a_reading_at_noon_is_stale_at_the_end_of_the_next_day(caps):
    standard = {"budget_duration": "1d", "settings_updated_at": moment("2026-07-01")}
    readings = [reading("key:a", max_budget="5", **standard), reading("key:a", AS_OF, max_budget="7", **standard)]
    found = caps(readings)
    assert [found["key:a", DAY + timedelta(days=n), 1]["daily_cap"] for n in (0, 1, 2)] == [D(5), D(7), D(7)]
