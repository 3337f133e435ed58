"""What is declared of an initiative, day by day and converted once: currencies, rates, bookings, changes. Real models."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import row

D = Decimal
START, AS_OF = date(2026, 7, 1), date(2026, 7, 20)
Terms = dict[tuple[str, date], dict[str, Any]]


def initiative(name: str = "x", **given: Any) -> dict[str, Any]:
    standard = {
        "initiative_id": name,
        "kind": "internal_workflow",
        "stage": "experimentation",
        "started_on": START,
        "allocation_currency": "USD",
        "guardrail_currency": "USD",
        "replaces_currency": "USD",
    }
    return row("registry", "initiatives", **{**standard, **given})


def rate(day: date, value: str, currency: str = "EUR", to: str = "USD") -> dict[str, Any]:
    return row("ledgers", "exchange_rates", rate_date=day, from_currency=currency, to_currency=to, rate=D(value))


def day(number: int) -> date:
    return START + timedelta(days=number - 1)


@pytest.fixture
def terms(tmp_path: Path) -> Callable[..., Terms]:
    """Rows of int_initiative_terms_by_day by initiative and day, for a company in USD."""

    def of(*initiatives: dict[str, Any], **streams: list[dict[str, Any]]) -> Terms:
        landing = Landing(tmp_path / "landing")
        landed = {"registry__initiatives": list(initiatives), **streams}
        for name, rows in landed.items():
            with landing.batch(*name.split("__")) as batch:
                batch.add_rows("current", rows)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            landing.register(connection)
            write_run_parameters(connection, AS_OF)
            connection.execute("create schema intermediate")
            connection.execute("create table intermediate.int_cost_object_daily_costs (cost_date date)")
            connection.execute(f"insert into intermediate.int_cost_object_daily_costs values ('{day(0)}')")
            build(connection, ["int_initiative_terms_by_day"])
            result = connection.execute("select * from intermediate.int_initiative_terms_by_day")
            names = [column[0] for column in result.description]
            found = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
        return {(one["initiative_id"], one["term_date"]): one for one in found}

    return of


def test_every_day_from_the_first_cost_to_the_as_of_day_has_what_is_in_force(terms):
    found = terms(initiative(valid_to=day(5)), initiative(valid_from=day(7), stage="core"))
    assert [one for _, one in sorted(found)] == [day(n) for n in range(0, 21) if n not in (5, 6)]
    assert (found["x", day(4)]["stage"], found["x", day(7)]["stage"]) == ("experimentation", "core")


def test_replaced_software_in_yen_is_converted_and_not_taken_for_dollars(terms):
    found = terms(
        initiative(legacy_software_per_month=D(2000), replaces_currency="JPY"),
        ledgers__exchange_rates=[rate(day(3), "0.0065", "JPY")],
    )
    assert found["x", day(3)]["legacy_software_per_month"] == D(13)
    assert found["x", day(2)]["legacy_software_per_month"] is None
    assert found["x", day(2)]["legacy_software_without_rate"] == "JPY"
    assert found["x", day(3)]["legacy_software_without_rate"] is None


def test_the_lower_cap_counts_in_the_reporting_currency(terms):
    caps = {"allocation_daily_cap": D(10), "allocation_currency": "EUR", "guardrail_daily_cap": D(11)}
    found = terms(initiative(**caps), ledgers__exchange_rates=[rate(day(1), "1.2"), rate(day(2), "1.05")])
    assert [found["x", day(n)]["daily_cap"] for n in (1, 2)] == [D(11), D("10.5")]
    # one of the two cannot be converted: which is lower is not known
    assert (found["x", day(10)]["daily_cap"], found["x", day(10)]["daily_cap_without_rate"]) == (None, "EUR")
    assert (found["x", day(9)]["daily_cap"], found["x", day(9)]["daily_cap_without_rate"]) == (D("10.5"), None)


def test_a_moving_rate_is_no_change_but_a_new_cap_currency_or_booking_is(terms):
    euro = {"guardrail_daily_cap": D(10), "guardrail_currency": "EUR", "complexity": "basic"}
    found = terms(
        initiative(**euro, valid_to=day(8)),
        initiative(**euro, valid_from=day(8), valid_to=day(12)),
        initiative(**{**euro, "guardrail_currency": "USD"}, valid_from=day(12)),
        ledgers__exchange_rates=[rate(day(n), f"1.{n}") for n in range(1, 20)],
        budget__movements=[
            row(
                *("budget", "movements"),
                initiative_id="x",
                account="allocation:x",
                kind="adjust",
                amount=D(5),
                effective_on=day(15),
            )
        ],
    )
    assert [at for (_, at), one in sorted(found.items()) if one["is_reconfigured"]] == [day(12), day(15)]


def test_an_allocation_is_worth_what_was_granted_with_what_was_booked_since(terms):
    def booked(kind: str, amount: str, at: date, account: str = "allocation:x") -> dict[str, Any]:
        given = {"initiative_id": "x", "kind": kind, "amount": D(amount), "effective_on": at, "account": account}
        return row("budget", "movements", **given)

    found = terms(
        initiative(allocation_amount=D(100), allocation_currency="EUR", allocation_starts_on=day(2)),
        ledgers__exchange_rates=[rate(day(2), "1.5"), rate(day(9), "2")],
        budget__movements=[
            booked("grant", "150", day(2)),
            booked("adjust", "30", day(4)),
            booked("adjust", "-30", day(4), "pool:d:2026-07"),
            booked("return", "-180", day(6)),
        ],
    )
    amounts = {n: found["x", day(n)]["allocation_amount"] for n in (1, 3, 4, 6, 12)}
    assert amounts == {1: D(150), 3: D(150), 4: D(180), 6: D(0), 12: D(0)}


def test_the_wage_in_force_is_converted_at_the_rate_of_the_day_stated_in_either_direction(terms):
    wages = [("2026-06-01", "40"), ("2026-07-05", "50")]
    found = terms(
        initiative(labor_rate_id="r"),
        ledgers__labor_rates=[
            row(
                *("ledgers", "labor_rates"),
                labor_rate_id="r",
                valid_from=date.fromisoformat(since),
                hourly_rate=D(rate_),
                currency="EUR",
            )
            for since, rate_ in wages
        ],
        ledgers__exchange_rates=[rate(day(4), "1.25"), rate(day(5), "0.5", "USD", to="EUR")],
    )
    assert [found["x", day(n)]["hourly_rate"] for n in (3, 4, 5)] == [None, D(50), D(100)]
    assert found["x", day(12)]["hourly_rate"] == D(100)
    assert found["x", day(13)]["hourly_rate"] is None


def test_the_higher_of_both_targets_stands(terms):
    def product(target: str | None, **validity: date) -> dict[str, Any]:
        ratio = None if target is None else D(target)
        return row("registry", "products", product_id="p", target_gross_margin_ratio=ratio, **validity)

    found = terms(
        initiative(product_id="p", target_gross_margin_ratio=D("0.6")),
        registry__products=[product("0.5", valid_to=day(4)), product("0.7", valid_from=day(4))],
    )
    assert [found["x", day(n)]["target_gross_margin_ratio"] for n in (3, 4)] == [D("0.6"), D("0.7")]
