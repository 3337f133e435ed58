"""One tick: a cap crossed is refused, a stale feed holds, a kill between any two steps heals, nothing storms."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.alerts.message import Alert
from orchestration.enforcement.decisions import Decisions
from orchestration.enforcement.facts import BreakerState, DayCost, Facts, PublishedCap
from orchestration.enforcement.live_usage import LiveUsage
from orchestration.enforcement.port import Gateway, Limit
from orchestration.enforcement.receipts import Receipts
from orchestration.enforcement.tick import MOST_OBSERVED, Site, tick
from orchestration.enforcement.tick_result import TickResult
from orchestration.landing.errors import SchemaDrift, TransientFailure
from orchestration.prices.calls import CallPrices
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig, Cap, CapOverride
from tests.enforcement.fake_gateway import FakeGateway, Killed
from tests.enforcement.test_live_usage import FakeLog, row

NOW = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)
KEY = "key:hash-1"
DEAR = {"prompt_tokens": 0, "completion_tokens": 1_000_000, "metadata": {}}
"""A request that costs 0.50 US dollars: a million of output at 0.50 (gpt-6-luna)."""


def cap(amount: str | None = "1.00", **changes: Any) -> PublishedCap:
    plain = PublishedCap(
        adapter="litellm",
        entity=None,
        cap_id="per-key",
        subject="key",
        subject_id="hash-1",
        id_pattern=None,
        window="daily",
        time_zone="UTC",
        reset_day=1,
        usd=None if amount is None else Decimal(amount),
        headroom_usd=Decimal(0),
        mode="hard",
        holds_from=date(2026, 1, 1),
        holds_until=date(9999, 12, 31),
    )
    return replace(plain, **changes)


class Policy(dict[str, Any]):
    version = "v1"


@dataclass
class World:
    """A company with one gateway, its log and a clock; ``told`` are the alerts that a tick brought."""

    home: Path
    gateway: FakeGateway = field(default_factory=FakeGateway)
    log: FakeLog = field(default_factory=FakeLog)
    now: datetime = NOW
    facts: Facts = field(default_factory=lambda: Facts("run", date(2026, 10, 1), caps=(cap(),)))
    caps: tuple[Cap, ...] = ()
    overrides: tuple[CapOverride, ...] = ()
    config: AdapterConfig = field(
        default_factory=lambda: AdapterConfig.model_validate(
            {"name": "litellm", "apply": True, "entities": ["key:*", "team:*"]}
        )
    )
    policy: Any = field(default_factory=lambda: Policy(breaker_mode="automatic"))
    initiatives: tuple[Any, ...] = ()
    told: list[Alert] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    opened: int = 0

    def company(self) -> Any:
        guardrails = SimpleNamespace(caps=self.caps, overrides=self.overrides, adapters={"litellm": self.config})
        config = SimpleNamespace(zone=ZoneInfo("UTC"), reporting_currency="USD")
        return SimpleNamespace(
            guardrails=guardrails,
            config=config,
            policy=self.policy,
            initiatives=self.initiatives,
            product_target=lambda product: None,
        )

    @contextmanager
    def open_gateway(self, name: str) -> Iterator[Gateway]:
        self.opened += 1
        self.gateway.now = self.now
        yield self.gateway

    def tell(self, alerts: Sequence[Alert], judged: Sequence[str]) -> list[str]:
        self.told, self.judged = list(alerts), list(judged)
        return []

    def tick(self, *, apply: bool = True, **flags: Any) -> TickResult:
        site = Site(
            home=Home(self.home),
            company=self.company(),
            prices=CallPrices([], "USD"),
            logs={"litellm": self.log},
            open_gateway=self.open_gateway,
            tell=self.tell,
            clock=lambda: self.now,
        )
        with LiveUsage(self.home / "enforcement" / "live.sqlite") as usage:
            return tick(site, self.facts, usage, apply=apply, **flags)

    def spend(self, dollars: str, at: datetime | None = None, **changes: Any) -> None:
        """Requests of 0.50 each, half a minute before now unless ``at`` is given."""
        for _ in range(int(Decimal(dollars) / Decimal("0.5"))):
            moment = (at or self.now - timedelta(seconds=30)) + timedelta(milliseconds=len(self.log.rows))
            self.log.rows.append(row(f"r{len(self.log.rows)}", moment, **DEAR, **changes))

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    @property
    def is_blocked(self) -> bool:
        return bool(self.gateway.values[KEY]["is_blocked"])

    def kinds(self) -> set[str]:
        return {alert.kind for alert in self.told}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.gateway.add(KEY)
    return made


def test_a_cap_is_written_ahead_refused_when_crossed_and_cleared_at_the_reset_instant(world: World) -> None:
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal(1)),)
    assert not world.is_blocked
    world.later(seconds=45)
    world.spend("1.00")
    world.tick()
    assert world.is_blocked
    assert world.kinds() == {"cap_reached"}
    assert world.told[0].amount == Decimal("1.000000000000")
    world.now = datetime(2026, 10, 2, 23, 59, 59, tzinfo=UTC)
    world.tick()
    assert world.is_blocked
    world.now = datetime(2026, 10, 3, 0, 0, 40, tzinfo=UTC)
    world.tick()
    assert not world.is_blocked
    states = [(one.from_state, one.to_state) for one in Decisions(world.home).until(date(2026, 10, 3), ZoneInfo("UTC"))]
    assert states == [
        ("daily_none", "daily_within"),
        ("daily_within", "daily_reached"),
        ("daily_reached", "daily_within"),
    ]


def test_a_second_tick_without_news_writes_nothing(world: World) -> None:
    world.spend("0.50")
    world.tick()
    writes, decided = world.gateway.writes, len(list((world.home / "enforcement" / "decisions").iterdir()))
    for _ in range(3):
        world.later(seconds=30)
        world.tick()
    assert world.gateway.writes == writes
    assert len(list((world.home / "enforcement" / "decisions").iterdir())) == decided


def test_without_apply_nothing_is_written_to_the_gateway_and_alerts_are_told(world: World) -> None:
    world.spend("1.00")
    result = world.tick(apply=False)
    assert world.gateway.writes == 0 and not Receipts(world.home).read()
    assert [change.after for change in result.plans[0].changes] == [
        {"limits": (Limit("daily", Decimal(1)),), "is_blocked": True}
    ]
    assert world.kinds() == {"cap_reached"}


def test_apply_needs_the_switch_of_the_adapter_too(world: World) -> None:
    world.config = world.config.model_copy(update={"apply": False})
    world.spend("1.00")
    result = world.tick()
    assert world.gateway.writes == 0
    assert any("adapters.litellm.apply: true" in note for note in result.notes)


def test_a_preview_keeps_records_and_tells_nothing(world: World) -> None:
    world.spend("1.00")
    world.tick(apply=False, is_preview=True)
    assert not (world.home / "enforcement" / "decisions").exists() and world.told == []
    world.tick()
    assert world.kinds() == {"cap_reached"}


def test_a_stale_feed_lifts_and_raises_nothing_and_is_told(world: World) -> None:
    world.spend("1.00")
    world.tick()
    world.log.fault = TransientFailure("litellm", "away")
    writes = world.gateway.writes
    world.now = datetime(2026, 10, 3, 0, 10, tzinfo=UTC)
    result = world.tick()
    assert world.is_blocked and world.gateway.writes == writes
    assert "feed_stale" in world.kinds()
    assert "cap_reached:litellm" not in world.judged
    assert result.faults == ["litellm: away"]
    world.log.fault = None
    world.later(seconds=30)
    world.tick()
    assert not world.is_blocked
    assert "feed_stale" not in world.kinds() and "feed_stale:litellm" in world.judged


def test_a_request_without_a_price_lifts_nothing_and_what_is_known_can_still_refuse(world: World) -> None:
    world.spend("0.50")
    world.log.rows.append(row("odd", world.now - timedelta(seconds=20), model="house-model"))
    world.tick()
    assert not world.is_blocked
    assert world.kinds() == {"cap_unknown"} and "1 request has no price" in world.told[0].title
    world.later(minutes=10)
    world.spend("0.50")
    world.tick()
    assert world.is_blocked


def test_a_malformed_row_of_a_key_is_cost_that_nobody_knows_until_it_is_logged_well(world: World) -> None:
    """Three calls of half a dollar whose token counts are wrong read as no cost, within the cap of one dollar."""
    at = world.now - timedelta(seconds=40)
    wrong = [row(f"bad{n}", at, completion_tokens=1_000_000, prompt_tokens=-5, metadata={}) for n in range(3)]
    other = row("other", at, api_key="hash-2", completion_tokens=1_000_000, prompt_tokens=-5, metadata={})
    world.log.rows += [*wrong, other]
    result = world.tick()
    (line,) = result.caps[0].decision.lines
    assert (line.status, line.cost, line.is_fresh) == ("unknown", None, False)
    assert not world.is_blocked and world.kinds() == {"cap_unknown"}
    assert "3 requests have no price or are malformed in the log" in world.told[0].title
    assert result.notes == ["litellm: 4 rows of its log are malformed: what they cost is not known"]
    world.later(seconds=30)
    world.spend("1.00")
    world.tick()
    assert world.is_blocked, "what is known can still refuse"


def test_a_well_formed_row_takes_the_place_of_the_malformed_one(world: World) -> None:
    at = world.now - timedelta(seconds=40)
    world.log.rows.append(row("call", at, **{**DEAR, "prompt_tokens": -5}))
    world.tick()
    assert world.kinds() == {"cap_unknown"}
    world.later(seconds=30)
    world.log.rows[:] = [row("call", at, **DEAR)]
    (line,) = world.tick().caps[0].decision.lines
    assert (line.status, line.cost) == ("within", Decimal("0.5"))
    assert world.kinds() == set()
    world.later(seconds=30)
    world.log.rows[:] = [row("call", at, **{**DEAR, "prompt_tokens": -5})]
    (line,) = world.tick().caps[0].decision.lines
    assert line.cost == Decimal("0.5"), "nor is it lost again"


def test_published_days_count_in_a_long_window(world: World) -> None:
    world.facts = Facts(
        "run",
        date(2026, 10, 2),
        caps=(cap("10.00", window="weekly"),),
        days=(
            DayCost(date(2026, 9, 27), "hash-1", None, "t1", Decimal(100), 0),
            DayCost(date(2026, 9, 28), "hash-1", None, "t1", Decimal(4), 0),
            DayCost(date(2026, 10, 1), "hash-1", None, "t1", Decimal(5), 0),
            DayCost(date(2026, 10, 1), "other", None, "t1", Decimal(50), 0),
        ),
    )
    world.spend("0.50")
    (decided,) = world.tick().caps
    assert decided.decision.lines[0].cost == Decimal("9.5")
    assert min(start for start, _ in world.log.asked) == datetime(2026, 10, 2, tzinfo=UTC)


def test_a_person_who_blocked_a_key_keeps_it_blocked(world: World) -> None:
    world.gateway.values[KEY]["is_blocked"] = True
    world.tick()
    world.later(seconds=30)
    result = world.tick()
    assert world.gateway.writes == 0 and world.is_blocked
    assert {hold.kind for hold in result.plans[0].holds} == {"person"}


def test_a_new_key_of_the_pattern_is_capped_before_any_run_knows_it(world: World) -> None:
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(subject_id=None, id_pattern="^hash-.*$"),))
    world.spend("1.00")
    world.tick()
    assert world.is_blocked


def test_a_cap_of_a_developer_holds_his_keys_and_not_those_he_shares(world: World) -> None:
    world.gateway.add("key:own")
    world.facts = Facts(
        "run",
        date(2026, 10, 1),
        caps=(cap("1.00", subject="developer", subject_id="ann"),),
        keys_of_developer={"ann": ("own",)},
    )
    world.spend("0.50", user="ann", api_key="own")
    world.spend("0.50", user="ann", api_key="hash-1")
    world.tick()
    assert world.gateway.values["key:own"]["is_blocked"] and not world.is_blocked


def test_an_alert_cap_tells_and_changes_nothing_and_gives_back_what_a_hard_one_wrote(world: World) -> None:
    world.spend("1.00")
    world.tick()
    assert world.is_blocked
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(mode="alert"),))
    world.later(seconds=30)
    world.tick()
    assert not world.is_blocked and world.gateway.values[KEY]["limits"] == ()
    assert world.kinds() == {"cap_reached"}


def test_changes_of_one_tick_are_limited_and_the_rest_follows(world: World) -> None:
    world.config = world.config.model_copy(update={"max_changes": 3})
    names = [f"k{n}" for n in range(8)]
    for name in names:
        world.gateway.add(f"key:{name}")
    world.facts = Facts("run", date(2026, 10, 1), caps=tuple(cap(subject_id=name) for name in names))
    written = []
    for _ in range(4):
        world.tick()
        written.append(sum(world.gateway.values[f"key:{name}"]["limits"] != () for name in names))
        world.later(seconds=30)
    assert written == [3, 6, 8, 8]


def test_keys_whose_writes_are_refused_hold_up_no_block_of_a_reached_cap(world: World) -> None:
    names = ["agent", "bot", "chat", "lab"]
    for name in names:
        world.gateway.add(f"key:{name}")
    world.gateway.refused = {"key:agent", "key:bot"}
    world.config = world.config.model_copy(update={"max_changes": 2})
    world.facts = Facts("run", date(2026, 10, 1), caps=tuple(cap(subject_id=name) for name in names))
    world.tick()
    for name in names:
        world.spend("1.00", api_key=name)
    world.later(seconds=30)
    world.tick()
    world.later(seconds=30)
    world.tick()
    assert [name for name in names if world.gateway.values[f"key:{name}"]["is_blocked"]] == ["chat", "lab"]


def test_a_reached_cap_that_waits_for_max_changes_is_told_until_it_is_carried_out(world: World) -> None:
    names = ["agent", "bot", "chat"]
    for name in names:
        world.gateway.add(f"key:{name}")
        world.spend("1.50", api_key=name)
    world.config = world.config.model_copy(update={"max_changes": 2})
    world.facts = Facts("run", date(2026, 10, 1), caps=tuple(cap(subject_id=name) for name in names))
    world.tick()
    (told,) = [alert for alert in world.told if alert.kind == "enforcement_failed"]
    assert (told.entity, told.amount, told.currency) == ("key:chat", Decimal("1.00"), "USD")
    assert "the daily cap of 1.00 USD" in told.title
    assert "raise max_changes of adapters.litellm in guardrails.yaml" in told.title
    world.later(seconds=30)
    world.tick()
    assert world.gateway.values["key:chat"]["is_blocked"] and world.kinds() == {"cap_reached"}
    assert any(told.condition.startswith(one) for one in world.judged)


def test_a_dry_run_tells_of_no_cap_that_it_waits_for_a_later_round(world: World) -> None:
    world.gateway.add("key:other")
    world.spend("1.00")
    world.spend("1.00", api_key="other")
    world.config = world.config.model_copy(update={"max_changes": 1})
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(), cap(subject_id="other")))
    world.tick(apply=False)
    assert world.kinds() == {"cap_reached"}


def test_many_keys_are_looked_at_in_turn(world: World) -> None:
    names = [f"k{n:03}" for n in range(MOST_OBSERVED + 40)]
    for name in names:
        world.gateway.add(f"key:{name}")
    world.config = world.config.model_copy(update={"max_changes": 1000})
    world.facts = Facts("run", date(2026, 10, 1), caps=tuple(cap(subject_id=name) for name in names))
    first = world.tick()
    assert len(first.observations) == MOST_OBSERVED and any("were looked at" in note for note in first.notes)
    world.later(seconds=30)
    second = world.tick()
    assert {entity for _, entity in (*first.observations, *second.observations)} == {f"key:{name}" for name in names}


@pytest.mark.parametrize("step", ["stamp", "answer", "tell", "keep"])
def test_killed_between_any_two_steps_the_next_tick_heals(
    world: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.spend("1.00")

    def killed(*args: Any, **flags: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        if step == "tell":
            patch.setattr(world, "tell", killed)
        elif step == "keep":
            patch.setattr(LiveUsage, "keep", killed)
        else:
            world.gateway.before_step = lambda name: killed() if name == step else None
        with pytest.raises(Killed):
            world.tick()
    world.gateway.before_step = lambda _: None
    for _ in range(2):
        world.later(seconds=30)
        world.tick()
    assert world.is_blocked and world.kinds() == {"cap_reached"}
    decided = Decisions(world.home).until(date(2026, 10, 2), ZoneInfo("UTC"))
    assert [one.to_state for one in decided] == ["daily_reached"]
    settled = {one.outcome for one in Receipts(world.home).read()}
    assert settled <= {"verified", "abandoned"}
    writes = world.gateway.writes
    world.later(seconds=30)
    world.tick()
    assert world.gateway.writes == writes


def test_a_loop_is_told_within_ten_minutes_and_once(world: World) -> None:
    world.facts = Facts("run", date(2026, 10, 1))
    begun, told = world.now, []
    while world.now < begun + timedelta(minutes=14):
        world.later(seconds=30)
        for second in (0, 10, 20):
            at = world.now - timedelta(seconds=second)
            world.log.rows.append(row(f"r{len(world.log.rows)}", at, prompt_tokens=400_000, completion_tokens=100))
        world.tick()
        told += [(alert, world.now) for alert in world.told if alert.kind == "loop_found"]
    (first, when), *more = told
    assert when - begun <= timedelta(minutes=10) and more == []
    assert first.entity == KEY and first.amount is not None and first.amount > Decimal("0.25")
    decided = Decisions(world.home).until(date(2026, 10, 2), ZoneInfo("UTC"))
    assert [(one.policy, one.entity) for one in decided] == [("loop", KEY)]


def test_a_gateway_that_is_away_fails_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(entity: str) -> Any:
        raise TransientFailure("litellm", "no answer")

    monkeypatch.setattr(world.gateway, "observe", away)
    world.spend("1.00")
    result = world.tick()
    assert result.faults == ["litellm: no answer"] and world.kinds() == {"cap_reached", "enforcement_failed"}
    (told,) = [alert for alert in world.told if alert.kind == "enforcement_failed"]
    assert told.title.startswith("LiteLLM did not show what stands at key hash-1 (no answer): ")
    monkeypatch.undo()
    world.later(seconds=30)
    world.tick()
    assert world.is_blocked and world.kinds() == {"cap_reached"}
    assert any(told.condition.startswith(one) for one in world.judged)


def not_shown(world: World, monkeypatch: pytest.MonkeyPatch, *entities: str) -> None:
    observe = world.gateway.observe

    def observed(entity: str) -> Any:
        if entity in entities:
            raise TransientFailure("litellm", "GET /key/info failed 6 times")
        return observe(entity)

    monkeypatch.setattr(world.gateway, "observe", observed)


def test_teams_are_enforced_while_no_key_can_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.gateway.add("team:t1")
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(), cap(subject="team", subject_id="t1")))
    not_shown(world, monkeypatch, KEY)
    world.spend("1.00", team_id="t1")
    result = world.tick()
    assert world.gateway.values["team:t1"]["is_blocked"]
    assert result.unread["litellm"].entities == (KEY,) and "enforcement_failed" in world.kinds()


def test_a_key_that_is_never_shown_holds_up_no_other_for_longer_than_a_round(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.gateway.add("key:a")
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(subject_id="a"), cap()))
    not_shown(world, monkeypatch, "key:a")
    world.tick()
    world.later(seconds=30)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal(1)),)
    world.spend("1.00")
    world.later(seconds=30)
    world.tick()
    assert world.is_blocked


def test_a_write_that_is_refused_stays_told_while_it_waits_for_its_turn(world: World) -> None:
    names = ["agent", "bot", "chat"]
    for name in names:
        world.gateway.add(f"key:{name}")
    world.gateway.refused = {"key:agent", "key:bot", "key:chat"}
    world.config = world.config.model_copy(update={"max_changes": 2})
    world.facts = Facts("run", date(2026, 10, 1), caps=tuple(cap(subject_id=name) for name in names))
    world.tick()
    assert {alert.entity for alert in world.told} == {"key:agent", "key:bot"}
    world.later(seconds=30)
    world.tick()
    assert {alert.entity for alert in world.told} == {"key:chat", "key:agent"}
    assert not any("enforcement_failed:litellm:key:bot".startswith(one) for one in world.judged)


def test_a_failure_is_not_over_because_it_is_not_known_what_is_wanted(world: World) -> None:
    world.gateway.refused = {"key:other"}
    world.gateway.add("key:other")
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(subject_id="other"), cap()))
    world.tick()
    assert world.kinds() == {"enforcement_failed"}
    (world.home / "enforcement" / "live.sqlite").unlink()
    world.facts = Facts("run-2", date(2026, 10, 1), caps=(cap(None, subject_id="other"), cap()))
    world.later(seconds=30)
    world.tick()
    assert world.kinds() == {"cap_unknown"}
    assert not any("enforcement_failed:litellm:key:other".startswith(one) for one in world.judged)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_key_that_guardrails_yaml_names_and_the_gateway_lacks_is_told_until_its_cap_is_removed(
    world: World, is_named: bool
) -> None:
    ids = ["gone"] if is_named else ["g*"]
    windows = [{"window": "daily", "amount": "1.00"}]
    world.caps = (Cap.model_validate({"cap_id": "per-key", "subject": "key", "ids": ids, "windows": windows}),)
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(subject_id="gone"), cap()))
    world.tick()
    told = [(alert.kind, alert.entity, alert.amount) for alert in world.told]
    assert told == ([("enforcement_failed", "key:gone", Decimal("1.00"))] if is_named else [])
    world.facts = Facts("run-2", date(2026, 10, 1), caps=(cap(),))
    world.later(seconds=30)
    world.tick()
    assert world.told == [] and any("enforcement_failed:litellm:key:gone".startswith(one) for one in world.judged)


def test_a_missing_key_is_told_with_the_amount_that_is_known_and_never_with_zero(world: World) -> None:
    windows = [{"window": "daily", "amount": "1.00"}, {"window": "weekly", "amount": "5.00"}]
    world.caps = (Cap.model_validate({"cap_id": "per-key", "subject": "key", "ids": ["gone"], "windows": windows}),)
    gone = [cap(None, subject_id="gone"), cap("5.00", subject_id="gone", window="weekly")]
    world.facts = Facts("run", date(2026, 10, 1), caps=tuple(gone))
    world.tick()
    (told,) = [one for one in world.told if one.kind == "enforcement_failed"]
    assert told.amount == Decimal("5.00")
    assert "hold the weekly cap of 5.00 USD" in told.title


def test_an_entity_that_cannot_be_read_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.gateway.add("key:broken")
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap(subject_id="broken"), cap()))
    observe = world.gateway.observe

    def observed(entity: str) -> Any:
        if entity == "key:broken":
            raise SchemaDrift("litellm", "key:broken: its limits are no list")
        return observe(entity)

    monkeypatch.setattr(world.gateway, "observe", observed)
    world.spend("1.00")
    result = world.tick()
    assert world.is_blocked
    assert result.faults == ["litellm: key:broken: its limits are no list"]


def breaker(state: str, before: str = "closed") -> BreakerState:
    return BreakerState("p", state, before, NOW - timedelta(hours=6), "breached 2 times in a row", "e1", "v1")


def breaker_facts(state: str) -> Facts:
    return Facts("run", date(2026, 10, 1), breakers=(breaker(state),), keys_of_product={"p": ("hash-1",)})


def test_a_margin_breaker_downgrades_throttles_blocks_probes_and_gives_everything_back(world: World) -> None:
    world.config = world.config.model_copy(update={"downgrades": {"flagship": "economy"}})
    world.gateway.add(KEY, requests_per_minute=600)
    seen = []
    for state in ("degraded", "throttled", "open", "cool_down", "half_open", "closed"):
        world.facts = breaker_facts(state)
        world.tick()
        values = world.gateway.values[KEY]
        seen.append((state, values["aliases"], values["requests_per_minute"], values["is_blocked"]))
        world.later(minutes=2)
    down = {"flagship": "economy"}
    assert seen == [
        ("degraded", down, 600, False),
        ("throttled", down, 5, False),
        ("open", down, 600, True),
        ("cool_down", down, 600, True),
        ("half_open", down, 5, False),
        ("closed", {}, 600, False),
    ]
    assert "breaker_changed:p" in world.judged and world.kinds() == set()


def test_a_breaker_that_only_alerts_tells_and_writes_nothing(world: World) -> None:
    world.policy = Policy(breaker_mode="alert")
    world.facts = breaker_facts("open")
    world.tick()
    assert world.gateway.writes == 0 and world.kinds() == {"breaker_changed"}


def test_actions_that_a_guardrail_does_not_allow_are_replaced_by_the_harshest_milder_one(world: World) -> None:
    guardrail = SimpleNamespace(actions=("downgrade", "throttle"))
    world.initiatives = (SimpleNamespace(product_id="p", guardrail=guardrail),)
    world.facts = breaker_facts("open")
    world.tick()
    assert world.gateway.values[KEY]["requests_per_minute"] == 5 and not world.is_blocked


def test_a_closed_breaker_lifts_no_refusal_of_a_cap_while_the_feed_is_stale(world: World) -> None:
    world.spend("1.00")
    world.tick()
    world.log.fault = TransientFailure("litellm", "away")
    world.facts = replace(breaker_facts("closed"), caps=(cap(),))
    world.now = datetime(2026, 10, 3, 0, 10, tzinfo=UTC)
    world.tick()
    assert world.is_blocked


def test_a_removed_cap_gives_back_the_limit_and_the_refusal_ends_at_its_reset_instant(world: World) -> None:
    world.gateway.values[KEY]["limits"] = (Limit("monthly", Decimal(70)),)
    world.spend("1.00")
    world.tick()
    assert world.is_blocked
    world.facts = Facts("run-2", date(2026, 10, 1))
    world.later(seconds=45)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("monthly", Decimal(70)),) and world.is_blocked
    world.now = datetime(2026, 10, 3, 0, 0, 40, tzinfo=UTC)
    world.tick()
    assert not world.is_blocked and world.gateway.stamps[KEY] is None
    writes = world.gateway.writes
    world.later(seconds=45)
    world.tick()
    assert world.gateway.writes == writes


def test_a_removed_cap_takes_back_nothing_that_a_person_set(world: World) -> None:
    world.tick()
    world.gateway.values[KEY]["limits"] = (Limit("daily", Decimal("0.25")),)
    world.facts = Facts("run-2", date(2026, 10, 1))
    world.later(seconds=45)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal("0.25")),)


def test_a_raised_limit_stays_and_is_told_in_dollars_per_window(world: World) -> None:
    world.tick()
    world.gateway.values[KEY]["limits"] = (Limit("daily", Decimal("99.5")),)
    world.later(seconds=45)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal("99.5")),)
    (drift,) = [alert for alert in world.told if alert.kind == "enforcement_drift"]
    told = f"{drift.title} {drift.details}"
    assert "99.5 USD daily" in told and "Decimal(" not in told


@pytest.mark.parametrize(
    "facts",
    [
        Facts(None, None, missing=("nothing is published yet; run tokenomics run first",)),
        Facts("run-2", date(2026, 10, 1), absent=frozenset({"guardrail_caps"})),
        Facts("run-2", date(2026, 10, 1), caps=(cap(None),)),
        Facts("run-2", date(2026, 10, 1), caps=(cap(subject_id=None, id_pattern="^hash-.*$"),)),
        Facts("run-2", date(2026, 10, 1), caps=(cap(subject="developer", subject_id="ann"),)),
    ],
    ids=["nothing published", "caps not published", "no rate", "idle key of a pattern", "idle key of a developer"],
)
def test_nothing_is_given_back_because_something_is_not_known(world: World, facts: Facts) -> None:
    world.tick()
    (world.home / "enforcement" / "live.sqlite").unlink()
    world.facts = facts
    world.later(seconds=45)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal(1)),)


@pytest.mark.parametrize("is_capped", [False, True])
def test_a_breaker_that_only_tells_now_gives_back_what_it_wrote(world: World, is_capped: bool) -> None:
    world.gateway.values[KEY]["requests_per_minute"] = 600
    world.facts = replace(breaker_facts("throttled"), caps=(cap(),) if is_capped else ())
    world.tick()
    assert world.gateway.values[KEY]["requests_per_minute"] == 5
    world.policy = Policy(breaker_mode="alert")
    world.later(minutes=2)
    world.tick()
    assert world.gateway.values[KEY]["requests_per_minute"] == 600
    assert (world.gateway.values[KEY]["limits"] != ()) == is_capped


def test_an_open_breaker_holds_a_key_that_is_refused_so_long_that_it_shows_no_use(world: World) -> None:
    world.facts = breaker_facts("open")
    world.tick()
    world.facts = replace(world.facts, keys_of_product={})
    world.later(minutes=2)
    world.tick()
    assert world.is_blocked
    world.facts = replace(breaker_facts("closed"), keys_of_product={})
    world.later(minutes=2)
    world.tick()
    assert not world.is_blocked


def test_what_was_given_back_is_a_persons_again_and_may_be_made_stricter_anew(world: World) -> None:
    world.gateway.values[KEY]["requests_per_minute"] = 600
    for state in ("throttled", "closed"):
        world.facts = breaker_facts(state)
        world.tick()
        world.later(minutes=2)
    world.gateway.values[KEY]["requests_per_minute"] = 900
    world.tick()
    assert world.kinds() == set()
    world.facts = breaker_facts("throttled")
    world.later(minutes=2)
    world.tick()
    assert world.gateway.values[KEY]["requests_per_minute"] == 5
    world.facts = breaker_facts("closed")
    world.later(minutes=2)
    world.tick()
    assert world.gateway.values[KEY]["requests_per_minute"] == 900


def test_a_counter_that_began_again_at_the_gateways_midnight_gets_the_rest_of_the_cap(world: World) -> None:
    """A cap of 10 a day in New York: 4 are spent by 20:00 there, when the gateway's day of UTC begins again at nothing. What may
    still be spent is 5.50 (half a dollar is kept for the request in flight), so that is its limit.
    """
    world.now = datetime(2026, 10, 2, 23, 50, tzinfo=UTC)
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap("10.00", headroom_usd=None, time_zone="America/New_York"),))
    world.spend("4.00")
    world.gateway.spent[KEY] = {"daily": Decimal(4)}
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal("9.5")),)
    world.later(minutes=15)
    world.gateway.spent[KEY] = {"daily": Decimal(0)}
    world.tick()
    world.later(seconds=45)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal("5.5")),)
    world.now = datetime(2026, 10, 3, 4, 1, tzinfo=UTC)
    world.tick()
    assert world.gateway.values[KEY]["limits"] == (Limit("daily", Decimal("9.5")),)


def test_a_cap_that_may_not_be_written_is_not_said_to_refuse(world: World) -> None:
    world.config = world.config.model_copy(update={"apply": False})
    world.spend("1.00")
    world.tick()
    (told,) = [alert for alert in world.told if alert.kind == "cap_reached"]
    assert "not seen to refuse" in told.title and told.severity == "critical"
    world.config = world.config.model_copy(update={"apply": True})
    world.later(seconds=45)
    world.tick()
    (told,) = [alert for alert in world.told if alert.kind == "cap_reached"]
    assert "further requests are refused" in told.title


def test_four_fifths_of_a_cap_are_told_before_it_refuses(world: World) -> None:
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap("5.00"),))
    world.spend("4.00")
    world.tick()
    assert world.kinds() == {"cap_warned"} and not world.is_blocked
    assert "requests are refused from there on" in world.told[0].title


@pytest.mark.parametrize("raised_by_hand", [False, True])
def test_a_warned_cap_that_the_gateway_does_not_hold_is_not_said_to_refuse(world: World, raised_by_hand: bool) -> None:
    world.facts = Facts("run", date(2026, 10, 1), caps=(cap("5.00"),))
    if raised_by_hand:
        world.tick()
        world.gateway.values[KEY]["limits"] = (Limit("daily", Decimal(500)),)
        world.later(seconds=45)
    world.spend("4.00")
    world.tick(apply=raised_by_hand)
    (told,) = [alert for alert in world.told if alert.kind == "cap_warned"]
    remedy = "set it back there" if raised_by_hand else "carry it out with tokenomics enforce --apply"
    assert f"not seen to hold it, so it refuses nothing there; {remedy}" in told.title
