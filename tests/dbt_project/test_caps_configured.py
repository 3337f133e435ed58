"""Which caps are configured for whom on which day, and what they come to in the reporting currency and in US dollars. Real
models, landed rows.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import request, row

D = Decimal
AS_OF = date(2026, 7, 20)
Rows = list[dict[str, Any]]


def cap(
    cap_id: str, subject: str, pattern: str, window: str = "daily", amount: str = "5", **given: Any
) -> dict[str, Any]:
    standard = {
        "adapter": "litellm",
        "reset_day": 1 if window == "monthly" else None,
        "time_zone": "UTC",
        "currency": "USD",
        "mode": "hard",
    }
    named = {"cap_id": cap_id, "subject": subject, "id_pattern": pattern, "cap_window": window, "amount": D(amount)}
    return row("registry", "caps", **{**named, **standard, **given})


def override(starts: str, expires: str, amount: str = "50", **given: Any) -> dict[str, Any]:
    standard = {
        "cap_id": "c",
        "subject_id": "a1",
        "cap_window": "daily",
        "amount": D(amount),
        "approver": "a@b.example",
    }
    moments = {"starts_at": datetime.fromisoformat(starts), "expires_at": datetime.fromisoformat(expires)}
    return row("registry", "cap_overrides", **{**standard, **moments, **given})


def initiative(initiative_id: str, **given: Any) -> dict[str, Any]:
    standard = {"stage": "core", "started_on": date(2026, 7, 18), "guardrail_currency": "USD"}
    return row("registry", "initiatives", initiative_id=initiative_id, **{**standard, **given})


def rate(from_currency: str, to_currency: str, value: str, day: date = date(2026, 7, 19)) -> dict[str, Any]:
    pair = {"from_currency": from_currency, "to_currency": to_currency}
    return row("ledgers", "exchange_rates", rate_date=day, rate=D(value), line=1, **pair)


def call(number: int, day: str, **given: Any) -> dict[str, Any]:
    return request("p", str(number), 1, day, **given)


CALLS = [
    call(1, "2026-07-17", api_key="a1", user_id="ada", team_id="red"),
    call(2, "2026-07-19", api_key="a2", user_id="ada", team_id="red"),
    call(3, "2026-07-20", api_key="b1", user_id=None, team_id=None),
]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Rows]:
    """Rows of int_caps_configured_by_day, or of another model, for a company in UTC."""

    def of(
        model: str = "int_caps_configured_by_day",
        *,
        caps: Rows = (),
        overrides: Rows = (),
        initiatives: Rows = (),
        rates: Rows = (),
        calls: Rows = CALLS,
        reporting: str = "USD",
    ) -> Rows:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": "2026-03-01T00:00:00Z", "window_end": "2026-07-21T00:00:00Z"}
        streams = (
            ("registry", "caps", caps, {}),
            ("registry", "cap_overrides", overrides, {}),
            ("registry", "initiatives", initiatives, {}),
            ("ledgers", "exchange_rates", rates, {}),
            ("litellm", "spend_logs", calls, logged),
        )
        for source, stream, rows, facts in streams:
            if rows:
                with landing.batch(source, stream) as batch:
                    batch.add_rows("current", list(rows), **facts)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, AS_OF)
            connection.execute("update landing.run_parameters set reporting_currency = ?", [reporting])
            schema = "marts" if model.startswith("guardrail_") else "intermediate"
            build(connection, [model])
            result = connection.execute(f"select * from {schema}.{model} order by all")
            names = [column[0] for column in result.description]
            return [dict(zip(names, values, strict=True)) for values in result.fetchall()]

    return of


def days(rows: Rows, **wanted: Any) -> dict[str, list[int]]:
    """Days of July by entity."""
    found: dict[str, list[int]] = {}
    for one in rows:
        if all(one[key] == value for key, value in wanted.items()):
            found.setdefault(one["entity"], []).append(one["cap_date"].day)
    return {entity: sorted(numbers) for entity, numbers in found.items()}


def test_without_caps_there_is_no_row(configured):
    assert configured() == []


def test_a_pattern_holds_for_every_id_that_was_seen_from_its_first_day_on(configured):
    caps = [cap("keys", "key", "^a.*$"), cap("people", "developer", "^.*$"), cap("teams", "team", "^red$")]
    rows = configured(caps=caps)
    assert days(rows, cap_id="keys") == {"key:a1": [17, 18, 19, 20], "key:a2": [19, 20]}
    assert days(rows, cap_id="people") == {"developer:ada": [17, 18, 19, 20]}
    assert days(rows, cap_id="teams") == {"team:red": [17, 18, 19, 20]}


def test_a_cap_holds_between_its_dates_and_at_its_own_gateway_alone(configured):
    dated = cap("c", "key", "^a1$", valid_from=date(2026, 7, 18), valid_to=date(2026, 7, 20))
    later = cap("c", "key", "^a1$", amount="6", valid_from=date(2026, 7, 20))
    elsewhere = [cap("o", "key", "^a1$", adapter="openrouter"), cap("f", "key", "^a1$", adapter="policy_file")]
    rows = configured(caps=[dated, later, *elsewhere])
    assert days(rows, cap_id="c") == {"key:a1": [18, 19, 20]}
    assert {one["cap_date"].day: one["cap_configured"] for one in rows if one["cap_id"] == "c"} == {18: 5, 19: 5, 20: 6}
    assert days(rows, cap_id="o") == {}
    assert days(rows, cap_id="f") == {"key:a1": [17, 18, 19, 20]}


def test_an_initiatives_own_guardrail_is_a_daily_cap_of_the_entity_that_it_names(configured):
    own = {"guardrail_adapter": "litellm", "guardrail_daily_cap": D("12.5")}
    rows = configured(
        caps=[cap("i", "initiative", "^chat$", "weekly", "70")],
        initiatives=[
            initiative("chat", guardrail_entity="team:red", guardrail_actions="downgrade,throttle", **own),
            initiative("reader", guardrail_entity="key:a1", guardrail_actions="throttle,block", **own),
            initiative("free"),
        ],
    )
    assert {(one["cap_id"], one["entity"], one["window"], one["mode"], one["cap_usd"]) for one in rows} == {
        ("initiative:chat", "team:red", "daily", "alert", D("12.5")),
        ("initiative:reader", "key:a1", "daily", "hard", D("12.5")),
        ("i", "initiative:chat", "weekly", "hard", D(70)),
    }
    assert days(rows, cap_id="initiative:reader") == {"key:a1": [18, 19, 20]}


def test_weeks_begin_on_monday_and_months_on_their_reset_day(configured):
    """17 July 2026 is a Friday, 20 July a Monday."""
    caps = [cap("w", "key", "^a1$", "weekly"), cap("m", "key", "^a1$", "monthly"), cap("d", "key", "^a1$")]
    caps += [cap("m19", "key", "^a1$", "monthly", reset_day=19), cap("m28", "key", "^a1$", "monthly", reset_day=28)]
    starts = {(one["cap_id"], one["cap_date"].day): one["window_start_date"] for one in configured(caps=caps)}
    assert [starts["w", day] for day in (17, 19, 20)] == [date(2026, 7, 13), date(2026, 7, 13), date(2026, 7, 20)]
    assert [starts["m", day] for day in (17, 20)] == [date(2026, 7, 1)] * 2
    assert [starts["m19", day] for day in (17, 18, 19, 20)] == [date(2026, 6, 19)] * 2 + [date(2026, 7, 19)] * 2
    assert starts["m28", 20] == date(2026, 6, 28)
    assert [starts["d", day] for day in (17, 20)] == [date(2026, 7, 17), date(2026, 7, 20)]


def test_an_override_holds_on_the_days_it_touches_and_lowers_only_whole_days(configured):
    """18th 08:00 to 19th 20:00 in UTC is 18th 20:00 to 20th 08:00 in Auckland, twelve hours ahead."""
    touched = [override("2026-07-18T08:00:00+00:00", "2026-07-19T20:00:00+00:00")]
    zones = [cap("c", "key", "^a.*$"), cap("n", "key", "^a1$", time_zone="Pacific/Auckland")]
    rows = configured(caps=zones, overrides=[*touched, {**touched[0], "cap_id": "n"}])
    shown = {(one["entity"], one["cap_id"], one["cap_date"].day): (one["cap_usd"], one["has_override"]) for one in rows}
    assert [shown["key:a1", "c", day] for day in (17, 18, 19, 20)] == [(5, False), (50, True), (50, True), (5, False)]
    assert [shown["key:a1", "n", day] for day in (17, 18, 19, 20)] == [(5, False), (50, True), (50, True), (50, True)]
    assert shown["key:a2", "c", 19] == (5, False)


def test_a_lower_override_counts_on_days_that_it_covers_whole(configured):
    lower = [
        override("2026-07-17T12:00:00+00:00", "2026-07-18T12:00:00+00:00", "2"),
        override("2026-07-18T12:00:00+00:00", "2026-07-20T00:00:00+00:00", "3"),
    ]
    rows = configured(caps=[cap("c", "key", "^a1$")], overrides=lower)
    assert [(one["cap_date"].day, one["cap_usd"]) for one in rows] == [(17, 5), (18, 3), (19, 3), (20, 5)]


def test_a_day_of_23_hours_is_covered_whole(configured):
    """New York's 8 March 2026 lasts from 05:00 to 04:00 the next day in UTC."""
    lower = [override("2026-03-08T05:00:00+00:00", "2026-03-09T04:00:00+00:00", "2")]
    zoned = [cap("c", "key", "^a1$", time_zone="America/New_York", valid_to=date(2026, 3, 11))]
    rows = configured(caps=zoned, overrides=lower, calls=[call(1, "2026-03-07", api_key="a1")])
    assert [(one["cap_date"].day, one["cap_usd"]) for one in rows] == [(7, 5), (8, 2), (9, 5), (10, 5)]


def test_amounts_are_converted_once_at_the_rate_of_the_day_and_dollars_are_rounded_down(configured):
    caps = [cap("e", "key", "^b1$", currency="EUR"), cap("y", "key", "^b1$", currency="JPY", amount="1000")]
    caps += [cap("u", "key", "^b1$"), cap("k", "key", "^b1$", currency="KRW")]
    rates = [rate("EUR", "USD", "1.1"), rate("JPY", "USD", "0.006666666667")]
    (euro, won, dollar, yen) = configured(caps=caps, rates=rates)
    assert (euro["cap_configured"], euro["cap_usd"]) == (D("5.5"), D("5.5"))
    assert (dollar["cap_configured"], dollar["cap_usd"]) == (5, 5)
    assert (yen["cap_configured"], yen["cap_usd"]) == (D("6.666666667"), D("6.666666667"))
    assert (won["cap_configured"], won["cap_usd"]) == (None, None)


def test_a_company_in_another_currency_has_caps_in_its_own_and_in_dollars(configured):
    """A euro is 3 dollars, a dollar 0.333333333333 euros; 10 euros are 30.00000000003 dollars, rounded down 30."""
    caps = [cap("e", "key", "^b1$", currency="EUR", amount="10"), cap("u", "key", "^b1$", amount="6")]
    euro, dollar = configured(caps=caps, rates=[rate("EUR", "USD", "3")], reporting="EUR")
    assert (euro["cap_configured"], euro["cap_usd"]) == (D(10), D("30.000000000"))
    assert (dollar["cap_configured"], dollar["cap_usd"]) == (D("2.000000000"), D(6))


def test_without_a_rate_nothing_is_one_to_one(configured):
    (euro,) = configured(caps=[cap("e", "key", "^b1$", currency="EUR", amount="10")], reporting="EUR")
    assert (euro["cap_configured"], euro["cap_usd"]) == (D(10), None)


def test_the_minute_path_finds_each_cap_with_its_windows_dollars_and_headroom(configured):
    caps = [
        cap("c", "key", "^a.*$", amount="10", currency="EUR", headroom=D(1), time_zone="Europe/Berlin", mode="alert"),
        cap("m", "team", "^red$", "monthly", "600", reset_day=15),
        cap("over", "key", "^a.*$", valid_to=date(2026, 7, 21)),
        cap("to_come", "key", "^b1$", valid_from=date(2026, 8, 1)),
    ]
    rows = configured("guardrail_caps", caps=caps, rates=[rate("EUR", "USD", "1.1")])
    shown = {(one["cap_id"], one["subject_id"]): one for one in rows}
    assert set(shown) == {
        ("c", "a1"),
        ("c", "a2"),
        ("c", None),
        ("m", "red"),
        ("m", None),
        ("to_come", None),
        ("to_come", "b1"),
    }
    one = shown["c", "a1"]
    assert (one["amount_usd"], one["headroom_usd"], one["amount"]) == (D(11), D("1.1"), D(11))
    assert (one["window"], one["time_zone"], one["mode"], one["reset_day"]) == ("daily", "Europe/Berlin", "alert", None)
    assert (one["as_of_date"], one["reporting_currency"], one["id_pattern"]) == (AS_OF, "USD", None)
    assert (shown["m", "red"]["reset_day"], shown["m", "red"]["headroom_usd"]) == (15, None)
    assert shown["c", None]["id_pattern"] == "^a.*$"
    assert shown["to_come", "b1"]["holds_from"] == date(2026, 8, 1)


def test_the_minute_path_finds_which_entity_an_initiative_is_held_at(configured):
    own = {"guardrail_adapter": "litellm", "guardrail_daily_cap": D("12.5"), "guardrail_actions": "throttle,block"}
    rows = configured(
        "guardrail_caps",
        caps=[cap("i", "initiative", "^.*$", "weekly"), cap("o", "initiative", "^chat$", adapter="openrouter")],
        initiatives=[initiative("chat", guardrail_entity="team:red", **own), initiative("free")],
    )
    assert {(one["cap_id"], one["subject_id"], one["entity"], one["actions"]) for one in rows} == {
        ("initiative:chat", "chat", "team:red", "throttle,block"),
        ("i", "chat", "team:red", None),
        ("i", "free", None, None),
        ("o", "chat", None, None),
    }


def test_overrides_that_are_not_over_are_published_in_dollars(configured):
    overrides = [
        override("2026-07-18T00:00:00+00:00", "2026-07-21T00:00:00+00:00"),
        override("2026-07-21T00:00:00+00:00", "2026-07-22T00:00:00+00:00"),
    ]
    versions = [cap("c", "key", "^a1$", currency="EUR", valid_to=date(2026, 7, 21))]
    versions += [cap("c", "key", "^a1$", currency="EUR", valid_from=date(2026, 7, 21))]
    (one,) = configured(
        "guardrail_cap_overrides", caps=versions, overrides=overrides, rates=[rate("EUR", "USD", "1.1")]
    )
    assert (one["starts_at"].day, one["amount_usd"], one["approver"]) == (21, D(55), "a@b.example")
    assert one["window"] == "daily"


def test_without_caps_nothing_is_published(configured):
    assert configured("guardrail_caps") == []
