"""What expires unused, when, and what that means; and a sentence where nothing is declared."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from dashboard.charts import Drawer
from dashboard.pages.contracts import contracts
from tests.dashboard.made_up import Row, column, figure, notes, published, table

D = Decimal


def balance(
    contract_id: str, kind: str, status: str, amount: str, left: str, unused: str | None, ends: date | None
) -> Row:
    return {
        "contract_id": contract_id,
        "kind": kind,
        "provider": "openai",
        "starts_on": date(2026, 1, 1),
        "ends_on": ends,
        "balance_amount": D(amount),
        "drawn_amount": D(amount) - D(left),
        "remaining_amount": D(left),
        "unused_amount": None if unused is None else D(unused),
        "status": status,
    }


def test_what_expires_stands_first_to_expire_first_and_sums_to_the_figure(tmp_path: Path) -> None:
    balances = [
        balance("later", "commitment", "will_be_left", "1000", "600", "250", date(2026, 12, 31)),
        balance("sooner", "prepaid", "will_be_left", "100", "60", "40.50", date(2026, 8, 9)),
        balance("over", "credit", "ended_unused", "70", "9", "9", date(2026, 6, 30)),
        balance("fine", "credit", "on_track", "70", "9", "0", date(2026, 9, 30)),
        balance("open", "prepaid", "open_ended", "70", "9", None, None),
    ]
    with published({"contract_balances": balances}) as publication:
        page = contracts(publication, Drawer(tmp_path))
    told = figure(page, "Will expire unused")
    assert (told.value, told.verdict, told.says) == (D("290.50"), "watch", "the first, sooner, on 2026-08-09")
    assert table(page, told.rows).total(told.total) == told.value
    assert column(page, "unused", "contract_id", "days_left") == [("sooner", 9), ("later", 153)]
    remedies = [row["remedy"] for row in table(page, "unused").rows]
    assert "paid and lost" in remedies[0] and "billed although it is not used" in remedies[1]
    assert figure(page, "Ended unused so far").value == D(9)
    assert {row["contract_id"]: row["verdict"] for row in table(page, "balances").rows} == {
        "later": "watch",
        "sooner": "watch",
        "over": "bad",
        "fine": "good",
        "open": "good",
    }


def test_a_balance_too_young_to_tell_or_already_over_is_not_used_up_in_time(tmp_path: Path) -> None:
    young = balance("young", "credit", "too_young", "70", "70", None, date(2026, 12, 31))
    over = balance("over", "credit", "ended_unused", "70", "9", "9", date(2026, 6, 30))
    fine = balance("fine", "credit", "on_track", "70", "9", "0", date(2026, 9, 30))
    said = []
    for balances in ([young, fine], [over], [fine, over]):
        with published({"contract_balances": balances}) as publication:
            told = figure(contracts(publication, Drawer(tmp_path)), "Will expire unused")
        said.append((told.verdict, told.says))
    assert said == [
        ("unknown", "too young to tell: young"),
        ("none", "every balance is used up or over"),
        ("good", "every balance is used up in time"),
    ]


def test_charges_beside_usage_stand_by_fiscal_period_of_the_calendar(tmp_path: Path) -> None:
    """The company's July begins on 29 June."""
    charges = [
        {
            "cost_date": day,
            "provider": "openai",
            "charge_category": kind,
            "line_item": "x",
            "billed_cost": D(cost),
            "effective_cost": D(0),
        }
        for day, kind, cost in (
            (date(2026, 6, 28), "purchase", "100"),
            (date(2026, 6, 29), "purchase", "200"),
            (date(2026, 7, 3), "credit", "-5"),
            (date(2026, 7, 3), "usage", "1000"),
        )
    ]
    days = [
        {"calendar_date": date(2026, 6, 28), "fiscal_period": "2026-06"},
        {"calendar_date": date(2026, 6, 29), "fiscal_period": "2026-07"},
        {"calendar_date": date(2026, 7, 3), "fiscal_period": "2026-07"},
    ]
    with published({"fct_billed_costs": charges, "dim_dates": days}) as publication:
        page = contracts(publication, Drawer(tmp_path))
    assert column(page, "charges", "period", "category", "billed_cost") == [
        ("2026-07", "purchase", D(200)),
        ("2026-07", "credit", D(-5)),
        ("2026-06", "purchase", D(100)),
    ]


def test_where_nothing_is_declared_a_sentence_says_how_to(tmp_path: Path) -> None:
    with published({"contract_balances": []}) as publication:
        page = contracts(publication, Drawer(tmp_path))
    assert any("contracts.yaml" in text for text in notes(page))
