"""Spend by tier and model, the range that a cheaper tier would save, and what changes have saved."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from dashboard.charts import Drawer
from dashboard.pages.models import models
from tests.dashboard.made_up import column, figure, published, table

D = Decimal


def test_tiers_savings_and_what_was_realised(tmp_path: Path) -> None:
    costs = [
        {"cost_date": day, "provider": "openai", "model_id": model, "allocated_cost": D(cost), "department_id": "ops"}
        for day, model, cost in (
            (date(2026, 6, 3), "big", "10"),
            (date(2026, 7, 3), "big", "20.25"),
            (date(2026, 7, 4), "big", "1"),
            (date(2026, 7, 4), "small", "2"),
            (date(2026, 7, 5), None, "3"),
        )
    ]
    sizing = [
        {"fiscal_period": period, "initiative_id": "a", "actual_cost": D(30), "higher_tier_cost": D(higher)}
        | {"saving_low": low, "saving_high": high}
        for period, higher, low, high in (
            ("2026-06", "9", D(1), D(2)),
            ("2026-07", "9", D("4.5"), D("6.25")),
            ("2026-07", "5", None, None),
            ("2026-07", "0", D(0), D(0)),
        )
    ]
    realised = [
        {"fiscal_period": "2026-07", "initiative_id": "a", "realised_saving": D(saved), "status": status}
        for saved, status in (("12.5", "within_claim"), ("-2", "below_claim"))
    ]
    tables = {
        "fct_allocated_costs": costs,
        "dim_models": [
            {"provider": "openai", "model_id": "big", "tier": "flagship", "tier_rank": 1},
            {"provider": "openai", "model_id": "small", "tier": "economy", "tier_rank": 3},
        ],
        "dim_initiatives": [{"initiative_id": "a", "name": "Alpha", "is_current": True}],
        "model_right_sizing_by_initiative_month": sizing,
        "model_right_sizing_realised_by_initiative_month": realised,
    }
    with published(tables) as publication:
        page = models(publication, Drawer(tmp_path))
    assert column(page, "tiers", "period", "tier", "cost") == [
        ("2026-07", "no tier", D(3)),
        ("2026-07", "economy", D(2)),
        ("2026-07", "flagship", D("21.25")),
        ("2026-06", "flagship", D(10)),
    ]
    assert table(page, "models").total("allocated_cost") == D("36.25")
    could = figure(page, "Could be saved, 2026-07 to date")
    assert could.value == D("6.25")
    assert could.says == "at most; at least 4.50; 1 initiative with a reference model without a price"
    saved = figure(page, "Saved by changes so far")
    assert (saved.value, table(page, saved.rows).total(saved.total)) == (D("10.5"), D("10.5"))
    assert [row["verdict"] for row in table(page, "realised").rows] == ["good", "watch"]


def test_a_month_without_a_known_saving_is_not_good(tmp_path: Path) -> None:
    """Nothing is on a dearer tier in the one; in the other the reference model has no price."""
    sizing = {"initiative_id": "a", "actual_cost": D(30), "higher_tier_cost": D(9)}
    before = {**sizing, "fiscal_period": "2026-06", "saving_low": D(1), "saving_high": D(2)}
    for rows, told in (
        ([before], (D(0), "none", "no cost on dearer tiers in this month")),
        (
            [before, {**sizing, "fiscal_period": "2026-07"}],
            (None, "unknown", "1 initiative with a reference model without a price"),
        ),
    ):
        with published({"model_right_sizing_by_initiative_month": rows, "dim_initiatives": []}) as publication:
            could = figure(models(publication, Drawer(tmp_path)), "Could be saved, 2026-07 to date")
        assert (could.value, could.verdict, could.says) == told


def test_savings_of_which_some_month_is_not_known_are_not_good(tmp_path: Path) -> None:
    """The work of a month may not be known, so that its saving is not; a status that no one knows is no good one."""

    def shown(*savings: tuple[str | None, str]) -> tuple[object, str, list[str]]:
        realised = [
            {"fiscal_period": f"2026-0{month}", "initiative_id": "a", "status": status}
            | {"realised_saving": None if saved is None else D(saved)}
            for month, (saved, status) in enumerate(savings, 5)
        ]
        tables = {
            "model_right_sizing_realised_by_initiative_month": realised,
            "dim_initiatives": [{"initiative_id": "a", "name": "Alpha", "is_current": True}],
        }
        with published(tables) as publication:
            page = models(publication, Drawer(tmp_path))
        of_rows = [row["verdict"] for row in reversed(table(page, "realised").rows)]
        saved = figure(page, "Saved by changes so far")
        return saved.value, saved.verdict, of_rows

    assert shown(("4", "above_claim"), (None, "unknown")) == (D(4), "unknown", ["good", "unknown"])
    assert shown((None, "unknown")) == (None, "unknown", ["unknown"])
    assert shown(("-4", "below_claim"), (None, "new_status")) == (D(-4), "bad", ["watch", "unknown"])
    assert shown(("4", "within_claim")) == (D(4), "good", ["good"])
