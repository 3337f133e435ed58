"""The demo's caps: which held, which were not in force, and the trips that a replay of caps and breakers finds.

Expected figures are reckoned from the simulated calls and their list prices alone.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from orchestration.demo.catalog import AS_OF, CAP_OF_INVOICE_MATCHING, FIRST_DAY, STARTED_ON, token_hash
from orchestration.demo.gateway_calls import GatewayCall, is_capped_day, list_cost
from orchestration.demo.traffic import simulate
from orchestration.registry import load_company
from orchestration.replay.breakers import replay_breakers
from orchestration.replay.caps import replay_caps
from tests.end_to_end.demo_run import Published

MATCHING = f"key:{token_hash('invoice_matching')}"


@pytest.fixture(scope="module")
def published(demo_home) -> Published:
    return Published(demo_home)


def crossings() -> dict[date, tuple[GatewayCall, Decimal, GatewayCall]]:
    """By day on which invoice matching spends more than its cap: the call that crosses it, the day's cost, the first refusal."""
    days: dict[date, list[GatewayCall]] = defaultdict(list)
    for call in simulate().gateway:
        if call.key_alias == "invoice_matching" and STARTED_ON[call.key_alias] <= call.started_at.date() <= AS_OF:
            days[call.started_at.date()].append(call)
    found = {}
    for day, calls in days.items():
        spent, crossing = Decimal(0), None
        for call in calls:
            if call.is_success:
                spent += list_cost(call.model, day, call.prompt, call.cached, call.completion)
                crossing = crossing or (call if spent > CAP_OF_INVOICE_MATCHING else None)
        if crossing is not None:
            found[day] = (crossing, spent, next(call for call in calls if not call.is_success))
    return found


def test_the_cap_of_invoice_matching_held_on_every_day_that_crossed_it(published):
    got = {
        row[0]: row[1:]
        for row in published.rows(
            "cap_audit_by_entity_day",
            "select cap_date, status, crossed_at, cost, overshoot, refused_at, requests_after_crossing from t "
            f"where entity = '{MATCHING}' and crossed_at is not null",
        )
    }
    want = {
        day: ("held", call.started_at, cost, cost - CAP_OF_INVOICE_MATCHING, refusal.started_at, 0)
        for day, (call, cost, refusal) in crossings().items()
    }
    assert got == want
    assert set(got) == {day for day in got if is_capped_day(day)}
    assert len(got) >= 23


def test_no_other_cap_of_the_demo_was_crossed_and_two_were_not_in_force(published):
    """The revenue team's 300 may all go in a day, and contract intake's 90 never resets. Some caps are older than the log."""
    query = f"select distinct entity, status, cap_date < date '{FIRST_DAY}' from t where status <> 'not_crossed'"
    found = set(published.rows("cap_audit_by_entity_day", f"{query} and \"window\" = 'daily'"))
    assert {(entity, status) for entity, status, is_before in found if not is_before} == {
        (MATCHING, "held"),
        ("team:team_revenue", "not_in_force"),
        (f"key:{token_hash('contract_intake')}", "not_in_force"),
    }
    before = f"select distinct status from t where cap_date < date '{FIRST_DAY}'"
    assert published.rows("cap_audit_by_entity_day", before) == [("unknown",)]


def test_a_replay_of_the_demo_trips_where_the_scenario_planted_it_and_nowhere_else(published):
    home = published.folder.parents[1]
    policy = load_company(home / "demo_company").policy
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        margin = replay_breakers(connection, policy, FIRST_DAY, AS_OF)
        caps = replay_caps(connection, policy, FIRST_DAY, AS_OF)
    assert margin
    assert [row for row in margin if row.is_trip] == []
    trips = {row.replay_date: (row.entity, row.overshoot_amount, row.is_false_trip) for row in caps if row.is_trip}
    assert trips == {
        day: (MATCHING, cost - CAP_OF_INVOICE_MATCHING, False) for day, (_, cost, _) in crossings().items()
    }
