"""Limits of keys that share one capacity: hand-worked, and never more in sum than the capacity whatever the keys do."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.policy.exact_split import split_exactly
from orchestration.policy.shared_limits import KeySpend, shared_limits

D = Decimal


def test_parts_add_up_with_the_largest_remainders_first_and_ties_by_key():
    assert split_exactly(D(10), {"a": D(1), "b": D(1), "c": D(1)}) == {
        "a": D("3.333333334"),
        "b": D("3.333333333"),
        "c": D("3.333333333"),
    }
    assert split_exactly(D("0.000000003"), {"a": D(1), "b": D(3)}) == {"a": D("0.000000001"), "b": D("0.000000002")}
    assert split_exactly(D(10), {"b": D(0), "a": D(0)}) == {"a": D(5), "b": D(5)}
    assert split_exactly(D(0), {"a": D(1)}) == {"a": D(0)}
    assert split_exactly(D(7), {}) == {}


@given(
    st.decimals(0, 10**9, places=9),
    st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.decimals(0, 10**6, places=6), min_size=1),
)
def test_parts_always_add_up_and_follow_their_weights(amount, weights):
    parts = split_exactly(amount, weights)
    assert sum(parts.values()) == amount
    ordered = sorted(weights, key=lambda key: weights[key])
    assert all(parts[one] <= parts[other] + D("0.000000001") for one, other in pairwise(ordered))


@pytest.mark.parametrize(("amount", "weight"), [(D(-1), D(1)), (D(1), D(-1))])
def test_nothing_negative_is_split(amount, weight):
    with pytest.raises(ValueError):
        split_exactly(amount, {"a": weight})


def test_what_is_left_is_handed_out_by_weight_on_top_of_each_keys_own_cost():
    """50, of which 12 + 8 are spent: 30 are left, two thirds of them a's."""
    keys = [KeySpend("a", D(12), None, D(2)), KeySpend("b", D(8), None, D(1))]
    assert shared_limits(D(50), keys, may_raise=True) == {"a": D(32), "b": D(18)}


def test_what_a_key_gives_up_is_handed_out_one_tick_later():
    """Both had 25 of 50. a has spent 24, b 2: 24 are left, evenly 36 and 14. b goes down to 14 at once, but may still reach 25
    before it hears of it, so that a stays at 25; with b's 14 in force, a gets the 11 that are free.
    """
    tick = [KeySpend("a", D(24), D(25), D(1)), KeySpend("b", D(2), D(25), D(1))]
    assert shared_limits(D(50), tick, may_raise=True) == {"a": D(25), "b": D(14)}
    tick = [KeySpend("a", D(24), D(25), D(1)), KeySpend("b", D(2), D(14), D(1))]
    assert shared_limits(D(50), tick, may_raise=True) == {"a": D(36), "b": D(14)}


def test_at_the_capacity_every_key_is_at_its_own_cost():
    keys = [KeySpend("a", D(40), D(36), D(1)), KeySpend("b", D(11), D(14), D(1))]
    assert shared_limits(D(50), keys, may_raise=True) == {"a": D(40), "b": D(11)}


def test_stale_data_raises_no_limit_and_limits_a_key_that_has_none():
    keys = [KeySpend("a", D(24), D(25), D(1)), KeySpend("b", D(2), D(14), D(1)), KeySpend("c", None, None, D(1))]
    assert shared_limits(D(50), keys, may_raise=False) == {"a": D(25), "b": D(10), "c": D(8)}


@given(st.data())
def test_together_the_keys_pass_the_capacity_by_requests_in_flight_at_most(data):
    """Keys spend as they like below the limit that is in force for each, one request in flight a key. A new limit is in force by
    the next tick, each key's at a time of its own; costs are read at the tick, some of the ticks are stale.
    """
    names = ["a", "b", "c"][: data.draw(st.integers(2, 3))]
    capacity, worst = D(data.draw(st.integers(1, 60))), D(data.draw(st.integers(1, 5)))
    spent = dict.fromkeys(names, D(0))
    decided: dict[str, Decimal] = {}
    in_force: dict[str, Decimal] = {}

    def spend(steps: int) -> None:
        for _ in range(steps):
            key = data.draw(st.sampled_from(names))
            if spent[key] < in_force[key]:
                spent[key] += worst * data.draw(st.integers(1, 4)) / 4

    for _ in range(data.draw(st.integers(1, 6))):
        weights = {key: D(data.draw(st.integers(0, 3))) for key in names}
        read = dict(spent)
        is_fresh = data.draw(st.booleans())
        if in_force:
            spend(data.draw(st.integers(0, 3)))
        keys = [KeySpend(key, read[key], decided.get(key), weights[key]) for key in names]
        before = dict(decided)
        decided = shared_limits(capacity, keys, may_raise=is_fresh)
        assert is_fresh or all(decided[key] <= before.get(key, decided[key]) for key in names)
        for key in data.draw(st.permutations(names)):
            in_force[key] = decided[key]
            if len(in_force) == len(names):
                spend(data.draw(st.integers(0, 4)))
        spend(data.draw(st.integers(0, 8)))
        assert sum(spent.values()) <= capacity + len(names) * worst
