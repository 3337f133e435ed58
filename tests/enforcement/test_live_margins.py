"""The feed-forward cap in a tick: limits of a product's keys worked out by hand, written ahead, held where revenue is old.

The product earns 100 on every day, its other cost is 20, its floor 0.60: 100 x 0.4 - 20 = 20 may be spent on AI in a day. Friday
is the 2nd of October 2026; the last 56 published days end on the 1st.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.enforcement.decisions import Decisions
from orchestration.enforcement.facts import DayCost, Facts, ProductDay
from orchestration.enforcement.port import Limit
from tests.enforcement.test_tick import KEY, Policy, World, cap

D = Decimal
AS_OF = date(2026, 10, 1)
OTHER_KEY = "key:hash-2"


def days(**changes: Any) -> tuple[ProductDay, ...]:
    plain = ProductDay(AS_OF, D(100), D(20), D(0))
    return tuple(replace(plain, day=AS_OF - timedelta(days=back), **changes) for back in range(55, -1, -1))


def facts(found: tuple[ProductDay, ...], **changes: Any) -> Facts:
    return replace(
        Facts("run", AS_OF),
        keys_of_product={"p": ("hash-1", "hash-2")},
        product_days={"p": found},
        product_floors={"p": D("0.60")},
        **changes,
    )


class FloorPolicy(Policy):
    def margin_floor(self, target: Decimal | None) -> Decimal | None:
        return None if target is None else target - D("0.10")


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, facts=facts(days()), policy=FloorPolicy(breaker_mode="automatic", revenue_max_age_days=45))
    for entity in (KEY, OTHER_KEY):
        made.gateway.add(entity)
    return made


def limits(world: World) -> dict[str, Decimal | None]:
    found = {entity: world.gateway.values[entity]["limits"] for entity in (KEY, OTHER_KEY)}
    return {entity: value[0].amount if value else None for entity, value in found.items()}


def test_the_allowance_is_split_by_what_the_keys_cost_last_week_and_written_ahead(world: World) -> None:
    """Twenty for two keys that cost 3 and 1 in the last week, none of it elsewhere: 15 and 5."""
    week = (DayCost(AS_OF - timedelta(days=2), "hash-1", None, None, D(3), 0),)
    week += (DayCost(AS_OF - timedelta(days=2), "hash-2", None, None, D(1), 0),)
    world.facts = facts(days(), days=week)
    world.tick()
    assert limits(world) == {KEY: D(15), OTHER_KEY: D(5)}
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", D(15)),)
    decided = Decisions(world.home).until(date(2026, 10, 2), world.company().config.zone)
    assert [(one.policy, one.entity, one.to_state) for one in decided] == [("margin_cap", "product:p", "left")]


def test_what_was_spent_and_one_request_of_headroom_come_off(world: World) -> None:
    """Two requests of 0.50 by one key: 20 - 1 - 0.50 of headroom is 18.50 left; half of it each, and the key's own dollar."""
    world.spend("1.00", at=world.now - timedelta(minutes=10), api_key="hash-1")
    world.tick()
    assert limits(world) == {KEY: D("10.25"), OTHER_KEY: D("9.25")}


def test_a_day_that_may_cost_nothing_more_refuses_both_keys_and_is_told(world: World) -> None:
    world.facts = facts(days(other_cogs=D(45)))
    world.tick()
    assert limits(world) == {KEY: D(0), OTHER_KEY: D(0)}
    assert "cap_reached" in world.kinds()


def test_ai_cost_that_no_key_of_the_gateway_shows_is_expected_again(world: World) -> None:
    """Seven a day were spent elsewhere in the last week: 13 are left."""
    world.facts = facts(days(ai_cogs=D(7)))
    world.tick()
    assert limits(world) == {KEY: D("6.5"), OTHER_KEY: D("6.5")}


@pytest.mark.parametrize(
    "case",
    [
        {"days": days(revenue=None)},
        {"days": tuple(replace(one, revenue=None) if one.day > date(2026, 8, 15) else one for one in days())},
        {"days": days(other_cogs=None)},
        {"floors": {}},
    ],
    ids=["no revenue", "old revenue", "no other cost", "no floor"],
)
def test_what_is_not_known_holds_the_limits_and_is_told(world: World, case: dict[str, Any]) -> None:
    world.tick()
    before = limits(world)
    assert before == {KEY: D(10), OTHER_KEY: D(10)}
    world.later(minutes=1)
    world.facts = replace(facts(case.get("days", days())), product_floors=case.get("floors", {"p": D("0.60")}))
    world.tick()
    assert limits(world) == before
    assert "cap_unknown" in world.kinds()


def test_a_request_without_a_price_loosens_nothing(world: World) -> None:
    world.tick()
    world.later(minutes=1)
    world.facts = facts(days(revenue=D(1000)))
    world.spend("0.50", model="nobody-knows", api_key="hash-1")
    world.tick()
    assert limits(world) == {KEY: D(10), OTHER_KEY: D(10)}


@pytest.mark.parametrize("mode", ["alert", "alert_unless_milestone_lapsed"])
def test_a_breaker_that_only_tells_writes_no_limit(world: World, mode: str) -> None:
    world.policy = FloorPolicy(breaker_mode=mode, revenue_max_age_days=45)
    world.tick()
    assert limits(world) == {KEY: None, OTHER_KEY: None}


def test_a_new_day_begins_with_its_own_allowance(world: World) -> None:
    world.spend("10.00", at=world.now - timedelta(minutes=10), api_key="hash-1")
    world.tick()
    world.now = datetime(2026, 10, 3, 0, 5, tzinfo=UTC)
    world.tick()
    assert limits(world) == {KEY: D("9.75"), OTHER_KEY: D("9.75")}


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(days=1)], ids=["the same day", "the next day"])
@pytest.mark.parametrize("is_capped", [False, True])
def test_limits_that_are_held_are_neither_given_back_nor_raised_by_a_cap(
    world: World, later: timedelta, is_capped: bool
) -> None:
    """Ten for each key by the margin, a cap of 15 beside it: what is not known any more leaves ten."""
    caps = (cap("15.00"),) if is_capped else ()
    world.facts = facts(days(), caps=caps)
    world.tick()
    assert limits(world) == {KEY: D(10), OTHER_KEY: D(10)}
    world.facts = facts(days(revenue=None), caps=caps)
    for _ in range(2):
        world.now += later
        world.tick()
        assert limits(world) == {KEY: D(10), OTHER_KEY: D(10)}


def test_a_margin_cap_that_only_tells_now_gives_back_its_limits(world: World) -> None:
    world.tick()
    world.policy = FloorPolicy(breaker_mode="alert", revenue_max_age_days=45)
    world.later(minutes=1)
    world.tick()
    assert limits(world) == {KEY: None, OTHER_KEY: None}
