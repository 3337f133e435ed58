"""Caps in a tick: overrides in published dollars, what is left by trailing share, no raise before a lower limit was seen."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.enforcement.facts import DayCost, Facts, PublishedCap, read_facts
from orchestration.enforcement.port import Limit
from orchestration.prices.calls import CallPrices
from orchestration.project import Home
from orchestration.registry.guardrails import Cap, CapOverride
from tests.enforcement.published_caps import publish_caps
from tests.enforcement.test_tick import KEY, World, cap

D = Decimal
AS_OF = date(2026, 10, 1)
NOON = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)
ONE, TWO = "key:one", "key:two"
BEGIN = NOON - timedelta(hours=1)


@dataclass
class CapWorld(World):
    """A company whose guardrails.yaml declares one cap."""

    currency: str | None = None
    amount: str = "1.00"

    def company(self) -> Any:
        made = super().company()
        made.config.reporting_currency = "EUR"
        declared = {"cap_id": "per-key", "subject": "key", "ids": ["*"], "currency": self.currency}
        declared |= {"valid_from": date(2026, 1, 1), "windows": [{"window": "daily", "amount": self.amount}]}
        made.guardrails.caps = (Cap.model_validate(declared),)
        return made


def override(amount: str, **changes: Any) -> CapOverride:
    plain = {"cap_id": "per-key", "id": "hash-1", "window": "daily", "amount": amount, "reason": "launch"}
    plain |= {"starts_at": BEGIN, "expires_at": NOON + timedelta(hours=4), "approver": "a@b.example"}
    return CapOverride.model_validate(plain | changes)


@pytest.fixture
def world(tmp_path: Path) -> CapWorld:
    made = CapWorld(tmp_path)
    made.gateway.add(KEY)
    return made


def limit(world: World, entity: str = KEY) -> Decimal | None:
    found = world.gateway.values[entity]["limits"]
    return found[0].amount if found else None


def published(world: World, amount: str | None) -> None:
    key = ("per-key", "hash-1", "daily", BEGIN)
    world.facts = Facts("run", AS_OF, caps=(cap("1.10"),), override_usd={key: None if amount is None else D(amount)})


def test_an_override_in_another_currency_is_what_was_published_also_where_the_cap_was_edited_since(
    world: CapWorld,
) -> None:
    """5 euros at 1.10 are 5.50 dollars; by the cap of 1.10 dollars, now edited to 2 euros, they would be 2.75."""
    published(world, "5.50")
    world.amount = "2.00"
    world.overrides = (override("5.00"),)
    world.tick()
    assert limit(world) == D("5.50")


@pytest.mark.parametrize("is_published", [True, False], ids=["without a rate", "not published yet"])
def test_an_override_without_published_dollars_lifts_nothing_and_is_told(world: CapWorld, is_published: bool) -> None:
    published(world, None)
    if not is_published:
        world.facts = replace(world.facts, override_usd={})
    world.spend("1.50")
    world.tick()
    world.overrides = (override("5.00"),)
    world.later(minutes=1)
    result = world.tick()
    assert world.is_blocked and limit(world) == D("1.10")
    assert any("override of hash-1 does not hold" in note for note in result.notes)
    world.later(hours=5)
    assert not any("override" in note for note in world.tick().notes)


def test_an_override_of_a_cap_in_dollars_lifts_at_once_and_ends_when_it_is_withdrawn(world: CapWorld) -> None:
    world.currency = "USD"
    world.spend("1.00")
    world.tick()
    assert world.is_blocked
    world.overrides = (override("5.00"),)
    world.later(minutes=1)
    world.tick()
    assert not world.is_blocked and limit(world) == D(5)
    world.overrides = ()
    world.later(minutes=1)
    world.tick()
    assert world.is_blocked


def test_overrides_are_read_with_their_begin_and_dollars(tmp_path: Path) -> None:
    publish_caps(tmp_path, {})
    with duckdb.connect(str((tmp_path / "published").resolve() / "marts.duckdb")) as connection:
        connection.execute(
            "create table guardrail_cap_overrides as select 'per-key' as cap_id, 'hash-1' as subject_id, "
            "'daily' as \"window\", timestamptz '2026-10-02 13:00:00+02:00' as starts_at, 5.5::decimal(38, 9) as amount_usd"
        )
    facts = read_facts(Home(tmp_path), CallPrices([], "USD"))
    assert facts.override_usd == {("per-key", "hash-1", "daily", BEGIN): D("5.5")}


def of_ann(amount: str) -> PublishedCap:
    return cap(amount, subject="developer", subject_id="ann")


def test_what_is_left_goes_to_a_developers_keys_half_by_last_weeks_cost_and_half_evenly(world: CapWorld) -> None:
    """8 for keys that cost 3 and 1 in the last seven days: 2 each, and 3 and 1. The day before those seven counts no more."""
    world.gateway.add(ONE)
    world.gateway.add(TWO)
    days = (
        DayCost(AS_OF - timedelta(days=8), "two", "ann", None, D(100), 0),
        DayCost(AS_OF - timedelta(days=7), "one", "ann", None, D(3), 0),
        DayCost(AS_OF - timedelta(days=1), "two", "ann", None, D(1), 0),
        DayCost(AS_OF - timedelta(days=1), "two", "bob", None, D(50), 0),
    )
    world.facts = Facts(
        "run",
        AS_OF,
        caps=(of_ann("8"),),
        days=days,
        keys_of_developer={"ann": ("one", "two")},
    )
    world.tick()
    assert (limit(world, ONE), limit(world, TWO)) == (D(5), D(3))


@pytest.fixture
def sharing(world: CapWorld) -> CapWorld:
    """Two keys of ann share 20, 10 each; then one has spent its 10: 10 are left, 15 for it and 5 for the other."""
    world.gateway.add(ONE)
    world.gateway.add(TWO)
    world.facts = Facts("run", AS_OF, caps=(of_ann("20"),), keys_of_developer={"ann": ("one", "two")})
    world.tick()
    assert (limit(world, ONE), limit(world, TWO)) == (D(10), D(10))
    world.later(minutes=1)
    world.spend("10.00", user="ann", api_key="one")
    world.tick()
    assert (limit(world, ONE), limit(world, TWO)) == (D(10), D(5))
    return world


def test_a_key_gets_what_another_gave_up_once_the_gateway_was_seen_to_hold_the_lower_limit(sharing: CapWorld) -> None:
    """The second tick saw 10 before it wrote 5, the third sees 5, the fourth hands out."""
    seen = []
    for _ in range(3):
        sharing.later(seconds=30)
        sharing.tick()
        seen.append((limit(sharing, ONE), limit(sharing, TWO)))
    assert seen == [(D(10), D(5)), (D(15), D(5)), (D(15), D(5))]


def test_a_limit_that_a_person_raised_again_is_reserved_for_its_key(sharing: CapWorld) -> None:
    """Whoever may still spend 10 by the gateway leaves nothing of 20 for the key that has spent 10."""
    sharing.gateway.values[TWO]["limits"] = (Limit("daily", D(10)),)
    for _ in range(4):
        sharing.later(seconds=30)
        sharing.tick()
        assert (limit(sharing, ONE), limit(sharing, TWO)) == (D(10), D(10))
