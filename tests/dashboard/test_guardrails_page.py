"""Leaks first, with dollars and remedy; breakers with margin and floor, caps with their use, receipts with read-back."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard.charts import Drawer
from dashboard.figures import Page
from dashboard.pages.guardrails import guardrails
from orchestration.glossary import in_words
from tests.dashboard.made_up import Row, column, figure, published, table

D = Decimal
HASH = "a" * 12 + "b" * 52


def audited(
    entity: str, day: int, status: str, window: str = "daily", start: int | None = None, **given: object
) -> Row:
    on = date(2026, 7, day)
    return {
        "adapter": "litellm",
        "entity": entity,
        "window": window,
        "cap_date": on,
        "window_start_date": date(2026, 7, start or day),
        "status": status,
        "is_read_back": True,
        "cap_in_force": D(10),
        "cost_after_crossing": D(0),
        "overshoot": D(0),
        "uncapped_cost": D(0),
        **given,
    }


TABLES: dict[str, list[Row]] = {
    "dim_api_keys": [{"provider": "openai", "api_key_id": "k1", "name": "search"}],
    "dim_products": [
        {"product_id": "desk", "name": "Help desk", "margin_floor_ratio": D("0.5"), "is_current": True},
        {"product_id": "new", "name": "Newcomer", "margin_floor_ratio": None, "is_current": True},
        {"product_id": "shop", "name": "Shop", "margin_floor_ratio": D("0.6"), "is_current": True},
    ],
    "gross_margin_by_product_day": [
        {"product_id": "desk", "margin_date": date(2026, 7, 29), "gross_margin_ratio": 0.9},
        {"product_id": "desk", "margin_date": date(2026, 7, 30), "gross_margin_ratio": 0.3},
        {"product_id": "desk", "margin_date": date(2026, 7, 31), "gross_margin_ratio": None},
        {"product_id": "shop", "margin_date": date(2026, 7, 31), "gross_margin_ratio": 0.7},
    ],
    "guardrail_decisions": [
        {
            "decided_at": datetime(2026, 7, day, tzinfo=UTC),
            "policy": "margin_breaker",
            "entity": "desk",
            "from_state": before,
            "to_state": after,
            "reason": "below the floor",
        }
        for day, before, after in ((28, "closed", "degraded"), (30, "degraded", "throttled"))
    ],
    "cap_audit_by_entity_day": [
        # two days past the cap: 3 and 4 dollars, 20 and 35 minutes
        audited("key:k1", 20, "overshot", cost_after_crossing=D(3), minutes_late=20.0),
        audited("key:k1", 21, "overshot", cost_after_crossing=D(4), minutes_late=35.0),
        # of a month's window only its last day counts, which holds the whole of it
        audited("team:t", 30, "not_in_force", "monthly", 1, overshoot=D(50)),
        audited("team:t", 31, "not_in_force", "monthly", 1, overshoot=D(60)),
        # no cap covers 5 dollars of the owner's on a day, told at two windows and once
        audited(f"key:{HASH}", 30, "not_crossed", uncapped_cost=D(5)),
        audited(f"key:{HASH}", 30, "not_crossed", "monthly", 1, uncapped_cost=D(5)),
        audited("key:k1", 31, "held", cap_id="c", subject="key", subject_id="k1", cost=D(9), cap_used_ratio=0.9),
        # too long ago
        audited("key:old", 1, "overshot", cost_after_crossing=D(1000)),
    ],
    "guardrail_caps": [
        {
            "as_of_date": date(2026, 7, 31),
            "cap_id": "c",
            "subject": "key",
            "subject_id": subject_id,
            "id_pattern": pattern,
            "adapter": "litellm",
            "window": "daily",
            "mode": "hard",
            "amount": D(10),
            "holds_until": date(9999, 12, 31),
        }
        for subject_id, pattern in (("k1", None), (None, ".*"))
    ],
    "incidents": [
        {
            "started_at": datetime(2026, 7, 3, 4, tzinfo=UTC),
            "ended_at": datetime(2026, 7, 3, 5, tzinfo=UTC),
            "entity": "key:k1",
            "kind": "steady_hammer",
            "incident_cost": D("12.5"),
            "runway_days_lost": 0.25,
        },
        {
            "started_at": datetime(2026, 7, 30, tzinfo=UTC),
            "entity": f"key:{HASH}",
            "kind": "slow_drip",
            "incident_cost": D("2.25"),
            "runway_days_lost_null_reason": "no_ledger",
        },
    ],
    "enforcement_receipts": [
        {
            "planned_at": datetime(2026, 7, 30, 9, tzinfo=UTC),
            "applied_at": datetime(2026, 7, 30, 9, tzinfo=UTC),
            "verified_at": datetime(2026, 7, 30, 9, 1, tzinfo=UTC),
            "adapter": "litellm",
            "entity": "key:k1",
            "action": "cap",
            "before": '{"max_budget": null}',
            "after": '{"max_budget": "10"}',
            "outcome": "verified",
            "policy": "key_cap",
        },
        {
            "planned_at": datetime(2026, 7, 31, 9, tzinfo=UTC),
            "adapter": "litellm",
            "entity": "key:k1",
            "action": "block",
            "before": '{"is_blocked": false}',
            "after": '{"is_blocked": true}',
            "outcome": "refused",
            "policy": "key_cap",
        },
    ],
    "guardrail_cap_overrides": [],
    "guardrail_product_days": [],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    with published(TABLES) as publication:
        return guardrails(publication, Drawer(tmp_path_factory.mktemp("charts")))


def test_leaks_stand_by_what_they_cost_with_a_remedy(page: Page) -> None:
    assert column(page, "leaks", "who", "amount") == [
        ("team t", D(60)),
        ("key search", D(7)),
        ("key aaaaaaaaaaaa (unnamed key)", D(5)),
    ]
    rows = table(page, "leaks").rows
    assert "2 days, for up to 35 minutes" in rows[1]["what"]
    assert "in 1 month" in rows[0]["what"]
    assert all(row["remedy"].endswith(".") and row["verdict"] == "bad" for row in rows)
    glance = figure(page, "Leaks in 28 days")
    assert (glance.value, glance.verdict, glance.says) == (3, "bad", "the dearest: team t, USD 60.00")


def test_a_breaker_shows_its_last_state_beside_the_latest_known_margin_and_the_floor(page: Page) -> None:
    assert column(
        page, "breakers", "product", "gross_margin_ratio", "margin_date", "margin_floor_ratio", "verdict"
    ) == [
        ("Help desk", 0.3, date(2026, 7, 30), D("0.5"), "bad"),
        ("Newcomer", None, None, None, "unknown"),
        ("Shop", 0.7, date(2026, 7, 31), D("0.6"), "good"),
    ]
    states = [row["state"] for row in table(page, "breakers").rows]
    assert states == [in_words("throttled"), "no floor to hold", "normal, never tripped"]
    assert figure(page, "Breakers that act").value == 1


def test_caps_show_what_is_used_of_them(page: Page) -> None:
    assert column(page, "caps", "who", "amount", "cost", "cap_used_ratio", "verdict") == [
        ("key search", D(10), D(9), 0.9, "watch"),
        ("any other key", D(10), None, None, "none"),
    ]


def test_incidents_have_dollars_and_runway_and_sum_to_the_figure(page: Page) -> None:
    assert column(page, "incidents", "incident_cost", "runway", "state") == [
        (D("12.5"), "0.25 days", "over"),
        (D("2.25"), in_words("no_ledger"), "goes on"),
    ]
    glance = figure(page, "Cost of incidents")
    assert (glance.value, glance.rows, glance.total) == (D("14.75"), "incidents", "incident_cost")
    assert table(page, "incidents").total("incident_cost") == D("14.75")


def test_receipts_say_what_was_written_and_whether_it_was_read_back(page: Page) -> None:
    assert column(page, "receipts", "change", "read_back", "verdict") == [
        (f"{in_words('is_blocked')}: no to yes", "nothing was written", "bad"),
        (f"{in_words('max_budget')}: none to 10", "yes", "good"),
    ]


def test_caps_that_all_held_are_told_as_good(tmp_path: Path) -> None:
    held = [audited("key:k1", day, "held") for day in (30, 31)]
    with published({"cap_audit_by_entity_day": held, "dim_api_keys": []}) as publication:
        page = guardrails(publication, Drawer(tmp_path))
    glance = figure(page, "Leaks in 28 days")
    assert (glance.value, glance.verdict, glance.says) == (0, "good", "every cap was in force and held")
    assert table(page, "leaks").empty.startswith("Nothing leaked in 28 days")


def test_a_cap_that_was_not_read_back_is_not_said_to_have_been_in_force(tmp_path: Path) -> None:
    unread = {"is_read_back": False, "cap_in_force": None}
    rows = [
        audited("key:k1", 30, "not_crossed", cap_id="c", subject="key", subject_id="k1"),
        audited("key:k1", 31, "not_crossed", cap_id="c", subject="key", subject_id="k1", cost=D(1), **unread),
        audited("key:k1", 31, "not_crossed", "monthly", 1),
        # a refusal in the log shows that the cap was in force
        audited("key:k2", 31, "held", refused_at=datetime(2026, 7, 31, 9, tzinfo=UTC), **unread),
    ]
    tables = {"cap_audit_by_entity_day": rows, "guardrail_caps": TABLES["guardrail_caps"][:1], "dim_api_keys": []}
    with published(tables) as publication:
        page = guardrails(publication, Drawer(tmp_path))
    glance = figure(page, "Leaks in 28 days")
    assert (glance.value, glance.verdict) == (0, "unknown")
    said = "1 of 3 caps: not known on every day whether they were in force; let each run read the gateway back"
    assert glance.says.startswith(said)
    leaks = table(page, "leaks")
    assert leaks.empty == "Nothing is known to have leaked in 28 days." and leaks.says.startswith(said)
    assert column(page, "caps", "standing", "verdict") == [(f"{in_words('not_crossed')}; not read back", "unknown")]


def test_products_without_a_floor_are_not_in_their_normal_state(tmp_path: Path) -> None:
    tables: dict[str, list[Row]] = {
        "dim_products": [{"product_id": "new", "name": "Newcomer", "is_current": True}],
        "guardrail_decisions": [],
        "gross_margin_by_product_day": [],
    }
    with published(tables) as publication:
        acting = figure(guardrails(publication, Drawer(tmp_path)), "Breakers that act")
    assert (acting.value, acting.verdict) == (0, "unknown")
    assert acting.says == "no floor or no margin is known of Newcomer"
