"""What the cache saved this month, by owner and model; what was lost since hits fell; the rest of many rows as one."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from dashboard.charts import Drawer
from dashboard.figures import Chart
from dashboard.pages.cache import cache
from tests.dashboard.made_up import Row, column, figure, notes, published, table

D = Decimal


def saving(period: str, model: str, tokens: int, reads: int, saved: str | None, initiative: str | None = "help") -> Row:
    return {
        "fiscal_period": period,
        "provider": "openai",
        "model_id": model,
        "initiative_id": initiative,
        "department_id": "ops",
        "input_tokens": D(tokens),
        "cache_read_tokens": D(reads),
        "cache_write_tokens": D(0),
        "cache_hit_ratio": reads / tokens,
        "input_list_cost": D(1),
        "saved_amount": None if saved is None else D(saved),
    }


INITIATIVE = {
    "initiative_id": "help",
    "name": "Help centre",
    "department_id": "ops",
    "product_id": "desk",
    "is_current": True,
}


def loss(status: str, amount: str, **given: object) -> Row:
    return {
        "changed_on": date(2026, 7, 11),
        "initiative_id": "help",
        "department_id": "ops",
        "cache_hit_ratio_before": 0.8,
        "cache_hit_ratio_after": 0.3,
        "lost_amount_monthly": D(amount),
        "status": status,
        **given,
    }


def test_savings_of_the_month_and_hit_rates_of_models_over_months(tmp_path: Path) -> None:
    rows = [
        saving("2026-06", "m1", 100, 10, "40"),
        saving("2026-07", "m1", 100, 50, "5.25"),
        saving("2026-07", "m1", 300, 30, "2", initiative=None),
        saving("2026-07", "m2", 100, 0, None),
    ]
    with published(
        {"cache_savings_by_model_month": rows, "dim_initiatives": [INITIATIVE], "cache_losses": []}
    ) as publication:
        page = cache(publication, Drawer(tmp_path))
    saved = figure(page, "Saved, 2026-07 to date")
    assert (saved.value, saved.says) == (D("7.25"), "and an unknown amount where 1 of 3 rows have no price")
    # m1 in July: 80 of 400 tokens
    assert [row for row in column(page, "models", "period", "model_id", "cache_hit_ratio") if row[1] == "m1"] == [
        ("2026-07", "m1", 0.2),
        ("2026-06", "m1", 0.1),
    ]
    (chart,) = [one for section in page.sections for one in section.blocks if isinstance(one, Chart)]
    assert "m1: 2026-06 10.0 %, 2026-07 20.0 %" in chart.alt
    assert figure(page, "Lost a month since hits fell").verdict == "good"
    assert notes(page) == []


def test_where_losses_are_not_published_none_is_called_good(tmp_path: Path) -> None:
    rows = [saving("2026-07", "m1", 100, 30, "1")]
    with published({"cache_savings_by_model_month": rows, "dim_initiatives": [INITIATIVE]}) as publication:
        told = figure(cache(publication, Drawer(tmp_path)), "Lost a month since hits fell")
    assert (told.value, told.verdict, told.says) == (None, "unknown", "not published here")


def test_a_fall_that_lasts_is_told_with_its_cost_and_what_to_look_at(tmp_path: Path) -> None:
    losses = [loss("recovered", "500"), loss("lost", "136.96875"), loss("lost", "13.03125", model_id="m1")]
    tables = {
        "cache_losses": losses,
        "cache_savings_by_model_month": [saving("2026-07", "m1", 100, 30, "1")],
        "dim_initiatives": [INITIATIVE],
    }
    with published(tables) as publication:
        page = cache(publication, Drawer(tmp_path))
    told = figure(page, "Lost a month since hits fell")
    assert (told.value, told.verdict, told.says) == (D("150"), "bad", "2 falls that last")
    assert column(page, "losses", "owner", "model", "lost_amount_monthly", "verdict") == [
        ("Help centre", "all its models together", D("136.96875"), "bad"),
        ("Help centre", "m1", D("13.03125"), "bad"),
        ("Help centre", "all its models together", D("500"), "good"),
    ]
    assert any("changed on that day" in text for text in notes(page))


def test_a_thousand_models_stand_as_the_largest_and_the_rest_with_the_same_total(tmp_path: Path) -> None:
    rows = [saving("2026-07", f"m{number:04}", 1000 + number, number, "0.01") for number in range(1000)]
    with published(
        {"cache_savings_by_model_month": rows, "dim_initiatives": [INITIATIVE], "cache_losses": []}
    ) as publication:
        page = cache(publication, Drawer(tmp_path))
    shown = table(page, "savings")
    assert len(shown.rows) == 51
    assert shown.rows[-1]["owner"] == "the other 950 together"
    assert shown.total("saved_amount") == D("10.00")
    # 1000 + 1001 + ... + 1999
    assert shown.total("input_tokens") == D(1_499_500)
