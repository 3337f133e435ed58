"""Plan, apply, settle and revert at a gateway in memory: whose fields are whose, and what every kill leaves."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from orchestration.enforcement.apply import ApplyIsOff, apply_plan, settle
from orchestration.enforcement.plan import Plan, plan
from orchestration.enforcement.port import Capabilities, Desired, Limit, Stamp
from orchestration.enforcement.receipts import Receipts, ReceiptsDamaged
from orchestration.enforcement.revert import plan_revert
from orchestration.landing.errors import TransientFailure
from orchestration.lock import HomeIsBusy
from orchestration.registry.guardrails import AdapterConfig
from tests.enforcement.fake_gateway import FakeGateway, Killed, daily

KEY = "key:" + "a" * 64


def config(**more):
    return AdapterConfig(**{"name": "litellm", "apply": True, "entities": ["key:*", "team:*"], **more})


def wish(entity=KEY, policy="caps", reason="cap of 5 USD a day", **values):
    return Desired("litellm", entity, values, policy, reason, "evidence-1", "v1")


class Home:
    """One home with one gateway: a tick as the enforcement command does it."""

    def __init__(self, tmp_path, gateway, **settings):
        self.gateway, self.receipts, self.config = gateway, Receipts(tmp_path), config(**settings)

    def plan(self, *wishes) -> Plan:
        actions = settle(self.receipts.read(), self.gateway, self.gateway.now, self.receipts)
        entities = {one.entity for one in wishes}
        observed = {entity: self.gateway.observe(entity) for entity in entities}
        able = {entity.partition(":")[0]: self.gateway.able for entity in entities}
        return plan(self.config, wishes, observed, able, actions)

    def tick(self, *wishes):
        with self.receipts.alone():
            return self._apply(self.plan(*wishes))

    def revert(self, *entities):
        with self.receipts.alone():
            actions = settle(self.receipts.read(), self.gateway, self.gateway.now, self.receipts)
            observed = {entity: self.gateway.observe(entity) for entity in entities}
            able = {entity.partition(":")[0]: self.gateway.able for entity in entities}
            made = plan_revert(self.config, entities, observed, able, actions, "asked for")
            self._apply(made)
            return made

    def _apply(self, made):
        clock = lambda: self.gateway.now  # noqa: E731
        return apply_plan(made, self.gateway, self.receipts, self.config, run_id="run-1", now=clock)


@pytest.fixture(params=[True, False], ids=["stamped", "by receipts"])
def home(request, tmp_path):
    gateway = FakeGateway()
    gateway.able = Capabilities(gateway.able.writable, gateway.able.windows, 2, holds_stamp=request.param)
    gateway.add(KEY)
    return Home(tmp_path, gateway)


def test_a_cap_is_written_once_and_the_second_apply_writes_nothing(home):
    (done,) = home.tick(wish(limits=daily("5")))
    assert (done.outcome, done.action, done.before, done.after) == (
        "verified",
        "cap",
        {"limits": ()},
        {"limits": daily("5")},
    )
    assert home.tick(wish(limits=daily("5"))) == ()
    assert home.gateway.writes == 1


def test_an_own_cap_may_be_raised_again_and_what_a_person_raised_after_us_stays(home):
    home.tick(wish(limits=daily("5")))
    home.tick(wish(limits=daily("8")))
    assert home.gateway.values[KEY]["limits"] == daily("8")
    home.gateway.values[KEY]["limits"] = daily("50")
    (hold,) = home.plan(wish(limits=daily("5"))).holds
    assert (hold.kind, hold.field) == ("drift", "limits")
    assert home.tick(wish(limits=daily("5"))) == ()


def test_what_a_person_made_stricter_stays_also_where_drift_is_written_again(home):
    home.config = config(on_drift="reapply")
    home.tick(wish(limits=daily("5")))
    home.gateway.values[KEY]["limits"] = daily("2")
    assert [hold.kind for hold in home.plan(wish(limits=daily("5"))).holds] == ["drift"]
    home.gateway.values[KEY]["limits"] = daily("50")
    home.tick(wish(limits=daily("5")))
    assert home.gateway.values[KEY]["limits"] == daily("5")


def test_a_field_of_a_person_is_only_made_stricter_and_never_looser_than_it_was(home):
    home.gateway.add(KEY, limits=daily("3"), requests_per_minute=100)
    held = home.plan(wish(limits=daily("5"), requests_per_minute=None))
    assert [(hold.field, hold.kind) for hold in held.holds] == [("limits", "person"), ("requests_per_minute", "person")]
    home.tick(wish(limits=daily("1"), requests_per_minute=5))
    home.tick(wish(limits=daily("9"), requests_per_minute=None))
    assert home.gateway.values[KEY]["limits"] == daily("3")
    assert home.gateway.values[KEY]["requests_per_minute"] == 100


def test_limits_of_other_windows_are_kept_beside_ours(home):
    monthly = Limit("monthly", Decimal(70))
    home.gateway.add(KEY, limits=(monthly,))
    home.tick(wish(limits=daily("5")))
    assert home.gateway.values[KEY]["limits"] == (*daily("5"), monthly)
    home.revert(KEY)
    assert home.gateway.values[KEY]["limits"] == (monthly,)


def test_blocks_come_before_limits_written_ahead_and_what_loosens_comes_last(home):
    keys = [home.gateway.add(f"key:{name}") for name in "abcd"]
    home.tick(wish(keys[0], limits=daily("5")))
    made = home.plan(
        wish(keys[0], limits=daily("8")),
        wish(keys[1], limits=daily("5")),
        wish(keys[2], limits=daily("5")),
        wish(keys[3], limits=daily("5"), is_blocked=True),
    )
    assert [one.observed.entity for one in made.changes] == [keys[3], keys[1], keys[2], keys[0]]


def test_what_was_refused_is_tried_again_after_all_else_and_in_turn(home):
    keys = [home.gateway.add(f"key:{name}") for name in "abcd"]
    home.gateway.refused = set(keys[:3])
    home.config = config(max_changes=2)
    tried = []
    for _ in range(4):
        tried.append([one.entity[-1] for one in home.tick(*(wish(one, is_blocked=True) for one in keys))])
        home.gateway.now += timedelta(seconds=30)
    assert tried == [["a", "b"], ["c", "d"], ["a", "b"], ["c", "a"]]


def test_a_revert_that_was_refused_holds_up_no_other(home):
    keys = [home.gateway.add(f"key:{name}") for name in "abc"]
    home.tick(*(wish(one, is_blocked=True) for one in keys))
    home.gateway.refused = {keys[0]}
    home.config = config(max_changes=1)
    tried = []
    for _ in range(3):
        made = home.revert(*keys)
        tried.append([one.observed.entity[-1] for one in made.changes])
        home.gateway.now += timedelta(seconds=30)
    assert tried == [["a"], ["b"], ["c"]]


def test_a_key_blocked_by_hand_is_never_touched(home):
    home.gateway.add(KEY, is_blocked=True)
    made = home.plan(wish(is_blocked=False, limits=daily("1")))
    assert (made.changes, [hold.kind for hold in made.holds]) == ((), ["person"])


def test_a_key_that_we_blocked_and_a_person_unblocked_stays_unblocked(home):
    home.tick(wish(is_blocked=True))
    home.gateway.values[KEY]["is_blocked"] = False
    assert [hold.kind for hold in home.plan(wish(is_blocked=True)).holds] == ["drift"]


def test_revert_restores_the_exact_prior_values_and_leaves_what_was_changed_since(home):
    prior = {"limits": daily("20"), "requests_per_minute": 60, "aliases": {"a": "b"}}
    home.gateway.add(KEY, **prior)
    home.tick(wish(limits=daily("5"), requests_per_minute=5, aliases={"big": "small"}, is_blocked=True))
    home.gateway.values[KEY]["requests_per_minute"] = 7
    made = home.revert(KEY)
    assert [(hold.field, hold.kind) for hold in made.holds] == [("requests_per_minute", "drift")]
    assert home.gateway.values[KEY] == {
        "limits": daily("20"),
        "requests_per_minute": 7,
        "aliases": {"a": "b"},
        "allowed_models": None,
        "is_blocked": False,
    }
    assert home.gateway.stamps.get(KEY) is None
    assert home.revert(KEY).changes == ()


def test_several_policies_become_the_strictest_of_them(home):
    home.tick(
        wish(limits=daily("5")), wish(policy="breaker", reason="margin breached", limits=daily("9"), is_blocked=True)
    )
    assert home.gateway.values[KEY]["limits"] == daily("5")
    assert home.receipts.read()[0].policy == "breaker+caps"


def test_nothing_beyond_the_allow_list_or_the_limit_of_changes(home):
    for letter in "bcd":
        home.gateway.add(f"key:{letter * 64}")
    home.config = config(entities=["key:b*", "key:c*", "key:d*"], max_changes=2)
    wishes = [wish(f"key:{letter * 64}", limits=daily("5")) for letter in "abcd"]
    made = home.plan(*wishes)
    assert [change.observed.entity[4] for change in made.changes] == ["b", "c"]
    assert [(hold.entity[4], hold.kind) for hold in made.holds] == [("a", "not_allowed"), ("d", "over_max_changes")]


def test_what_tightens_goes_before_what_loosens(home):
    other = home.gateway.add("key:" + "b" * 64)
    home.tick(wish(limits=daily("5")))
    home.config = config(max_changes=1)
    made = home.plan(wish(limits=daily("9")), wish(other, limits=daily("1")))
    assert [change.observed.entity for change in made.changes] == [other]


def test_without_the_switch_of_the_adapter_nothing_is_written(home):
    home.config = config(apply=False)
    with pytest.raises(ApplyIsOff, match="apply is false"):
        home.tick(wish(limits=daily("5")))
    assert (home.gateway.writes, home.receipts.read()) == (0, ())


def test_what_an_adapter_cannot_do_is_an_error_of_the_plan(home):
    home.gateway.able = Capabilities(frozenset({"limits"}), frozenset({"daily"}), 1)
    made = home.plan(wish(aliases={"a": "b"}, limits=(Limit("weekly", Decimal(3)),)))
    assert [(hold.field, hold.kind) for hold in made.errors] == [("aliases", "unsupported"), ("limits", "unsupported")]
    assert made.changes == ()


def test_an_empty_list_of_models_is_never_written(home):
    home.gateway.add(KEY, allowed_models=("flagship",))
    made = home.plan(wish(allowed_models=("economy",)))
    assert (made.changes, [hold.kind for hold in made.holds]) == ((), ["unsupported"])


def test_a_raw_key_is_no_entity_and_stands_in_no_message(home):
    with pytest.raises(ValueError) as caught:
        plan(config(), [wish("key:sk-secret")], {"key:sk-secret": home.gateway.observe("key:sk-secret")}, {}, [])
    assert "sk-secret" not in str(caught.value)


def test_an_unknown_entity_is_told(home):
    assert [hold.kind for hold in home.plan(wish("key:" + "f" * 64, limits=daily("5"))).holds] == ["not_found"]


def test_a_change_stays_pending_while_traffic_may_not_see_it(home):
    able = home.gateway.able
    home.gateway.able = Capabilities(able.writable, able.windows, 2, able.holds_stamp, seen_within_seconds=60)
    (done,) = home.tick(wish(limits=daily("5")))
    assert done.outcome == "pending"
    home.gateway.now += timedelta(seconds=59)
    assert home.tick(wish(limits=daily("5"))) == ()
    assert home.receipts.read()[0].outcome == "pending"
    home.gateway.now += timedelta(seconds=1)
    home.tick(wish(limits=daily("5")))
    (done,) = home.receipts.read()
    assert (done.outcome, done.verified_at - done.applied_at) == ("verified", timedelta(seconds=60))
    assert home.gateway.writes == 1


def test_a_pending_change_that_is_gone_later_is_drift(home):
    able = home.gateway.able
    home.gateway.able = Capabilities(able.writable, able.windows, 2, able.holds_stamp, seen_within_seconds=60)
    home.tick(wish(limits=daily("5")))
    home.gateway.values[KEY]["limits"] = ()
    assert [hold.kind for hold in home.plan(wish(limits=daily("5"))).holds] == ["drift"]
    assert home.receipts.read()[0].outcome == "drifted"


def test_a_lost_answer_is_looked_up_and_not_sent_again(home):
    home.gateway.loses_answers = True
    (done,) = home.tick(wish(limits=daily("5")))
    assert (done.outcome, home.gateway.writes) == ("verified", 1)


def test_what_a_person_changed_between_plan_and_apply_is_not_overwritten(home):
    made = home.plan(wish(limits=daily("5")))
    home.gateway.values[KEY]["limits"] = daily("1")
    (done,) = home._apply(made)
    assert (done.outcome, home.gateway.writes) == ("abandoned", 0)


def test_an_entity_that_cannot_be_read_before_its_write_has_a_receipt_and_holds_up_no_other(home, monkeypatch):
    other = home.gateway.add("key:hash-2")
    made = home.plan(wish(limits=daily("5")), wish(other, limits=daily("5")))
    readable = home.gateway.observe

    def observe(entity):
        if entity == KEY:
            raise TransientFailure("litellm", "no answer")
        return readable(entity)

    monkeypatch.setattr(home.gateway, "observe", observe)
    lost, done = home._apply(made)
    assert (lost.entity, lost.outcome, done.outcome, home.gateway.writes) == (KEY, "abandoned", "verified", 1)
    assert [one.outcome for one in home.receipts.read()] == ["abandoned", "verified"]


@pytest.mark.parametrize(
    ("step", "outcome", "writes"),
    [("stamp", "abandoned", 2), ("requests_per_minute", "abandoned", 2), ("answer", "verified", 1)],
)
def test_a_kill_at_any_step_is_reconciled_by_the_next_tick(home, step, outcome, writes):
    """Killed before the first request, between two, and before the answer: the receipt says planned each time."""

    def die(at):
        if at == step:
            raise Killed

    home.gateway.is_stepwise, home.gateway.before_step = True, die
    with pytest.raises(Killed):
        home.tick(wish(limits=daily("5"), requests_per_minute=5))
    assert [one.outcome for one in home.receipts.read()] == ["planned"]
    home.gateway.before_step = lambda _: None
    home.tick(wish(limits=daily("5"), requests_per_minute=5))
    assert home.receipts.read()[0].outcome == outcome
    assert home.gateway.values[KEY]["limits"] == daily("5")
    assert home.gateway.values[KEY]["requests_per_minute"] == 5
    assert home.gateway.writes == writes
    home.revert(KEY)
    assert home.gateway.values[KEY]["limits"] == ()
    assert home.gateway.values[KEY]["requests_per_minute"] is None


def test_what_a_stamp_claims_and_was_never_written_is_not_ours_however_often_we_are_killed(tmp_path):
    """Two kills in a row: the rate that the first cut short is still known as ours, and reverts; an alias that a person then
    sets to the value of the stamp is the person's.
    """
    gateway = FakeGateway(is_stepwise=True)
    gateway.add(KEY)
    home = Home(tmp_path, gateway)
    home.tick(wish(requests_per_minute=1))

    def die(step):
        def at(now):
            if now == step:
                raise Killed

        return at

    for step, wanted in (
        ("requests_per_minute", {"is_blocked": True, "requests_per_minute": None}),
        ("stamp", {"is_blocked": False}),
        ("aliases", {"is_blocked": False, "aliases": {"a": "c"}}),
    ):
        gateway.before_step = die(step)
        with pytest.raises(Killed):
            home.tick(wish(**wanted))
        gateway.before_step = lambda _: None
    home.plan()
    gateway.values[KEY]["aliases"] = {"a": "c"}
    home.tick(wish(aliases={}))
    assert gateway.values[KEY]["aliases"] == {"a": "c"}
    home.revert(KEY)
    assert gateway.values[KEY]["requests_per_minute"] is None
    assert gateway.values[KEY]["is_blocked"] is False


def test_a_torn_last_line_is_healed_and_other_damage_is_an_error(home):
    home.tick(wish(limits=daily("5")))
    with home.receipts.path.open("ab") as file:
        file.write(b'{"action_id": "torn')
    assert len(home.receipts.read()) == 1
    home.tick(wish(limits=daily("6")))
    assert [one.outcome for one in home.receipts.read()] == ["verified", "verified"]
    lines = home.receipts.path.read_bytes().splitlines()
    home.receipts.path.write_bytes(b"\n".join([lines[0], b"{}", *lines[1:], b""]))
    with pytest.raises(ReceiptsDamaged, match=r"receipts\.jsonl:2"):
        home.receipts.read()


def test_one_apply_at_a_time_in_a_home(home):
    with home.receipts.alone(), pytest.raises(HomeIsBusy), Receipts(home.receipts.path.parents[2]).alone():
        pass


def test_a_lost_stamp_makes_nothing_ours(tmp_path):
    gateway = FakeGateway()
    gateway.add(KEY)
    home = Home(tmp_path, gateway)
    home.tick(wish(limits=daily("5")))
    gateway.stamps[KEY] = None
    made = home.plan(wish(limits=daily("9")))
    assert (made.changes, [hold.kind for hold in made.holds]) == ((), ["drift", "person"])


def test_receipts_say_what_why_and_by_which_run(home):
    home.tick(wish(limits=daily("5")))
    events = [json.loads(line) for line in home.receipts.path.read_text().splitlines()]
    assert [event["event"] for event in events] == ["planned", "applied", "verified"]
    assert {
        name: events[0][name] for name in ("run_id", "entity", "policy", "reason", "evidence_id", "before", "after")
    } == {
        "run_id": "run-1",
        "entity": KEY,
        "policy": "caps",
        "reason": "cap of 5 USD a day",
        "evidence_id": "evidence-1",
        "before": {"limits": []},
        "after": {"limits": [{"window": "daily", "amount": "5"}]},
    }


def test_a_stamp_of_another_policy_version_is_still_ours(tmp_path):
    gateway = FakeGateway()
    gateway.add(KEY, limits=daily("5"))
    gateway.stamps[KEY] = Stamp("caps", "v0", {"limits": ()}, {"limits": daily("5")})
    home = Home(tmp_path, gateway)
    home.tick(wish(limits=daily("9")))
    assert gateway.values[KEY]["limits"] == daily("9")
