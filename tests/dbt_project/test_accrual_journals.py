"""Month-end journals from what is open: whole minor units, complete or absent, prepaid apart. Real models."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.compiled_models import build

D = Decimal
ACCOUNTS = {
    "cost_of_goods_sold": "5100",
    "selling_and_administration": "6200",
    "accrued_liabilities": "2100",
    "prepaid": "1400",
}
OPEN = [("p", "2026-08-31", "2026-08", "100", "0"), ("p", "2026-09-30", "2026-08", "100", "0")]
Lines = list[tuple[str, str, date, str, Decimal, bool]]


@pytest.fixture
def journals(tmp_path: Path) -> Callable[..., tuple[Lines, list[tuple[str, str, str, str, Decimal]]]]:
    """Lines (journal, period, day, account, debit less credit, reversal) and what was left out."""

    def of(
        open_costs: Iterable[tuple[str, str, str, str, str]],
        weights: dict[tuple[str, str], str],
        digits: int = 2,
        accounts: dict[str, str] = ACCOUNTS,
    ) -> tuple[Lines, list[tuple[str, str, str, str, Decimal]]]:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("create schema staging; create schema intermediate")
            connection.execute(
                "create table staging.stg_run__parameters as select date '2026-10-05' as as_of_date, "
                f"'USD' as reporting_currency, {digits} as minor_unit_digits"
            )
            connection.execute(
                "create table staging.stg_registry__posting_accounts (posting_role varchar, account_number varchar)"
            )
            for account in accounts.items():
                connection.execute("insert into staging.stg_registry__posting_accounts values (?, ?)", account)
            connection.execute(
                "create table intermediate.int_period_costs_open (provider varchar, period_end date, "
                "service_period varchar, open_amount decimal(38, 12), prepaid_open_amount decimal(38, 12))"
            )
            connection.execute(
                "create table intermediate.int_costs_classified (provider varchar, cost_date date, cost_class varchar, "
                "department_id varchar, allocated_cost decimal(38, 12))"
            )
            for provider, end, service, amount, prepaid in open_costs:
                row = [provider, end, service, D(amount), D(prepaid)]
                connection.execute("insert into intermediate.int_period_costs_open values (?, ?, ?, ?, ?)", row)
            for month in ("2026-08", "2026-09"):
                for (cost_class, department), weight in weights.items():
                    row = ["p", f"{month}-05", cost_class, department, D(weight)]
                    connection.execute("insert into intermediate.int_costs_classified values (?, ?, ?, ?, ?)", row)
            build(connection, ["accrual_journal_lines", "accrual_journals_left_out"])
            lines = connection.execute(
                "select journal_id, fiscal_period, posting_date, account_number, debit_amount - credit_amount, is_reversal "
                "from marts.accrual_journal_lines order by posting_date, journal_id, journal_line_number"
            ).fetchall()
            left_out = connection.execute(
                "select fiscal_period, service_period, credit_role, missing_roles, amount "
                "from marts.accrual_journals_left_out order by all"
            ).fetchall()
            return lines, left_out

    return of


def test_an_unposted_month_is_carried_and_reversed_each_time(journals):
    lines, left_out = journals(OPEN, {("cost_of_goods_sold", "d"): "1"})
    assert lines == [
        ("TKN-ACC-p-2026-08", "2026-08", date(2026, 8, 31), "5100", 100, False),
        ("TKN-ACC-p-2026-08", "2026-08", date(2026, 8, 31), "2100", -100, False),
        ("TKN-REV-p-2026-08", "2026-09", date(2026, 9, 1), "2100", 100, True),
        ("TKN-REV-p-2026-08", "2026-09", date(2026, 9, 1), "5100", -100, True),
        ("TKN-ACC-p-2026-08-2026-09", "2026-08", date(2026, 9, 30), "5100", 100, False),
        ("TKN-ACC-p-2026-08-2026-09", "2026-08", date(2026, 9, 30), "2100", -100, False),
        ("TKN-REV-p-2026-08-2026-09", "2026-10", date(2026, 10, 1), "2100", 100, True),
        ("TKN-REV-p-2026-08-2026-09", "2026-10", date(2026, 10, 1), "5100", -100, True),
    ]
    assert left_out == []


def test_what_a_prepaid_paid_for_credits_it_and_is_not_reversed(journals):
    lines, _ = journals([("p", "2026-09-30", "2026-09", "30", "120")], {("cost_of_goods_sold", "d"): "1"})
    assert [line for line in lines if "PRE" in line[0]] == [
        ("TKN-PRE-p-2026-09", "2026-09", date(2026, 9, 30), "5100", 120, False),
        ("TKN-PRE-p-2026-09", "2026-09", date(2026, 9, 30), "1400", -120, False),
    ]
    assert sum(amount for *_, account, amount, _ in lines if account == "2100") == 0
    assert [amount for journal, *_, account, amount, _ in lines if account == "2100" and "ACC" in journal] == [-30]


@pytest.mark.parametrize(
    ("digits", "amount", "parts"),
    [
        (0, "1000.6", ["334", "334", "333"]),
        (2, "1000", ["333.34", "333.33", "333.33"]),
        (3, "10", ["3.334", "3.333", "3.333"]),
    ],
)
def test_lines_are_whole_minor_units_and_sum_to_the_journal(journals, digits, amount, parts):
    weights = {("cost_of_goods_sold", name): "1" for name in "abc"}
    lines, _ = journals([("p", "2026-09-30", "2026-09", amount, "0")], weights, digits)
    accrued = [value for *_, value, is_reversal in lines if not is_reversal and value > 0]
    assert sorted(accrued, reverse=True) == [D(part) for part in parts]
    assert [value for *_, value, is_reversal in lines if not is_reversal and value < 0] == [-sum(accrued)]


@pytest.mark.parametrize(
    ("cost", "posted_open", "parts"),
    [
        pytest.param(
            {"cost_of_goods_sold": "1240", "selling_and_administration": "-390"}, "850", (1240, -390), id="whole"
        ),
        pytest.param(
            {"cost_of_goods_sold": "1240", "selling_and_administration": "-390"}, "425", (620, -195), id="half"
        ),
        pytest.param({"cost_of_goods_sold": "1000", "selling_and_administration": "-999"}, "500", (500, 0), id="more"),
        pytest.param(
            {"cost_of_goods_sold": "930", "selling_and_administration": "-1500"}, "-570", (930, -1500), id="net"
        ),
        pytest.param({"cost_of_goods_sold": "-570"}, "-570", (-570, 0), id="credits alone"),
        pytest.param({"cost_of_goods_sold": "-570"}, "430", (430, 0), id="credited too much"),
        pytest.param(
            {"cost_of_goods_sold": "10.003", "selling_and_administration": "-5"}, "5.003", (10, -5), id="rounded"
        ),
        pytest.param(
            {"cost_of_goods_sold": "1000", "selling_and_administration": "-999.994"},
            "0.006",
            (1000, D("-999.99")),
            id="nearly nothing",
        ),
        pytest.param({"cost_of_goods_sold": "5", "selling_and_administration": "-5"}, "-2", (0, -2), id="nothing"),
    ],
)
def test_a_class_whose_credits_exceed_its_charges_is_credited(journals, cost, posted_open, parts):
    weights = {(cost_class, "d"): amount for cost_class, amount in cost.items()}
    lines, left_out = journals([("p", "2026-09-30", "2026-09", posted_open, "0")], weights)
    accounts = {"5100": parts[0], "6200": parts[1], "2100": -sum(parts)}
    booked = {account: amount for *_, account, amount, is_reversal in lines if not is_reversal}
    assert booked == {account: amount for account, amount in accounts.items() if amount}
    assert {account: amount for *_, account, amount, is_reversal in lines if is_reversal} == {
        account: -amount for account, amount in booked.items()
    }
    assert left_out == []


def test_a_journal_without_an_account_is_left_out_whole_and_names_the_role(journals):
    weights = {("cost_of_goods_sold", "d"): "2", ("selling_and_administration", "e"): "1"}
    without = {
        role: number for role, number in ACCOUNTS.items() if role not in ("selling_and_administration", "prepaid")
    }
    lines, left_out = journals([("p", "2026-09-30", "2026-09", "30", "3")], weights, accounts=without)
    assert lines == []
    assert left_out == [
        ("2026-09", "2026-09", "accrued_liabilities", "selling_and_administration", 30),
        ("2026-09", "2026-09", "prepaid", "prepaid, selling_and_administration", 3),
    ]


def test_a_company_without_posting_accounts_asked_for_no_journals(journals):
    assert journals(OPEN, {("cost_of_goods_sold", "d"): "1"}, accounts={}) == ([], [])
