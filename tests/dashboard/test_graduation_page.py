"""The board: gates in words, what holds an experiment back, what is ready and how to approve it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard.charts import Drawer
from dashboard.figures import Page
from dashboard.pages.front import front
from dashboard.pages.graduation import graduation
from tests.dashboard.made_up import AS_OF, Row, column, figure, published, table

D = Decimal
NAMES = ("return", "model_audit", "guardrail", "stability", "graduation", "funding")


def gates(initiative: str, *statuses: str) -> list[Row]:
    reasons = {"fail": "growing; 30 days", "insufficient": "short_history; 16 days"}
    return [
        {
            "initiative_id": initiative,
            "as_of_date": AS_OF,
            "gate_number": number,
            "gate_name": NAMES[number - 1],
            "status": status,
            "metric_value": D("0.296"),
            "threshold_value": D("0.2"),
            "unit": "growth_30d_ratio_bound",
            "reason": reasons.get(status, ""),
            "evidence_id": f"{initiative}-{number}",
        }
        for number, status in enumerate(statuses, 1)
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    readiness = [
        {"initiative_id": "a", "as_of_date": AS_OF, "is_ready": True, "first_ready_date": date(2026, 7, 20)}
        | {"blocking_gates": "", "verified_run_rate": D("100.5")},
        {"initiative_id": "b", "as_of_date": AS_OF, "is_ready": False, "blocking_gates": "4"},
        {"initiative_id": "c", "as_of_date": AS_OF, "is_ready": False, "blocking_gates": "1,4"},
        {"initiative_id": "a", "as_of_date": date(2026, 7, 30), "is_ready": False, "blocking_gates": "4"},
    ]
    tables = {
        "graduation_readiness": readiness,
        "graduation_gates": [
            *gates("a", "pass", "pass", "pass", "pass", "insufficient"),
            *gates("b", "pass", "pass", "pass", "fail", "insufficient"),
            *gates("c", "insufficient", "pass", "pass", "insufficient", "insufficient"),
        ],
        "dim_initiatives": [{"initiative_id": "a", "name": "Triage", "owner": "o@c.example", "is_current": True}],
        "budget_status_by_initiative": [
            {"initiative_id": "b", "as_of_date": AS_OF, "allocated_amount": D(100), "spent_amount": D(60)}
            | {"remaining_amount": D(40), "projected_exhaustion_date": date(2026, 9, 1)},
        ],
        "milestone_tolerance": [
            {"initiative_id": "c", "as_of_date": AS_OF, "tolerance_status": "lapsed", "margin_debt": D("7.5")}
        ],
    }
    with published(tables) as publication:
        return graduation(publication, Drawer(tmp_path_factory.mktemp("charts")))


def test_the_board_has_a_row_for_each_experiment_of_the_day(page: Page) -> None:
    assert column(page, "board", "initiative", "gate_4", "gate_5", "verdict") == [
        ("Triage", "passes", "not yet", "good"),
        ("b", "fails", "not yet", "bad"),
        ("c", "not enough evidence yet", "not yet", "watch"),
    ]
    assert (figure(page, "Ready for the core budget").value, figure(page, "Still experiments").value) == (1, 2)


def test_only_gates_that_block_hold_an_experiment_back(page: Page) -> None:
    held = column(page, "holding", "initiative", "gate", "measured", "limit")
    assert held == [
        ("b", "Stability", "29.6 %", "20.0 %"),
        ("c", "Return on spend", "29.6 %", "20.0 %"),
        ("c", "Stability", "29.6 %", "20.0 %"),
    ]
    assert all("_" not in row["why"] and row["why"] for row in table(page, "holding").rows)


def test_a_gate_that_a_company_adds_has_its_column(tmp_path: Path) -> None:
    rows = {
        "graduation_readiness": [
            {"initiative_id": "a", "as_of_date": AS_OF, "is_ready": False, "blocking_gates": "6"},
            {"initiative_id": "b", "as_of_date": AS_OF, "is_ready": False, "blocking_gates": "1"},
        ],
        "graduation_gates": [*gates("a", "pass", "pass", "pass", "pass", "pass", "fail"), *gates("b", "fail")],
    }
    with published(rows) as publication:
        board = table(graduation(publication, Drawer(tmp_path)), "board")
    assert [one.label for one in board.columns][1:7] == [
        "Return on spend",
        "Model use",
        "Guardrail",
        "Stability",
        "Approval",
        "Funding",
    ]
    assert [(row["gate_1"], row["gate_6"]) for row in board.rows] == [("passes", "fails"), ("fails", None)]


def test_what_is_ready_says_how_to_approve_it_and_on_what_evidence(page: Page) -> None:
    assert column(page, "ready", "initiative", "first_ready_date", "evidence", "command") == [
        ("Triage", date(2026, 7, 20), "a-5", "tokenomics graduate a --approver EMAIL")
    ]


def test_what_was_approved_on_the_day_waits_for_no_signature(tmp_path: Path) -> None:
    readiness = [
        {"initiative_id": name, "as_of_date": AS_OF, "is_ready": True, "first_ready_date": AS_OF, "blocking_gates": ""}
        for name in ("a", "b")
    ]
    tables = {
        "graduation_readiness": readiness,
        "graduation_gates": [*gates("a", *["pass"] * 5), *gates("b", *["pass"] * 4, "insufficient")],
        "dim_initiatives": [{"initiative_id": name, "is_current": True} for name in ("a", "b")],
        "dim_dates": [{"calendar_date": AS_OF, "fiscal_period": "P7", "fiscal_year": 2026}],
    }
    with published(tables) as publication:
        pages = [make(publication, Drawer(tmp_path)) for make in (graduation, front)]
    assert [[row["initiative"] for row in table(one, "ready").rows] for one in pages] == [["b"], ["b"]]


def test_waiting_shows_only_what_tables_state(page: Page) -> None:
    assert column(page, "allocations", "initiative", "remaining_amount", "projected_exhaustion_date") == [
        ("b", D(40), date(2026, 9, 1))
    ]
    assert column(page, "debts", "initiative", "margin_debt", "verdict") == [("c", D("7.5"), "bad")]
