"""A basis is handed out, never repeated, by the rule and the owners of the shared day. Real models, landed rows."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.store import Landing
from tests.dbt_project.compiled_models import build, write_run_parameters
from tests.dbt_project.warehouse_rows import request, row

D = Decimal
Rows = list[dict[str, Any]]
Shares = Callable[..., dict[str, float]]


def initiative(initiative_id: str, **given: Any) -> dict[str, Any]:
    standard = {"kind": "customer_facing", "stage": "core", "started_on": date(2026, 6, 1)}
    return row("registry", "initiatives", initiative_id=initiative_id, **{**standard, **given})


def rule(basis: str, **given: Any) -> dict[str, Any]:
    """All usage is shared by ``basis``."""
    standard = {"rule_id": "r", "priority": 1, "share_method": "proportional", "share_basis": basis}
    return row("registry", "ownership_rules", **{**standard, **given})


def target(**given: Any) -> dict[str, Any]:
    return row("registry", "ownership_targets", **{"rule_id": "r", "target_position": 1, **given})


def metric(value: str, day: int = 1, **owner: str) -> dict[str, Any]:
    stated = {"metric_date": date(2026, 7, day), "metric_id": "m", "value": D(value)}
    return row("ledgers", "business_metrics", **stated, **owner)


def revenue(amount: str, product_id: str, **given: Any) -> dict[str, Any]:
    stated = {"revenue_date": date(2026, 7, 1), "amount": D(amount), "currency": "USD", "product_id": product_id}
    return row("ledgers", "revenue", **{"file": "revenue.csv", "line": next(LINES), **stated, **given})


def heads(count: int, department_id: str) -> dict[str, Any]:
    month_end = date(2026, 7, 31)
    return row("ledgers", "headcount", month_end=month_end, department_id=department_id, headcount=D(count))


LINES = iter(range(1, 10_000))


@pytest.fixture
def shares(tmp_path: Path) -> Shares:
    """Share of each target on a day of July on which a request came."""

    def of(day: int = 1, **streams: Rows) -> dict[str, float]:
        landing = Landing(tmp_path / "landing")
        days = [request("p", f"q{n}", 1, f"2026-07-{n:02}") for n in range(1, 11)]
        logged = {"window_start": "2026-07-01T00:00:00Z", "window_end": "2026-08-01T00:00:00Z"}
        with landing.batch("litellm", "spend_logs") as batch:
            batch.add_rows("current", days, **logged)
        for stream, rows in streams.items():
            source = "ledgers" if stream in ("revenue", "headcount", "business_metrics") else "registry"
            with landing.batch(source, stream) as batch:
                batch.add_rows("current", rows)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            landing.register(connection)
            write_run_parameters(connection, date(2026, 7, 31))
            build(connection, ["int_sharing_weights_by_day"])
            found = connection.execute(
                "select target_key, share_ratio, department_id from intermediate.int_sharing_weights_by_day "
                f"where rule_id = 'r' and shared_date = date '2026-07-{day:02}' order by 1"
            ).fetchall()
        named = ((key.removeprefix("initiative:"), ratio, department) for key, ratio, department in found)
        return {
            (key if department is None else f"{key}@{department}"): round(ratio, 9) for key, ratio, department in named
        }

    return of


THREE = [
    initiative("a1", product_id="pa", department_id="da"),
    initiative("a2", product_id="pa", department_id="da"),
    initiative("b", product_id="pb", department_id="db"),
]
TARGETS = [target(initiative_id=one) for one in ("a1", "a2", "b")]


def test_revenue_that_names_its_initiative_is_its_own_and_a_products_is_divided(shares):
    """a1: 80 + 20/2, a2: 20/2, b: 100, of 200."""
    found = shares(
        initiatives=THREE,
        ownership_rules=[rule("revenue")],
        ownership_targets=TARGETS,
        revenue=[revenue("80", "pa", initiative_id="a1"), revenue("20", "pa"), revenue("100", "pb")],
    )
    assert found == {"a1@da": 0.45, "a2@da": 0.05, "b@db": 0.5}


def test_the_heads_of_a_department_are_divided_over_the_targets_in_it(shares):
    found = shares(
        initiatives=THREE,
        ownership_rules=[rule("headcount")],
        ownership_targets=TARGETS,
        headcount=[heads(10, "da"), heads(10, "db")],
    )
    assert found == {"a1@da": 0.25, "a2@da": 0.25, "b@db": 0.5}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ([metric("30", initiative_id="a1"), metric("10", initiative_id="b")], {"a1@da": 0.75, "b@db": 0.25}),
        (
            [metric("30", product_id="pa"), metric("10", product_id="pb")],
            {"a1@da": 0.375, "a2@da": 0.375, "b@db": 0.25},
        ),
        (
            [metric("3", department_id="da"), metric("1", department_id="db")],
            {"a1@da": 0.375, "a2@da": 0.375, "b@db": 0.25},
        ),
    ],
    ids=["initiative", "product", "department"],
)
def test_a_metric_belongs_to_an_initiative_a_product_or_a_department(shares, metrics, expected):
    found = shares(
        initiatives=THREE, ownership_rules=[rule("metric:m")], ownership_targets=TARGETS, business_metrics=metrics
    )
    assert found == expected


@pytest.mark.parametrize(
    ("day", "expected"), [(4, {"a1@da": 0.5, "a2@da": 0.5}), (6, {"a1@da": 0.25, "a2@da": 0.25, "b@db": 0.5})]
)
def test_a_version_of_a_rule_shares_on_its_own_dates_with_its_own_targets(shares, day, expected):
    until, since = {"valid_to": date(2026, 7, 5)}, {"valid_from": date(2026, 7, 5)}
    found = shares(
        day,
        initiatives=THREE,
        ownership_rules=[rule("metric:m", **until), rule("metric:m", **since)],
        ownership_targets=[
            *(target(initiative_id=one, **until) for one in ("a1", "a2")),
            *(target(initiative_id=one, **since) for one in ("a1", "a2", "b")),
        ],
        business_metrics=[metric(value, initiative_id=one) for one, value in (("a1", "2"), ("a2", "2"), ("b", "4"))],
    )
    assert found == expected


def test_a_version_takes_the_latest_of_its_own_basis_whatever_an_earlier_one_shared_by(shares):
    """By a metric until the fourth, by revenue from the fifth: revenue of the first, 30 and 70, though the metric is newer."""
    before, after = {"valid_to": date(2026, 7, 5)}, {"valid_from": date(2026, 7, 5)}
    found = shares(
        6,
        initiatives=THREE,
        ownership_rules=[rule("metric:m", **before), rule("revenue", **after)],
        ownership_targets=[target(initiative_id=one, **dates) for one in ("a1", "b") for dates in (before, after)],
        business_metrics=[metric("1", 4, initiative_id="a1")],
        revenue=[revenue("30", "pa"), revenue("70", "pb")],
    )
    assert found == {"a1@da": 0.3, "b@db": 0.7}


@pytest.mark.parametrize(("day", "expected"), [(4, {"a@d1": 0.25, "b@d2": 0.75}), (6, {"a@d2": 0.5, "b@d2": 0.5})])
def test_a_target_belongs_to_the_department_of_the_shared_day(shares, day, expected):
    """Heads: d1 has 5, d2 has 15. From the fifth a is in d2 as well, whose heads are divided."""
    moved = [
        initiative("a", department_id="d1", valid_to=date(2026, 7, 5)),
        initiative("a", department_id="d2", valid_from=date(2026, 7, 5)),
    ]
    found = shares(
        day,
        initiatives=[*moved, initiative("b", department_id="d2")],
        ownership_rules=[rule("headcount")],
        ownership_targets=[target(initiative_id="a"), target(initiative_id="b")],
        headcount=[heads(5, "d1"), heads(15, "d2")],
    )
    assert found == expected


@pytest.mark.parametrize(
    ("shared_by", "weights"),
    [({"share_method": "fixed", "share_basis": None}, ("0.75", "0.25")), ({"share_basis": "metric:m"}, (None, None))],
    ids=["fixed", "metric"],
)
@pytest.mark.parametrize("day", [4, 6])
def test_an_initiative_and_a_department_of_one_id_are_two_targets(shares, shared_by, weights, day):
    """Both are called ops; the initiative moves on the fifth, which changes its department and nothing else."""
    found = shares(
        day,
        initiatives=[
            initiative("ops", department_id="d1", valid_to=date(2026, 7, 5)),
            initiative("ops", department_id="d2", valid_from=date(2026, 7, 5)),
        ],
        ownership_rules=[rule("", **shared_by)],
        ownership_targets=[
            target(**{key: "ops"}, target_position=position, weight=D(weight) if weight else None)
            for position, (key, weight) in enumerate(zip(("initiative_id", "department_id"), weights, strict=True))
        ],
        business_metrics=[metric("3", initiative_id="ops"), metric("1", department_id="ops")],
    )
    assert found == {f"ops@{'d1' if day < 5 else 'd2'}": 0.75, "department:ops@ops": 0.25}
