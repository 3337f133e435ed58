"""The LiteLLM adapter at a real proxy: each trap that was measured, and whole stories from decision to refusal.

About a minute with the kit installed. What takes the proxy's own minute is in test_real_litellm_delays.py.
"""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from orchestration.enforcement.apply import apply_plan, settle
from orchestration.enforcement.plan import plan
from orchestration.enforcement.port import Desired, Limit, Unsupported, kind_of
from orchestration.enforcement.receipts import Receipts
from orchestration.enforcement.revert import plan_revert
from orchestration.landing.errors import PermanentFailure
from orchestration.policy.circuit_breaker import Breaker, BreakerLimits, MarginReading, decide_breaker
from orchestration.registry.guardrails import AdapterConfig
from tests.enforcement.gateway_kit import (
    ECONOMY_CALL,
    FLAGSHIP_CALL,
    MASTER_KEY,
    Proxy,
    running_proxy,
    shown,
    wait_for,
)

ROOT = Path(__file__).parents[2]
CONFIG = AdapterConfig(name="litellm", apply=True, entities=["key:*", "team:*"])
SETTINGS = (
    "max_budget",
    "budget_duration",
    "budget_limits",
    "rpm_limit",
    "tpm_limit",
    "models",
    "aliases",
    "metadata",
    "max_parallel_requests",
)


@pytest.fixture(scope="module")
def proxy():
    with running_proxy() as started:
        yield started


@pytest.fixture
def home(tmp_path, proxy):
    with proxy.adapter() as gateway:
        yield Home(tmp_path, gateway)


class Home:
    """One home that enforces at the proxy, as the enforcement command does it."""

    def __init__(self, folder, gateway):
        self.folder, self.gateway, self.receipts = folder, gateway, Receipts(folder)

    def plan(self, *wishes):
        actions = settle(self.receipts.read(), self.gateway, datetime.now(UTC), self.receipts)
        observed = {one.entity: self.gateway.observe(one.entity) for one in wishes}
        able = {kind_of(one.entity): self.gateway.capabilities(kind_of(one.entity)) for one in wishes}
        return plan(CONFIG, wishes, observed, able, actions)

    def tick(self, entity, **values):
        with self.receipts.alone():
            return self._apply(self.plan(wish(entity, **values)))

    def revert(self, entity):
        with self.receipts.alone():
            actions = settle(self.receipts.read(), self.gateway, datetime.now(UTC), self.receipts)
            able = {kind_of(entity): self.gateway.capabilities(kind_of(entity))}
            made = plan_revert(CONFIG, [entity], {entity: self.gateway.observe(entity)}, able, actions, "asked for")
            self._apply(made)
            return made

    def _apply(self, made):
        return apply_plan(made, self.gateway, self.receipts, CONFIG, run_id="run-1", now=lambda: datetime.now(UTC))


def wish(entity, **values):
    return Desired("litellm", entity, values, "caps", "cap of the policy", "evidence-1", "v1")


def daily(amount):
    return (Limit("daily", Decimal(amount)),)


def settings(proxy, entity):
    found = {name: proxy.info(entity).get(name) for name in SETTINGS}
    for one in found["budget_limits"] or []:
        one.pop("reset_at", None)
    return shown(found)


def is_refused(answer):
    return answer.error_type == "budget_exceeded"


def test_capabilities_are_asked_of_the_proxy(proxy, home):
    notes = home.gateway.capabilities("key").notes
    assert notes[0] == "LiteLLM 1.106.2, without a licence"
    assert home.gateway.capabilities("key").seen_within_seconds == 60
    assert "aliases" not in home.gateway.capabilities("team").writable
    assert home.gateway.capabilities("project").writable == frozenset()


def test_what_needs_a_licence_is_refused_there_and_never_used(proxy):
    _, entity = proxy.key()
    budget = {"flagship": {"budget_limit": 1, "time_period": "1d"}}
    with pytest.raises(requests.HTTPError, match="400"):
        proxy.post("/key/update", key=entity[4:], model_max_budget=budget)


def test_a_key_runs_past_its_cap_and_is_refused(proxy, home):
    """A cap of 5 cents: two flagship calls of 2.7 cents pass it; the third is refused."""
    key, entity = proxy.key()
    (done,) = home.tick(entity, limits=daily("0.05"))
    assert (done.outcome, done.action) == ("pending", "cap")
    answers = [proxy.call(key) for _ in range(2)]
    assert [one.cost for one in answers] == [pytest.approx(FLAGSHIP_CALL)] * 2
    assert wait_for(lambda: is_refused(proxy.call(key)))
    assert home.gateway.observe(entity).spend_in_window["daily"] >= Decimal("0.05")
    assert home.tick(entity, limits=daily("0.05")) == (), "a second apply writes nothing"


def test_a_change_is_verified_again_when_every_cache_must_have_seen_it(proxy, home):
    _, entity = proxy.key()
    home.tick(entity, limits=daily("5"))
    (late,) = settle(home.receipts.read(), home.gateway, datetime.now(UTC) + timedelta(seconds=60))
    assert late.outcome == "verified"


def test_raising_max_budget_alone_changes_nothing_so_both_are_written(proxy, home):
    key, entity = proxy.key(
        max_budget=0.01, budget_duration="1d", budget_limits=[{"budget_duration": "1d", "max_budget": 0.01}]
    )
    home.tick(entity, limits=daily("0.01"))
    assert proxy.call(key).status == 200
    assert wait_for(lambda: is_refused(proxy.call(key)))
    proxy.post("/key/update", key=entity[4:], max_budget=5)
    assert is_refused(proxy.call(key)), "the proxy said 200, and the window still refuses"
    proxy.post("/key/update", key=entity[4:], max_budget=0.01)
    observed = home.gateway.observe(entity)
    home.gateway.write(observed, {"limits": daily("5")}, None)
    assert proxy.call(key).status == 200
    found = proxy.info(entity)
    assert (found["max_budget"], found["budget_limits"][0]["max_budget"]) == (5.0, 5.0)


def test_several_windows_hold_at_once(proxy, home):
    _, entity = proxy.key()
    wanted = (Limit("daily", Decimal("1.5")), Limit("monthly", Decimal(20)), Limit("weekly", Decimal(6)))
    home.tick(entity, limits=wanted)
    assert home.gateway.observe(entity).values["limits"] == wanted
    found = proxy.info(entity)
    assert (found["max_budget"], found["budget_duration"]) == (None, None)
    home.tick(entity, limits=(Limit("daily", Decimal(1)), *wanted[1:]))
    assert home.gateway.observe(entity).values["limits"][0] == Limit("daily", Decimal(1))


def test_adding_budget_duration_counts_old_spend_and_so_is_never_done(proxy, home):
    """The proxy's own way refuses at once; ours counts the window from its log, and the plan says what will happen."""
    key, entity = proxy.key()
    assert proxy.call(key).status == 200
    assert wait_for(lambda: home.gateway.observe(entity).spend_in_window["total"] > 0)
    made = home.plan(wish(entity, limits=daily("0.02")))
    assert "may refuse at once" in made.changes[0].notes[0]
    home.tick(entity, limits=daily("5"))
    assert proxy.info(entity)["budget_duration"] is None
    assert proxy.call(key).status == 200
    assert "refuses at once: 0.0" in home.plan(wish(entity, limits=daily("0.02"))).changes[0].notes[0]
    home.tick(entity, limits=daily("0.02"))
    assert is_refused(proxy.call(key))
    other, other_entity = proxy.key()
    assert proxy.call(other).status == 200
    assert wait_for(lambda: proxy.info(other_entity)["spend"] > 0)
    proxy.post("/key/update", key=other_entity[4:], max_budget=0.02, budget_duration="1d")
    assert is_refused(proxy.call(other))


def test_metadata_of_others_survives_the_stamp(proxy, home):
    """A plain write of metadata deletes what lives there; ours keeps it, secrets of callbacks in their sealed form too."""
    _, entity = proxy.key(metadata={"cost_center": "4711", "share": 0.1})
    sealed = {
        "callback_name": "langfuse",
        "callback_type": "success",
        "callback_vars": {"langfuse_secret_key": "sk-lf-1"},
    }
    proxy.post("/key/update", key=entity[4:], metadata={"cost_center": "4711", "share": 0.1, "logging": [sealed]})
    proxy.post(
        "/key/update",
        key=entity[4:],
        throttle_on_budget_exceeded=True,
        temp_budget_increase=3,
        temp_budget_expiry="2027-01-01T00:00:00",
        model_rpm_limit={"economy": 7},
    )
    before = proxy.info(entity)["metadata"]
    assert before["throttle_on_budget_exceeded"] is True
    home.tick(entity, limits=daily("5"))
    stamped = proxy.info(entity)["metadata"]
    assert stamped.pop("tokenomics")["after"] == {"limits": [{"window": "daily", "amount": "5"}]}
    assert stamped == before
    home.revert(entity)
    assert proxy.info(entity)["metadata"] == before
    proxy.post("/key/update", key=entity[4:], metadata={"cost_center": "4711"})
    assert "throttle_on_budget_exceeded" not in proxy.info(entity)["metadata"], "what a plain write does"


def test_a_downgrade_is_alias_and_list_and_the_next_call_is_served_by_the_cheaper_model(proxy, home):
    key, entity = proxy.key()
    home.tick(entity, aliases={"flagship": "economy"}, allowed_models=("economy", "flagship"))
    answer = proxy.call(key)
    assert (answer.status, answer.cost) == (200, pytest.approx(ECONOMY_CALL))
    assert proxy.served()[-1]["model"] == "fake-economy"
    assert answer.body["model"] == "flagship", "the answer still names what was asked for"
    assert proxy.call(key, "standard").status == 403
    home.revert(entity)
    assert proxy.call(key).cost == pytest.approx(FLAGSHIP_CALL)
    assert proxy.call(key, "standard").status == 200


def test_a_downgrade_list_without_the_asked_name_serves_it_by_its_alias(proxy, home):
    key, entity = proxy.key()
    home.tick(entity, aliases={"flagship": "economy"}, allowed_models=("economy",))
    assert [proxy.call(key).status, proxy.call(key, "economy").status, proxy.call(key, "standard").status] == [
        200,
        200,
        403,
    ]


def test_a_rate_limit_throttles_the_next_calls(proxy, home):
    key, entity = proxy.key()
    home.tick(entity, requests_per_minute=1)
    statuses = [proxy.call(key, "economy") for _ in range(3)]
    assert (statuses[-1].status, statuses[-1].error_type) == (429, "throttling_error")


def test_a_block_by_token_hash_refuses_the_next_call_and_its_end_lets_it_pass(proxy, home):
    key, entity = proxy.key()
    assert proxy.call(key, "economy").status == 200
    home.tick(entity, is_blocked=True)
    assert proxy.call(key, "economy").status == 401
    home.tick(entity, is_blocked=False)
    assert proxy.call(key, "economy").status == 200


def test_a_key_blocked_by_hand_is_never_touched(proxy, home):
    key, entity = proxy.key()
    proxy.post("/key/block", key=key)
    before = settings(proxy, entity)
    assert home.tick(entity, is_blocked=False, limits=daily("1"), aliases={"flagship": "economy"}) == ()
    assert (settings(proxy, entity), proxy.info(entity)["blocked"]) == (before, True)
    assert home.receipts.read() == ()


def test_revert_restores_exactly_what_stood_before(proxy, home):
    _, entity = proxy.key(
        max_budget=3.5,
        budget_duration="24h",
        budget_limits=[{"budget_duration": "2h", "max_budget": 0.75}, {"budget_duration": "30d", "max_budget": 60}],
        rpm_limit=40,
        tpm_limit=9000,
        models=["flagship", "economy"],
        aliases={"best": "flagship"},
        metadata={"cost_center": "4711"},
    )
    before = settings(proxy, entity)
    home.tick(
        entity,
        limits=(Limit("daily", Decimal(1)), Limit("weekly", Decimal(5))),
        requests_per_minute=2,
        allowed_models=("economy",),
        aliases={"flagship": "economy"},
        is_blocked=True,
    )
    home.tick(entity, limits=daily("2"), is_blocked=True)
    assert settings(proxy, entity) != before
    home.revert(entity)
    assert settings(proxy, entity) == before
    assert proxy.info(entity)["blocked"] is False
    assert home.revert(entity).changes == ()


def test_a_list_of_all_models_comes_back_as_it_was_written(proxy, home):
    _, entity = proxy.key(models=["all-proxy-models"])
    home.tick(entity, allowed_models=("economy",))
    assert proxy.info(entity)["models"] == ["economy"]
    home.revert(entity)
    assert proxy.info(entity)["models"] == ["all-proxy-models"]


def test_a_team_is_capped_throttled_listed_and_blocked(proxy, home):
    team = proxy.team(metadata={"owner": "x"})
    key, _ = proxy.key(team_id=team)
    entity = f"team:{team}"
    before = settings(proxy, entity)
    assert proxy.call(key, "economy").status == 200
    home.tick(entity, limits=daily("5"), requests_per_minute=500, allowed_models=("economy", "standard"))
    assert proxy.call(key).status == 403
    (done,) = home.tick(entity, is_blocked=True)
    assert (proxy.call(key, "economy").status, done.outcome) == (401, "pending")
    home.revert(entity)
    assert settings(proxy, entity) == before
    assert wait_for(lambda: proxy.call(key).status == 200)


def test_aliases_of_a_team_are_an_error_of_the_plan(proxy, home):
    entity = f"team:{proxy.team()}"
    made = home.plan(wish(entity, aliases={"flagship": "economy"}))
    assert (made.changes, [hold.kind for hold in made.errors]) == ((), ["unsupported"])
    with pytest.raises(Unsupported, match="aliases cannot be written there"):
        home.gateway.write(home.gateway.observe(entity), {"aliases": {"flagship": "economy"}}, None)


def test_calls_in_flight_do_not_undo_a_block(proxy, home):
    """Calls that began before the block end after it; whatever they write back, the block stands when they are through."""
    key, entity = proxy.key()
    with ThreadPoolExecutor(4) as pool:
        flying = [pool.submit(proxy.call, key, "economy", text="delay=2") for _ in range(4)]
        time.sleep(0.7)
        home.tick(entity, is_blocked=True)
        assert [one.result().status for one in flying] == [200] * 4
    assert proxy.call(key, "economy").status == 401
    assert home.receipts.read()[0].outcome == "pending"


def test_unknown_deleted_and_foreign_keys_are_not_found(proxy, home):
    _, entity = proxy.key()
    proxy.post("/key/delete", keys=[entity[4:]])
    for name in (entity, "key:" + "0" * 64, "team:nobody"):
        assert [hold.kind for hold in home.plan(wish(name, limits=daily("1"))).holds] == ["not_found"]


def test_a_wrong_admin_key_is_a_failure_and_shows_no_key(proxy):
    wrong = Proxy(proxy.url, proxy.upstream_url).adapter()
    wrong._api._session.auth._value = "Bearer sk-wrong-secret-key"
    with pytest.raises(PermanentFailure) as caught:
        wrong.observe("key:" + "0" * 64)
    assert "sk-wrong-secret-key" not in str(caught.value)


def test_no_receipt_and_no_stamp_holds_a_key(proxy, home):
    key, entity = proxy.key()
    home.tick(entity, limits=daily("5"), is_blocked=True)
    written = home.receipts.path.read_text() + shown(proxy.info(entity)["metadata"])
    assert key not in written
    assert MASTER_KEY not in written


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from orchestration.enforcement.receipts import Receipts
from tests.enforcement.gateway_kit import Proxy
from tests.enforcement.test_real_litellm import Home, daily

url, entity, folder, moment = sys.argv[1:]
home = Home(Path(folder), Proxy(url, "").adapter())
append, write, observe = home.receipts._append, home.gateway.write, home.gateway.observe

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def appended(event):
    append(event)
    if moment == "after " + event["event"]:
        die()

def written(*arguments):
    write(*arguments)
    if moment == "before applied":
        die()

home.receipts._append, home.gateway.write = appended, written
home.tick(entity, limits=daily("5"), is_blocked=True)
"""


@pytest.mark.parametrize(
    ("moment", "first", "writes"),
    [("after planned", "abandoned", 2), ("before applied", "pending", 1), ("after applied", "pending", 1)],
)
def test_a_process_killed_between_plan_apply_and_verify_is_reconciled(proxy, home, moment, first, writes):
    _, entity = proxy.key(rpm_limit=9)
    before = settings(proxy, entity)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, proxy.url, entity, str(home.folder), moment], cwd=ROOT, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    left = home.receipts.read()[0].outcome
    assert left == ("applied" if moment == "after applied" else "planned")
    home.tick(entity, limits=daily("5"), is_blocked=True)
    actions = home.receipts.read()
    assert (actions[0].outcome, len(actions)) == (first, writes)
    assert actions[-1].outcome == "pending"
    found = home.gateway.observe(entity).values
    assert (found["limits"], found["is_blocked"]) == (daily("5"), True)
    home.revert(entity)
    assert settings(proxy, entity) == before


def test_a_margin_breach_downgrades_throttles_blocks_and_recovers_through_half_open(proxy, home):
    """The policy's breaker with a clock of its own; what each state wants is written, and a caller sees it on the next call."""
    key, entity = proxy.key(max_budget=50)
    before = settings(proxy, entity)
    limits = BreakerLimits(2, Decimal("0.05"), timedelta(minutes=60), timedelta(minutes=30), timedelta(hours=48))
    clock = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    breaker = Breaker("closed", clock)
    wants = {
        "closed": {"aliases": {}, "requests_per_minute": None, "is_blocked": False},
        "degraded": {"aliases": {"flagship": "economy"}, "requests_per_minute": None, "is_blocked": False},
        "throttled": {"aliases": {"flagship": "economy"}, "requests_per_minute": 2, "is_blocked": False},
        "open": {"aliases": {"flagship": "economy"}, "requests_per_minute": 2, "is_blocked": True},
    }
    wants["cool_down"], wants["half_open"] = wants["open"], wants["throttled"]

    def after(minutes, margin):
        nonlocal breaker, clock
        clock += timedelta(minutes=minutes)
        reading = MarginReading(clock, Decimal(margin), Decimal("0.20"))
        breaker = decide_breaker(breaker, reading, limits, clock).after
        home.tick(entity, **wants[breaker.state])
        return breaker.state

    assert proxy.call(key).cost == pytest.approx(FLAGSHIP_CALL)
    assert [after(1, "0.10"), after(1, "0.10")] == ["closed", "degraded"]
    assert proxy.call(key).cost == pytest.approx(ECONOMY_CALL)
    assert proxy.served()[-1]["model"] == "fake-economy"
    assert [after(1, "0.10"), after(1, "0.10")] == ["degraded", "throttled"]
    assert [proxy.call(key) for _ in range(3)][-1].error_type == "throttling_error"
    assert [after(1, "0.10"), after(1, "0.10")] == ["throttled", "open"]
    assert proxy.call(key).status == 401
    assert [after(61, "0.30"), after(1, "0.30")] == ["cool_down", "cool_down"]
    assert proxy.call(key).status == 401
    assert after(30, "0.30") == "half_open"
    assert proxy.call(key).status in (200, 429), "probing traffic is throttled, not blocked"
    assert after(61, "0.30") == "closed"
    assert proxy.call(key).cost == pytest.approx(FLAGSHIP_CALL)
    home.revert(entity)
    assert settings(proxy, entity) == before
    assert [one.action for one in home.receipts.read()][:3] == ["downgrade", "throttle", "block"]
