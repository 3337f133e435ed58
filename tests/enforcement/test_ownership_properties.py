"""Random edits by people, wishes, kills and reverts at a gateway in memory: what must hold whatever happens."""

import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.enforcement.ownership import what_is_ours
from orchestration.enforcement.port import Capabilities, Limit
from orchestration.enforcement.receipts import owned_entities, undone_fields
from orchestration.enforcement.values import strictest
from tests.enforcement.fake_gateway import FakeGateway, Killed
from tests.enforcement.test_plan_apply import KEY, Home, config, wish

limits = st.dictionaries(st.sampled_from(["daily", "monthly"]), st.integers(1, 20), max_size=2).map(
    lambda found: tuple(Limit(window, Decimal(amount)) for window, amount in sorted(found.items()))
)
values = st.fixed_dictionaries(
    {},
    optional={
        "limits": limits,
        "requests_per_minute": st.none() | st.integers(1, 9),
        "allowed_models": st.none() | st.sampled_from([("a",), ("a", "b"), ("a", "c")]),
        "aliases": st.sampled_from([{}, {"a": "b"}, {"a": "c"}]),
        "is_blocked": st.booleans(),
    },
)
kills = st.sampled_from([None, "stamp", "answer", "limits", "requests_per_minute", "aliases", "is_blocked"])
steps = st.lists(st.tuples(st.sampled_from(["person", "tick", "tick", "revert"]), values, kills), max_size=10)


def home_at(folder, holds_stamp, on_drift="report"):
    gateway = FakeGateway(is_stepwise=True)
    gateway.able = Capabilities(gateway.able.writable, gateway.able.windows, 2, holds_stamp=holds_stamp)
    gateway.add(KEY)
    home = Home(Path(folder), gateway)
    home.config = config(on_drift=on_drift)
    return home


def tick(home, wanted, kill):
    def die(step):
        if step == kill:
            raise Killed

    home.gateway.before_step = die
    with suppress(Killed):
        home.tick(wish(**wanted))
    home.gateway.before_step = lambda _: None


def owned(home):
    actions, key = home.receipts.read(), ("litellm", KEY)
    undone = undone_fields(actions).get(key, ())
    return what_is_ours(home.gateway.observe(KEY), home.gateway.able, owned_entities(actions).get(key), undone)


@settings(max_examples=300, deadline=None)
@given(steps, st.booleans(), st.sampled_from(["report", "reapply"]))
def test_what_a_person_chose_last_is_never_made_looser(taken, holds_stamp, on_drift):
    """``chosen``: what a person last set of each field, or what stood in the beginning. Nothing of ours ever allows more.

    A person who sets what we wrote last cannot be told from us: then what stood before us counts. Neither can one who undoes a
    killed write before the next look.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = home_at(folder, holds_stamp, on_drift)
        present = home.gateway.values[KEY]
        chosen = dict(present)
        for who, wanted, kill in taken:
            if who == "person":
                ours = owned(home)
                chosen.update({name: value for name, value in wanted.items() if value != present[name]})
                again = [name for name, value in wanted.items() if name in ours.after and ours.after[name] == value]
                chosen.update({name: ours.before[name] for name in again})
                present.update(wanted)
            elif who == "tick":
                tick(home, wanted, kill)
                home.plan()
            else:
                home.revert(KEY)
            for name, value in present.items():
                if name == "aliases":
                    assert value.items() >= chosen[name].items()
                else:
                    assert strictest(name, value, chosen[name]) == value, name


@settings(max_examples=200, deadline=None)
@given(values, values, kills, st.booleans())
def test_a_second_apply_writes_nothing_also_after_a_kill(stood, wanted, kill, holds_stamp):
    with tempfile.TemporaryDirectory() as folder:
        home = home_at(folder, holds_stamp)
        home.gateway.values[KEY].update(stood)
        tick(home, wanted, kill)
        tick(home, wanted, None)
        writes, state = home.gateway.writes, dict(home.gateway.values[KEY])
        tick(home, wanted, None)
        assert (home.gateway.writes, home.gateway.values[KEY]) == (writes, state)


KILLED_BEFORE_THE_BLOCK = [
    ({"requests_per_minute": 1}, None),
    ({"requests_per_minute": None, "limits": (), "aliases": {}, "is_blocked": True}, "is_blocked"),
]
"""What was written is taken back, and the stamp claims a block that was never written."""


@settings(max_examples=200, deadline=None)
@given(values, st.lists(st.tuples(values, kills), max_size=4), st.booleans())
@example({}, KILLED_BEFORE_THE_BLOCK, True)
def test_revert_without_a_persons_change_restores_exactly(stood, wishes, holds_stamp):
    with tempfile.TemporaryDirectory() as folder:
        home = home_at(folder, holds_stamp)
        home.gateway.values[KEY].update(stood)
        before = dict(home.gateway.values[KEY])
        for wanted, kill in wishes:
            tick(home, wanted, kill)
        home.revert(KEY)
        assert home.gateway.values[KEY] == before
        assert home.gateway.stamps.get(KEY) is None
