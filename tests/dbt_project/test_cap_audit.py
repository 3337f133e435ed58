"""The cap audit on landed requests and readings: what each leak costs, worked out by hand. A token costs a dollar."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import charge, declared_source, moment, price, request, row

D = Decimal
DAY = date(2026, 7, 10)
AS_OF = date(2026, 7, 20)
Rows = list[dict[str, Any]]

CONFIGURED = (
    'adapter varchar, entity varchar, cap_id varchar, subject varchar, subject_id varchar, "window" varchar, '
    "cap_date date, window_start_date date, cap_configured decimal(38, 9), mode varchar, time_zone varchar"
)


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


def call(number: int, clock: str, dollars: int, day: date = DAY, key: str = "a", **given: Any) -> dict[str, Any]:
    started = at(clock, day)
    standard = {"api_key": key, "started_at": started, "gateway_spend": float(dollars)}
    return request("p", f"{key}-{day}-{number}", dollars, str(day), **{**standard, **given})


def refusal(number: int, clock: str, day: date = DAY, key: str = "a", error: str = "budget_exceeded") -> dict[str, Any]:
    return call(number, clock, 0, day, key, status="failure", error_type=error, has_token_evidence=False)


def activity(day: date, dollars: int) -> dict[str, Any]:
    standard = {"model": "m", "api_key": "a", "custom_llm_provider": "p", "prompt_tokens": dollars}
    counts = {"completion_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "successful_requests": 1}
    times = {"start_time": at("00:00", day), "end_time": at("00:00", day + timedelta(days=1))}
    return row("litellm", "daily_activity", **standard, **counts, **times, failed_requests=0)


def reading(
    entity: str = "key:a", day: date = DAY, budget: str | None = "10", duration: str | None = "1d", **given: Any
):
    standard = {
        "read_at": moment(str(day)) + timedelta(hours=1),
        "as_of_date": day,
        "entity": entity,
        "currency": "USD",
        "is_found": True,
        "is_blocked": False,
        "max_budget": budget,
        "budget_duration": duration,
        "settings_updated_at": moment("2026-07-01"),
    }
    return row("litellm", "guardrail_settings", **{**standard, **given})


class Cap(NamedTuple):
    entity: str
    window: str
    amount: str
    cap_id: str = "cap"
    mode: str = "hard"
    zone: str | None = None
    """None: the company's."""


@dataclass
class Company:
    """What is landed, and what the policy configures from the 1st on; ``zone``: of its caps."""

    calls: Rows = field(default_factory=list)
    readings: Rows = field(default_factory=list)
    caps: list[Any] = field(default_factory=lambda: [("key:a", "daily", "10")])
    prices: Rows = field(default_factory=lambda: [price("p", "1000000")])
    rules: Rows = field(default_factory=list)
    charges: Rows = field(default_factory=list)
    contracts: Rows = field(default_factory=list)
    zone: str = "UTC"
    reporting_zone: str = "UTC"
    sources: Rows = field(default_factory=list)
    daily_activity: Rows = field(default_factory=list)
    subject: tuple[str, str] | None = None

    def configured(self) -> list[tuple[Any, ...]]:
        rows = []
        for entity, window, amount, cap_id, mode, zone in (Cap(*one) for one in self.caps):
            for n in range((AS_OF - date(2026, 7, 1)).days + 1):
                day = date(2026, 7, 1) + timedelta(days=n)
                start = {
                    "daily": day,
                    "weekly": day - timedelta(days=day.weekday()),
                    "monthly": day.replace(day=1),
                }[window]
                kind, _, name = entity.partition(":")
                subject = self.subject or (kind, name)
                zone = zone or self.zone
                rows.append(("litellm", entity, cap_id, *subject, window, day, start, D(amount), mode, zone))
        return rows


QUIET = {**declared_source("litellm"), "empty_days": "zero"}
"""A log in files, of which a day without rows is one of no traffic."""

Audit = dict[tuple[str, str, date], dict[str, Any]]


@pytest.fixture
def built(tmp_path: Path) -> Callable[[Company, str], Rows]:
    """The rows of a mart of a company."""

    def of(company: Company, mart: str) -> Rows:
        landing = Landing(tmp_path / "landing")
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": f"{AS_OF}T00:00:00Z"}
        policy = [row("registry", "policy", policy_key="guardrail_max_age_hours", policy_value="24")]
        zones = [row("registry", "caps", time_zone=zone) for zone in {one[-1] for one in company.configured()}]
        streams = (
            ("litellm", "guardrail_settings", company.readings, {}),
            ("litellm", "spend_logs", company.calls, logged),
            ("prices", "price_book", company.prices, {}),
            ("registry", "ownership_rules", company.rules, {}),
            ("registry", "contracts", company.contracts, {}),
            ("focus_files", "cost_and_usage", company.charges, {}),
            ("registry", "policy", policy, {}),
            ("registry", "caps", zones, {}),
            ("registry", "sources", company.sources, {}),
            ("litellm", "daily_activity", company.daily_activity, {}),
        )
        for source, stream, rows, facts in streams:
            if rows:
                with landing.batch(source, stream) as batch:
                    batch.add_rows("current", rows, **facts)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, AS_OF, company.reporting_zone)
            connection.execute("create schema intermediate")
            connection.execute(f"create table intermediate.int_caps_configured_by_day ({CONFIGURED})")
            for one in company.configured():
                connection.execute(f"insert into intermediate.int_caps_configured_by_day values ({'?, ' * 10}?)", one)
            build(connection, [mart])
            result = connection.execute(f"select * from marts.{mart} order by all")
            names = [column[0] for column in result.description]
            return [dict(zip(names, values, strict=True)) for values in result.fetchall()]

    return of


@pytest.fixture
def audit(built: Callable[[Company, str], Rows]) -> Callable[[Company], Audit]:
    def of(company: Company) -> Audit:
        rows = built(company, "cap_audit_by_entity_day")
        return {(one["entity"], one["window"], one["cap_date"]): one for one in rows}

    return of


def told(one: dict[str, Any]) -> tuple[Any, ...]:
    """What a row says of a crossing."""
    names = "status cost overshoot crossed_at refused_at minutes_late cost_after_crossing requests_after_crossing"
    return tuple(one[name] for name in names.split())


def test_a_cap_that_stopped_the_key_at_the_request_after_the_crossing_held(audit):
    calls = [call(1, "08:00", 6), call(2, "09:00", 5), refusal(3, "09:01"), refusal(4, "10:00")]
    one = audit(Company(calls, [reading()]))["key:a", "daily", DAY]
    assert told(one) == ("held", D(11), D(1), at("09:00"), at("09:01"), 0.0, D(0), 0)
    assert (one["cap_configured"], one["cap_in_force"], one["is_read_back"]) == (D(10), D(10), True)
    assert (one["resets_at"], one["reporting_currency"]) == (at("00:00", DAY + timedelta(days=1)), "USD")


def test_a_late_refusal_lets_requests_and_money_pass(audit):
    """3 + 4 + 4 crosses 10 at 09:00; 2 and 7 pass before the refusal 12.5 minutes later, and one more after it."""
    calls = [call(1, "07:00", 3), call(2, "08:00", 4), call(3, "09:00", 4), call(4, "09:05", 2), call(5, "09:10", 7)]
    calls += [refusal(6, "09:12:30"), call(7, "09:13", 1), refusal(8, "08:30", error="rate_limit_error")]
    one = audit(Company(calls, [reading()]))["key:a", "daily", DAY]
    assert told(one) == ("overshot", D(21), D(11), at("09:00"), at("09:12:30"), 12.5, D(10), 3)


def test_a_cap_never_enforced_is_late_for_as_long_as_traffic_went_on(audit):
    calls = [call(1, "08:00", 11), call(2, "08:30", 1), call(3, "10:00", 1)]
    one = audit(Company(calls, [reading()]))["key:a", "daily", DAY]
    assert told(one) == ("overshot", D(13), D(3), at("08:00"), None, 120.0, D(2), 2)


def test_a_cap_that_was_not_written_or_raised_by_hand_is_not_in_force(audit):
    """Configured 10; the gateway says: none for a, 25 for b (crossed), 25 a month for c, which may all go in a day."""
    calls = [call(1, "08:00", 4), call(1, "08:00", 12, key="b"), call(2, "09:00", 3, key="b")]
    readings = [
        reading("key:a", budget=None, duration=None),
        reading("key:b", budget="25"),
        reading("key:c", budget="25", duration="30d"),
    ]
    caps = [(f"key:{name}", "daily", "10") for name in "abc"]
    found = audit(Company(calls, readings, caps))
    a, b, c = (found[f"key:{name}", "daily", DAY] for name in "abc")
    assert {one["status"] for one in (a, b, c)} == {"not_in_force"}
    assert [one["cap_in_force"] for one in (a, b, c)] == [None, D(25), D(25)]
    assert told(b)[1:] == (D(15), D(5), at("08:00"), None, 60.0, D(3), 1)
    assert (found["key:c", "monthly", DAY]["cap_in_force"], found["key:c", "monthly", DAY]["cap_configured"]) == (
        25,
        None,
    )


def test_a_cap_in_force_is_null_where_no_reading_speaks_for_the_day(audit):
    calls = [call(1, "08:00", 4), call(2, "08:00", 11, DAY + timedelta(days=1))]
    late = reading(day=AS_OF, settings_updated_at=moment("2026-07-15"))
    found = audit(Company(calls, [late]))
    first, second = found["key:a", "daily", DAY], found["key:a", "daily", DAY + timedelta(days=1)]
    assert (first["cap_in_force"], first["is_read_back"], first["status"]) == (None, False, "not_crossed")
    assert (second["status"], second["crossed_at"]) == ("unknown", at("08:00", DAY + timedelta(days=1)))
    assert found["key:a", "daily", AS_OF]["cap_in_force"] == D(10)


def test_what_reaches_a_cap_to_the_cent_has_not_crossed_it(audit):
    """10 of 10 at eight, and the request after it crosses."""
    one = audit(Company([call(1, "08:00", 10), call(2, "09:00", 2)], [reading()]))["key:a", "daily", DAY]
    assert (one["crossed_at"], one["overshoot"], one["cost_after_crossing"]) == (at("09:00"), D(2), D(0))


def test_nothing_passed_after_the_last_request_where_requests_are_rounded_one_by_one(audit):
    """A million tokens cost $3 less 0.333333333 of it: 600 tokens $0.0012000000006, to twelve places $0.001200000001. Two such
    requests add up to one unit of the last place more than 1,200 tokens, which are $0.0024000000012.
    """
    discount = row(
        "registry", "contracts", contract_id="c", provider="p", kind="discount", discount_ratio=D("0.333333333")
    )
    calls = [call(1, "08:00", 600), call(2, "08:10", 600)]
    company = Company(calls, caps=[("key:a", "daily", "0.002")], prices=[price("p", "3")], contracts=[discount])
    one = audit(company)["key:a", "daily", DAY]
    assert (one["crossed_at"], one["cost"]) == (at("08:10"), D("0.002400000001"))
    assert (one["cost_after_crossing"], one["requests_after_crossing"]) == (D(0), 0)


@pytest.mark.parametrize("written", [at("12:00"), at("05:00", DAY + timedelta(days=1))])
def test_a_block_written_on_the_day_or_after_it_is_no_cap_of_the_day(audit, written):
    """4 + 5 of a cap of 10 passed before the block was written at noon, or the next morning before the run: nothing crossed."""
    blocked = reading(is_blocked=True, settings_updated_at=written, read_at=at("06:00", DAY + timedelta(days=1)))
    one = audit(Company([call(1, "08:00", 4), call(2, "09:00", 5)], [blocked]))["key:a", "daily", DAY]
    assert (one["cap_in_force"], one["is_read_back"], one["crossed_at"]) == (None, False, None)
    assert (one["cost"], one["overshoot"], one["status"]) == (D(9), D(0), "not_crossed")


def test_a_block_that_stood_when_the_day_began_lets_nothing_pass(audit):
    blocked = reading(is_blocked=True, settings_updated_at=at("12:00", DAY - timedelta(days=1)))
    one = audit(Company([call(1, "08:00", 1)], [blocked]))["key:a", "daily", DAY]
    assert (one["cap_in_force"], one["crossed_at"]) == (D(0), at("08:00"))


def test_headroom_written_below_the_cap_is_no_overshoot(audit):
    """8 is written for a cap of 10: the request that crosses 8 leaves 9 spent, within the policy's 10."""
    calls = [call(1, "08:00", 7), call(2, "09:00", 2), refusal(3, "09:30")]
    one = audit(Company(calls, [reading(budget="8")]))["key:a", "daily", DAY]
    assert told(one) == ("held", D(9), D(0), at("09:00"), at("09:30"), 0.0, D(0), 0)


def test_a_monthly_window_goes_on_counting_and_shows_each_day_what_was_known_by_then(audit):
    """30 a month: 20 on the 8th, 8 + 4 on the 10th crosses at the 4, 5 on the 11th passes, refused on the 12th at 07:00."""
    eighth, eleventh, twelfth = (DAY + timedelta(days=n) for n in (-2, 1, 2))
    calls = [call(1, "08:00", 20, eighth), call(2, "08:00", 8), call(3, "09:00", 4), call(4, "09:00", 5, eleventh)]
    calls += [refusal(5, "07:00", twelfth)]
    calls += [call(1, "08:00", 1, date(2026, 7, 1), key="another")]
    company = Company(calls, [reading(budget="30", duration="30d")], [("key:a", "monthly", "30")], sources=[QUIET])
    found = audit(company)
    assert told(found["key:a", "monthly", eighth]) == ("not_crossed", D(20), D(0), None, None, None, D(0), 0)
    assert told(found["key:a", "monthly", DAY])[:5] == ("held", D(32), D(2), at("09:00"), None)
    third = told(found["key:a", "monthly", eleventh])
    assert third == ("overshot", D(37), D(7), at("09:00"), None, 24 * 60.0, D(5), 1)
    last = told(found["key:a", "monthly", twelfth])
    assert last == ("overshot", D(37), D(7), at("09:00"), at("07:00", twelfth), 46 * 60.0, D(5), 1)
    assert found["key:a", "monthly", twelfth]["resets_at"] == at("00:00", date(2026, 8, 1))
    assert found["key:a", "monthly", twelfth]["day_cost"] == 0


def test_a_window_begins_in_the_zone_of_the_cap_across_the_reporting_day(audit):
    """In Los Angeles 06:59 of the 11th in UTC is still the 10th, seven hours behind; at 07:00 the cap begins anew."""
    after = DAY + timedelta(days=1)
    calls = [call(1, "06:59", 5), call(2, "07:00", 6), call(3, "06:30", 6, after), call(4, "07:00", 1, after)]
    found = audit(Company(calls, [reading()], zone="America/Los_Angeles"))
    assert found["key:a", "daily", DAY - timedelta(days=1)]["cost"] == D(5)
    assert told(found["key:a", "daily", DAY]) == ("held", D(12), D(2), at("06:30", after), None, 0.0, D(0), 0)
    assert found["key:a", "daily", after]["cost"] == D(1)
    assert found["key:a", "daily", DAY]["resets_at"] == at("07:00", after)


BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
MIDNIGHTS = [
    # a day of July begins, in UTC, at 18:30 the day before (five and a half hours ahead), and so on
    ("America/New_York", "Asia/Kolkata", BEFORE, "18:10", "18:45"),
    ("UTC", "Asia/Kolkata", BEFORE, "18:29:59.999999", "18:30"),
    ("UTC", "Asia/Kathmandu", BEFORE, "18:14:59", "18:15"),
    ("Asia/Kolkata", "Asia/Kathmandu", BEFORE, "18:14:59", "18:29:59"),
    ("UTC", "Australia/Lord_Howe", BEFORE, "13:29", "13:31"),
    ("Europe/Berlin", "Pacific/Chatham", BEFORE, "11:14", "11:16"),
    ("UTC", "America/St_Johns", DAY, "02:29", "02:31"),
]


@pytest.mark.parametrize(("reporting", "zone", "first", "last_before", "first_within"), MIDNIGHTS)
def test_a_day_that_begins_within_an_hour_has_its_own_requests_to_the_minute(
    audit, reporting, zone, first, last_before, first_within
):
    """3 as the day begins and 3 as it ends are 6 of 5; what came a moment before it, and after it, are other days'."""
    calls = [call(1, last_before, 1, first), call(2, first_within, 3, first)]
    end = first + timedelta(days=1)
    calls += [call(3, last_before, 3, end), call(4, first_within, 2, end)]
    company = Company(calls, caps=[("key:a", "daily", "5")], zone=zone, reporting_zone=reporting, sources=[QUIET])
    found = audit(company)
    costs = [found["key:a", "daily", day]["cost"] for day in (BEFORE, DAY, AFTER)]
    assert costs == [D(1), D(6), D(2)]
    one = found["key:a", "daily", DAY]
    assert (one["overshoot"], one["crossed_at"]) == (D(1), at(last_before, end))


def test_a_month_that_begins_within_an_hour_ends_to_the_minute_too(audit):
    """July begins in Kolkata at 18:30 of the 30th of June in UTC: 4 came a minute before it."""
    june, july = date(2026, 6, 30), date(2026, 7, 1)
    calls = [call(1, "18:29", 4, june), call(2, "18:31", 4, june), call(3, "12:00", 5, july)]
    company = Company(calls, caps=[("key:a", "monthly", "10")], zone="Asia/Kolkata", sources=[QUIET])
    found = audit(company)
    assert [found["key:a", "monthly", day]["cost"] for day in (july, july + timedelta(days=1))] == [D(9), D(9)]


def test_an_hour_that_a_caps_day_divides_is_one_hour_of_usage(built):
    company = Company([call(1, "18:10", 3), call(2, "18:45", 4), call(3, "19:00", 5)], zone="Asia/Kolkata")
    hours = [
        (one["usage_start_at"].hour, one["quantity"])
        for one in built(company, "fct_usage_by_hour")
        if one["token_class"] == "input_uncached"
    ]
    assert sorted(hours) == [(18, 7), (19, 5)]


def test_of_two_caps_in_two_zones_the_one_that_was_crossed_is_shown(audit):
    """3 at 16:00 and 3 at 14:00 of the next day lie on one day of Tokyo, nine hours ahead, and on two of UTC."""
    calls = [call(1, "16:00", 3, BEFORE), call(2, "14:00", 3)]
    caps = [("key:a", "daily", "4", "utc", "alert", "UTC"), ("key:a", "daily", "4.5", "tokyo", "hard", "Asia/Tokyo")]
    found = audit(Company(calls, caps=caps, sources=[QUIET]))
    one = found["key:a", "daily", DAY]
    assert (one["cap_id"], one["time_zone"], one["mode"]) == ("tokyo", "Asia/Tokyo", "hard")
    assert told(one) == ("unknown", D(6), D("1.5"), at("14:00"), None, 0.0, D(0), 0)
    assert found["key:a", "daily", AFTER][("cap_id")] == "tokyo", "none is crossed: the hard one"


def test_a_crossed_alert_cap_is_shown_beside_a_hard_one_that_was_not_crossed(audit):
    caps = [("key:a", "daily", "4", "low", "alert"), ("key:a", "daily", "20", "high", "hard")]
    calls = [call(1, "08:00", 5), call(2, "09:00", 2), call(3, "08:00", 3, AFTER)]
    found = audit(Company(calls, caps=caps))
    assert told(found["key:a", "daily", DAY])[:4] == ("overshot", D(7), D(3), at("08:00"))
    shown = {day: found["key:a", "daily", day]["cap_id"] for day in (DAY, AFTER)}
    assert shown == {DAY: "low", AFTER: "high"}


def test_of_two_crossed_caps_the_hard_one_is_shown(audit):
    caps = [("key:a", "daily", "4", "a", "alert"), ("key:a", "daily", "6", "z", "hard"), ("key:a", "daily", "7", "b")]
    one = audit(Company([call(1, "08:00", 5), call(2, "09:00", 5)], caps=caps))["key:a", "daily", DAY]
    assert (one["cap_id"], one["cap_configured"], one["overshoot"]) == ("z", D(6), D(4))


def test_each_of_two_monthly_caps_counts_its_own_month(audit):
    """In Tokyo, nine hours ahead, July begins with the 5 of 30 June 20:00 that UTC counts in June: 5 + 4 + 2 of 10."""
    june = date(2026, 6, 30)
    calls = [call(1, "20:00", 5, june), call(2, "08:00", 4), call(3, "09:00", 2, AFTER)]
    caps = [
        ("key:a", "monthly", "9", "utc", "hard", "UTC"),
        ("key:a", "monthly", "10", "tokyo", "alert", "Asia/Tokyo"),
    ]
    found = audit(Company(calls, caps=caps, sources=[QUIET]))
    assert {
        day: (one["cap_id"], one["cost"], one["crossed_at"]) for (_, _, day), one in found.items() if day >= DAY
    } == {
        DAY: ("utc", D(4), None),
        **{DAY + timedelta(days=n): ("tokyo", D(11), at("09:00", AFTER)) for n in range(1, (AS_OF - DAY).days + 1)},
    }


def test_a_day_of_which_no_source_tells_is_unknown(audit):
    """Files of a log from the 8th to the 12th without the 9th: what is before, missing or after it is no day of nothing."""
    eighth, twelfth = date(2026, 7, 8), date(2026, 7, 12)
    calls = [call(1, "08:00", 1, day) for day in (eighth, DAY, AFTER, twelfth)]
    caps = [("key:a", "daily", "10"), ("key:a", "weekly", "40"), ("key:quiet", "daily", "10")]
    found = audit(Company(calls, caps=caps, sources=[declared_source("litellm")]))
    known = {day.day for day in (eighth, DAY, AFTER, twelfth)}
    for entity in ("key:a", "key:quiet"):
        statuses = {
            day.day: one["status"] for (who, window, day), one in found.items() if (who, window) == (entity, "daily")
        }
        assert statuses == {n: "not_crossed" if n in known else "unknown" for n in range(1, 21)}
    weeks = {day.day: one["status"] for (_, window, day), one in found.items() if window == "weekly"}
    assert set(weeks.values()) == {"unknown"}, "the week of Monday 6 July lacks days, and so does the next"


def test_a_crossing_is_known_whatever_other_days_of_the_window_are_not(audit):
    calls = [call(1, "08:00", 9), call(2, "09:00", 2), call(3, "09:30", 1)]
    found = audit(Company(calls, caps=[("key:a", "monthly", "10")], sources=[declared_source("litellm")]))
    assert told(found["key:a", "monthly", DAY])[:4] == ("overshot", D(12), D(2), at("09:00"))


def test_a_day_in_another_zone_is_unknown_where_a_day_that_it_touches_is(audit):
    """A log of the 10th and 11th in UTC tells of the whole of one day in Tokyo, nine hours ahead."""
    calls = [call(1, "00:00", 1), call(2, "23:00", 1, AFTER)]
    found = audit(Company(calls, zone="Asia/Tokyo", sources=[declared_source("litellm")]))
    known = {day for (_, _, day), one in found.items() if one["status"] == "not_crossed"}
    assert known == {AFTER}


@pytest.mark.parametrize(
    ("zone", "day", "status"),
    [
        ("UTC", DAY, "overshot"),
        ("UTC", AFTER, "not_crossed"),
        ("Asia/Kolkata", DAY, "unknown"),
        ("Asia/Kolkata", AFTER, "unknown"),
    ],
)
def test_usage_that_is_told_by_the_day_is_not_guessed_into_days_of_another_zone(audit, zone, day, status):
    """12 of 10 on the UTC day of the 10th, of which five and a half hours are the 11th in Kolkata."""
    company = Company(daily_activity=[activity(BEFORE, 1), activity(DAY, 12), activity(AFTER, 1)], zone=zone)
    assert audit(company)["key:a", "daily", day]["status"] == status


def test_a_request_in_two_files_crosses_once(audit):
    twice = [call(1, "08:00", 6), call(1, "08:00", 6), call(2, "09:00", 3)]
    assert told(audit(Company(twice, [reading()]))["key:a", "daily", DAY])[:2] == ("not_crossed", D(9))


def test_usage_without_a_price_leaves_a_cap_unknown(audit):
    one = audit(Company([call(1, "08:00", 6, model="heron")], [reading()]))["key:a", "daily", DAY]
    assert (one["status"], one["cost"]) == ("unknown", D(0))


def test_windows_that_the_gateway_keeps_in_a_list_hold_beside_its_single_budget(audit):
    """7 a day beside 100 a month: 49 a week and, below 31 times 7, the 100 of the list."""
    limits = '[{"budget_duration": "1d", "max_budget": "10"}, {"budget_duration": "30d", "max_budget": "100"}]'
    caps = [("key:a", "daily", "10"), ("key:a", "monthly", "100"), ("key:a", "weekly", "40")]
    found = audit(Company([], [reading(budget="7", budget_limits=limits)], caps))
    in_force = {window: found["key:a", window, DAY]["cap_in_force"] for window in ("daily", "weekly", "monthly")}
    assert in_force == {"daily": D(7), "weekly": D(49), "monthly": D(100)}
    assert found["key:a", "weekly", DAY]["status"] == "not_in_force"


def test_a_key_with_windows_and_no_single_budget_has_a_cap(audit):
    limits = '[{"budget_duration": "1d", "max_budget": "10"}]'
    company = Company([call(1, "08:00", 4)], [reading(budget=None, duration=None, budget_limits=limits)])
    one = audit(company)["key:a", "daily", DAY]
    assert (one["cap_in_force"], one["status"]) == (D(10), "not_crossed")


def test_what_the_owner_used_beside_the_cap_is_uncapped(audit):
    """Dev uses a capped key and one without a cap; another person's key without one is not hers."""
    calls = [call(1, "08:00", 4, user_id="dev"), call(1, "08:00", 7, key="free", user_id="dev")]
    calls += [call(1, "08:00", 9, key="else", user_id="other")]
    one = audit(Company(calls, [reading()], subject=("developer", "dev")))["key:a", "daily", DAY]
    assert one["uncapped_cost"] == D(7)


def test_the_owner_of_a_key_is_who_uses_it(audit):
    calls = [call(1, "08:00", 4, user_id="dev"), call(1, "08:00", 7, key="free", user_id="dev")]
    found = audit(Company(calls, [reading()]))
    assert found["key:a", "daily", DAY]["uncapped_cost"] == D(7)
    assert found["key:a", "daily", DAY + timedelta(days=1)]["uncapped_cost"] == D(0)


def test_a_team_of_two_keys_is_capped_as_one(audit):
    calls = [call(1, "08:00", 6, team_id="t"), call(1, "08:01", 5, key="b", team_id="t")]
    calls += [call(2, "08:02", 3, key="b", team_id="t"), refusal(3, "08:03") | {"team_id": "t"}]
    found = audit(Company(calls, [reading("team:t")], [("team:t", "daily", "10")]))
    assert told(found["team:t", "daily", DAY]) == ("overshot", D(14), D(4), at("08:01"), at("08:03"), 2.0, D(3), 1)


@pytest.fixture
def unmetered(
    built: Callable[[Company, str], Rows],
) -> Callable[[Company], dict[tuple[str, str | None], tuple[Any, ...]]]:
    """Keys, requests, tokens and amount by kind and person."""

    def of(company: Company) -> dict[tuple[str, str | None], tuple[Any, ...]]:
        rows = built(company, "unmetered_usage_by_owner")
        found = {
            (one["kind"], one["actor_id"]): (one["keys"], one["requests"], one["tokens"], one["amount"]) for one in rows
        }
        assert len(found) == len(rows)
        return found

    return of


def test_tokens_that_the_gateway_reckons_no_cost_for_are_found_at_our_price(unmetered):
    """A spend of nothing and one that is not told; what has a spend, failed, or was served from the cache is none."""
    calls = [call(1, "08:00", 5, gateway_spend=0.0), call(2, "08:10", 2, gateway_spend=None), call(3, "09:00", 9)]
    calls += [refusal(4, "09:01"), call(5, "09:02", 0, is_served=False, gateway_spend=0.0)]
    calls += [call(1, "10:00", 4, key="b", gateway_spend=0.0, model="heron", user_id="dev")]
    caps = [("key:a", "daily", "100"), ("key:b", "daily", "100")]
    assert unmetered(Company(calls, caps=caps)) == {
        ("tokens_without_cost", None): (1, 2, 7, D(7)),
        ("tokens_without_cost", "dev"): (1, 1, 4, None),
    }


def test_a_cost_without_tokens_is_found_at_the_gateways_figure(unmetered):
    calls = [call(1, "08:00", 0, gateway_spend=0.25, has_token_evidence=False), call(2, "08:10", 2)]
    assert unmetered(Company(calls)) == {("cost_without_tokens", None): (1, 1, 0, D("0.25"))}


def test_keys_that_no_cap_covers_are_found_by_person(unmetered):
    """a is capped by policy, b by its team, c by the gateway alone; d and e, both of dev, by nobody."""
    calls = [call(1, "08:00", 1), call(1, "08:00", 2, key="b", team_id="t"), call(1, "08:00", 3, key="c")]
    calls += [call(1, "08:00", 4, key="d", user_id="dev"), call(1, "08:00", 5, key="e", user_id="dev")]
    caps = [("key:a", "daily", "10"), ("team:t", "monthly", "10")]
    assert unmetered(Company(calls, [reading("key:c")], caps)) == {("key_without_cap", "dev"): (2, 2, 9, D(9))}


def billed(provider: str, day: date, amount: str, **given: Any) -> dict[str, Any]:
    """A line of the bill that tells no tokens, so that it is no usage of its own."""
    period = {"charge_period_start": at("00:00", day), "charge_period_end": at("00:00", day + timedelta(days=1))}
    hours = {"usage_type": "instance hours", "consumed_unit": "Hours"}
    return charge(
        provider, **period, **hours, **dict.fromkeys(("billed_cost", "effective_cost", "list_cost"), amount), **given
    )


def test_a_bill_of_the_gateways_provider_without_usage_is_billed_but_unseen(unmetered):
    """p serves through the gateway on the 10th, so that day's 5 is matched; its 30 + 12 of the 11th no request explains.

    q never serves through it; a tax, a credit and what is billed after the as-of day are no use.
    """
    after = DAY + timedelta(days=1)
    charges = [
        *(billed("p", DAY, "5"), billed("p", after, "30"), billed("p", after, "12"), billed("q", after, "100")),
        *(billed("p", after, "7", charge_category="Tax"), billed("p", after, "-3", charge_category="Credit")),
        billed("p", AS_OF + timedelta(days=1), "50"),
    ]
    company = Company([call(1, "08:00", 5)], charges=charges)
    assert unmetered(company) == {("billed_but_unseen", None): (0, None, None, D(42))}


def test_a_cap_of_a_developer_is_in_force_by_what_the_keys_used_in_the_window_let_through(audit):
    """Keys of 4 and 6 a day hold a daily 10 together; on the next day a third key without a reading is used."""
    calls = [
        call(1, "08:00", 4, user_id="dev"),
        call(1, "08:01", 7, key="b", user_id="dev"),
        refusal(2, "08:02", key="b"),
    ]
    calls[-1]["user_id"] = "dev"
    calls += [call(1, "08:00", 1, DAY + timedelta(days=1), key="c", user_id="dev")]
    readings = [reading("key:a", budget="4"), reading("key:b", budget="6")]
    found = audit(Company(calls, readings, [("developer:dev", "daily", "10")]))
    first, second = (found["developer:dev", "daily", DAY + timedelta(days=n)] for n in (0, 1))
    assert told(first) == ("held", D(11), D(1), at("08:01"), at("08:02"), 0.0, D(0), 0)
    assert (first["cap_in_force"], first["uncapped_cost"]) == (D(10), D(0))
    assert (second["cap_in_force"], second["is_read_back"], second["status"]) == (None, False, "not_crossed")


def test_a_cap_of_an_initiative_counts_what_is_its_own_of_every_key(audit):
    """Rules give a and b to the initiative from the 1st: 6 and 5 cross 10; c is nobody's."""
    rules = [
        row(
            *("registry", "ownership_rules"),
            rule_id=name,
            priority=n,
            api_key_id_pattern=name,
            initiative_id="i",
        )
        for n, name in enumerate("ab")
    ]
    calls = [call(1, "08:00", 6), call(1, "09:00", 5, key="b"), call(1, "08:30", 9, key="c"), call(2, "10:00", 1)]
    one = audit(Company(calls, [], [("initiative:i", "daily", "10")], rules=rules))["initiative:i", "daily", DAY]
    assert told(one) == ("overshot", D(12), D(2), at("09:00"), None, 60.0, D(1), 1)


def test_whose_a_bill_is_that_no_gateway_saw_is_told_by_the_ownership_rules(built):
    """The rule on the project gives it to initiative i, as it gives the cost."""
    after = DAY + timedelta(days=1)
    rules = [
        row("registry", "ownership_rules", rule_id="r", priority=1, project_id_pattern="shadow", initiative_id="i")
    ]
    company = Company([call(1, "08:00", 5)], charges=[billed("p", after, "30", sub_account_id="shadow")], rules=rules)
    (found,) = [one for one in built(company, "unmetered_usage_by_owner") if one["kind"] == "billed_but_unseen"]
    assert (found["initiative_id"], found["amount"]) == ("i", D(30))
