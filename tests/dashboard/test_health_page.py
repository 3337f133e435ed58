"""What is late, missing, refused, unpriced, unmeasured or nobody's, each with a remedy; and green where nothing is."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from dashboard.charts import Drawer
from dashboard.pages.health import health
from tests.dashboard.made_up import Row, column, figure, published, table

D = Decimal


def load(source: str, day: int | None, **given: object) -> Row:
    vouched = None if day is None else datetime(2026, 7, day, 12, tzinfo=UTC)
    standard = {"stream": "usage", "partition": f"p{day}", "rows": 10, "watermark_at": vouched}
    return {"source": source, "left_out_rows": 0, "unnamed_rows": 0, **standard, **given}


def test_everything_that_no_figure_contains_is_told_with_its_remedy(tmp_path: Path) -> None:
    usage: dict[str, object] = {"usage_date": date(2026, 7, 3), "provider": "openai", "is_counted": True}
    tables: dict[str, list[Row]] = {
        "ingestion_outcomes": [load("openai", 31), load("openai", 30), load("anthropic", 27), load("ledgers", None)],
        "source_day_gaps": [
            {
                "source": "aws",
                "status": "missing",
                "first_date": date(2026, 7, 5),
                "last_date": date(2026, 7, 7),
                "days": 3,
            },
            {
                "source": "aws",
                "status": "incomplete",
                "first_date": date(2026, 7, 2),
                "last_date": date(2026, 7, 2),
                "days": 1,
            },
        ],
        "rejected_rows": [
            {"source": "ledgers", "file": "gl.csv", "line": line, "column_name": name, "reason": why}
            | {"amount": D(amount) if amount else None, "currency": "EUR"}
            for line, name, why, amount in (
                (7, "currency", "unknown currency", "100.50"),
                (7, "posting_date", "no date", "100.50"),
                (9, "debit_amount", "not a decimal", None),
            )
        ],
        "fct_usage": [
            usage
            | {
                "model_id": "odd",
                "unit": "tokens",
                "token_class": "output",
                "quantity": 50,
                "pricing_status": "unpriced",
            },
            usage
            | {"model_id": "m", "unit": "requests", "token_class": "request", "quantity": 4, "requests": 4}
            | {"pricing_status": "unmeasured"},
        ],
        "fct_allocated_costs": [
            {
                "cost_date": date(2026, month, 3),
                "provider": "openai",
                "allocation_method": method,
                "allocated_cost": D(cost),
            }
            for month, method, cost in ((7, "unallocated", "2.5"), (7, "direct", "90"), (6, "unallocated", "1"))
        ],
        "unmetered_usage_by_owner": [
            {"usage_date": date(2026, 7, 3), "kind": "key_without_cap", "amount": D(6), "requests": 1},
            {"usage_date": date(2026, 7, 4), "kind": "key_without_cap", "amount": None, "requests": 1},
        ],
    }
    with published(tables) as publication:
        page = health(publication, Drawer(tmp_path))
    assert column(page, "sources", "source", "days_behind", "verdict") == [
        ("anthropic", 4, "watch"),
        ("ledgers", None, "none"),
        ("openai", 0, "good"),
    ]
    assert column(page, "gaps", "days", "verdict") == [(3, "bad"), (1, "watch")]
    assert column(page, "rejected", "file", "row_count", "amount", "without_amount", "first_line") == [
        ("gl.csv", 2, D("100.50"), 1, 7)
    ]
    assert column(page, "unpriced", "model_id", "quantity") == [("odd", 50)]
    assert column(page, "unmeasured", "model_id", "requests") == [("m", 4)]
    assert column(page, "unallocated", "period", "allocated_cost") == [("2026-07", D("2.5")), ("2026-06", D(1))]
    assert column(page, "unmetered", "amount", "said") == [(D(6), "1 more of unknown amount")]
    for name in ("gaps", "rejected", "unpriced", "unmeasured", "unallocated", "unmetered"):
        assert all(row["remedy"] for row in table(page, name).rows), name
    values = {
        label: figure(page, label).value
        for label in ("Sources to look at", "Days without data", "Refused rows", "Models without a price")
    }
    assert values == {"Sources to look at": 1, "Days without data": 3, "Refused rows": 2, "Models without a price": 1}
    assert figure(page, "Requests without tokens").value == 4
    assert figure(page, "Without an owner, 2026-07 to date").value == D("2.5")


def test_a_healthy_company_is_green_in_sentences(tmp_path: Path) -> None:
    cost = {"cost_date": date(2026, 7, 3), "allocation_method": "direct", "allocated_cost": D(1)}
    tables: dict[str, list[Row]] = {
        "ingestion_outcomes": [load("openai", 31)],
        "source_day_gaps": [],
        "rejected_rows": [],
        "fct_usage": [{"usage_date": date(2026, 7, 3), "is_counted": True, "pricing_status": "priced"}],
        "fct_allocated_costs": [cost],
        "unmetered_usage_by_owner": [],
    }
    with published(tables) as publication:
        page = health(publication, Drawer(tmp_path))
    glance = page.sections[0].blocks
    assert [one.verdict for one in glance] == ["good"] * 6
    assert [one.value for one in glance] == [0] * 6


def test_what_is_not_published_is_not_called_healthy(tmp_path: Path) -> None:
    with published({"ingestion_outcomes": []}) as publication:
        page = health(publication, Drawer(tmp_path))
    assert {one.verdict for one in page.sections[0].blocks} == {"unknown"}


def test_nothing_is_green_of_which_nothing_is_known(tmp_path: Path) -> None:
    """Files vouch for no day, no usage was read, the month has no cost, and two days are not known to be whole."""
    gap = {"source": "logs", "status": "incomplete", "first_date": date(2026, 7, 30), "last_date": date(2026, 7, 31)}
    tables: dict[str, list[Row]] = {
        "ingestion_outcomes": [load("logs", None), load("ledgers", None)],
        "source_day_gaps": [{**gap, "days": 2}],
        "rejected_rows": [],
        "fct_usage": [],
        "fct_allocated_costs": [{"cost_date": date(2026, 6, 3), "allocation_method": "direct", "allocated_cost": D(1)}],
    }
    with published(tables) as publication:
        page = health(publication, Drawer(tmp_path))
    said = {one.label: (one.verdict, one.says) for one in page.sections[0].blocks}
    assert said == {
        "Sources to look at": ("unknown", "how far they reach is not told by logs"),
        "Days without data": ("unknown", "none is missing; 2 not known to be whole"),
        "Refused rows": ("good", "every row was accepted"),
        "Models without a price": ("unknown", "no usage was read"),
        "Requests without tokens": ("unknown", "no usage was read"),
        "Without an owner, 2026-07 to date": ("unknown", "no cost yet"),
    }
    assert table(page, "unpriced").empty == table(page, "unmeasured").empty == "No usage was read."


def test_a_source_beside_those_that_vouch_for_their_days_is_not_called_up_to_date(tmp_path: Path) -> None:
    with published({"ingestion_outcomes": [load("openai", 31), load("logs", None)]}) as publication:
        sources = figure(health(publication, Drawer(tmp_path)), "Sources to look at")
    assert (sources.value, sources.verdict) == (0, "unknown")
