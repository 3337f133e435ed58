"""A missing exchange rate is named before anything is built: the currency, the first day, and where to put it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.exchange_rates import MissingRates, refuse_missing_rates
from orchestration.landing.store import Landing
from tests.dbt_project.warehouse_rows import charge, exchange_rate, moment, posting

AS_OF = date(2026, 10, 10)


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., None]:
    def of(reporting: str, **streams: list[dict]) -> None:
        landing = Landing(tmp_path / "landing")
        places = {"bill": ("focus_files", "cost_and_usage"), "ledger": ("ledgers", "general_ledger")}
        places["rates"] = ("ledgers", "exchange_rates")
        for name, rows in streams.items():
            with landing.batch(*places[name]) as batch:
                batch.add_rows("all", rows)
        with duckdb.connect() as connection:
            landing.register(connection)
            refuse_missing_rates(connection, reporting, AS_OF)

    return of


def billed(day: str) -> dict:
    return charge("openai", charge_period_start=moment(day), charge_period_end=moment(day))


def test_the_first_day_beyond_the_seven_is_named_with_the_currency_and_the_ledger(judge):
    bill = [billed(f"2026-09-{day:02}") for day in range(1, 31)]
    rates = [exchange_rate("2026-08-31", "1.25"), exchange_rate("2026-09-30", "1.25")]
    with pytest.raises(MissingRates) as refused:
        judge("EUR", bill=bill, rates=rates)
    told = str(refused.value)
    assert "from USD into EUR on 2026-09-08, the first of 22 days of focus_files" in told
    assert "exchange_rates" in told


def test_a_charge_of_a_month_asks_for_a_rate_on_each_of_its_days_up_to_the_as_of_day(judge):
    """From 20 September to 19 October: a rate of the 15th serves to the 22nd, and 10 October is the as-of day."""
    month = charge("openai", charge_period_start=moment("2026-09-20"), charge_period_end=moment("2026-10-20"))
    with pytest.raises(MissingRates, match="from USD into EUR on 2026-09-23, the first of 18 days of focus_files"):
        judge("EUR", bill=[month], rates=[exchange_rate("2026-09-15", "1.25")])


def test_nothing_is_asked_of_the_reporting_currency_of_later_days_and_of_lines_booked_at_their_own_rate(judge):
    judge(
        "USD",
        bill=[billed("2026-09-20"), charge("openai", billing_currency="EUR", charge_period_start=moment("2026-10-11"))],
        ledger=[posting("openai", "50", "2026-10-02", currency="EUR", exchange_rate=Decimal("1.10"))],
    )


def test_a_company_without_any_rate_is_told_each_currency(judge):
    ledger = [posting("openai", "50", f"2026-10-0{n}", currency=one) for n, one in ((1, "EUR"), (2, "GBP"))]
    with pytest.raises(MissingRates, match=r"(?s)EUR into USD on 2026-10-01.*\n.*GBP into USD on 2026-10-02"):
        judge("USD", ledger=ledger)
