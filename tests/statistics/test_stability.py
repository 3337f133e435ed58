"""Which window is judged and what stands against it, day by day."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.statistics.looks import StabilityLimits
from orchestration.statistics.stability import (
    FAIL_REASONS,
    INSUFFICIENT_REASONS,
    DailyEvents,
    Estimate,
    Finding,
    NotStable,
    ObservationWindow,
    Stable,
    WindowChooser,
    consecutive_days,
    judge,
    last_complete_positions,
)

LIMITS = StabilityLimits(window_days=30, window_max_days=60, max_variation=0.25, growth_margin=0.20, max_tail_days=5)
CALM = Finding(Estimate(variation=0.1, growth=0.0, low=-0.1, high=0.1, days=30), frozenset())
GROWING = Finding(Estimate(variation=0.1, growth=0.35, low=0.3, high=0.4, days=30), frozenset({"growing"}))
WINDOW = ObservationWindow(first=0, last=29, reasons=(), is_judged=True)


def facts(days, *, incomplete=(), starts=(0,), **flagged):
    never = np.zeros(days, dtype=bool)
    columns = {
        name: never.copy() for name in ("is_cap_bound", "is_cap_not_in_force", "is_new_model", "is_over_allocation")
    }
    for name, positions in flagged.items():
        columns[name][list(positions)] = True
    complete = ~never
    complete[list(incomplete)] = False
    return DailyEvents(is_complete=complete, starts=starts, **columns)


def choose(daily, as_of, **limits):
    return WindowChooser(daily, replace(LIMITS, **limits)).choose(as_of)


def test_thirty_complete_days_are_judged_and_twenty_nine_are_short():
    assert choose(facts(29), 28) == ObservationWindow(0, 28, ("short_history",), is_judged=False)
    assert choose(facts(30), 29) == ObservationWindow(0, 29, (), is_judged=True)


@pytest.mark.parametrize(("as_of", "days"), [(30, 31), (44, 45), (59, 60), (79, 60)])
def test_the_window_extends_to_sixty_days(as_of, days):
    window = choose(facts(80), as_of)
    assert (window.days, window.last, window.is_judged) == (days, as_of, True)


def test_a_missing_day_inside_the_needed_window_is_missing_and_behind_it_is_not():
    inside = choose(facts(60, incomplete=[30]), 59)
    assert (inside.reasons, inside.is_judged, inside.first) == (("missing_days",), False, 31)
    behind = choose(facts(60, incomplete=[29]), 59)
    assert (behind.reasons, behind.is_judged, behind.days) == ((), True, 30)


def test_a_tail_of_five_days_is_allowed_and_six_are_stale():
    assert choose(facts(50, incomplete=range(45, 50)), 49).reasons == ()
    assert choose(facts(51, incomplete=range(45, 51)), 50).reasons == ("stale",)


def test_a_cap_day_fails_for_thirty_days_and_then_bounds_the_window():
    daily = facts(70, is_cap_bound=[20])
    assert choose(daily, 49).reasons == ("cap_bound",)
    later = choose(daily, 50)
    assert (later.reasons, later.first, later.days) == ((), 21, 30)
    assert choose(daily, 60).first == 21


def test_a_new_model_fails_for_thirty_days_and_the_window_begins_with_it():
    daily = facts(70, is_new_model=[20])
    assert choose(daily, 48).reasons == ("configuration_changed",)
    assert choose(daily, 50).first == 20


def test_a_change_of_caps_begins_the_history_anew():
    daily = facts(80, starts=(0, 40))
    assert choose(daily, 39).reasons == ()
    changed = choose(daily, 60)
    assert changed.reasons == ("short_history", "configuration_changed")
    assert (choose(daily, 69).reasons, choose(daily, 69).first) == ((), 40)


def test_cap_not_in_force_and_over_allocation_are_named():
    window = choose(facts(40, is_cap_not_in_force=[35], is_over_allocation=[38, 39]), 39)
    assert window.reasons == ("over_allocation", "cap_not_in_force")
    assert choose(facts(40, is_over_allocation=[38]), 39).reasons == ()


def test_before_the_start_and_before_any_complete_day_there_is_no_window():
    assert choose(facts(10, starts=()), 9).reasons == ("short_history",)
    assert choose(facts(10, starts=(8,)), 5).reasons == ("short_history",)
    nothing = choose(facts(10, incomplete=range(10)), 9)
    assert nothing.reasons == ("short_history", "missing_days", "stale")


def test_a_past_day_knows_only_what_was_settled_then():
    chooser = WindowChooser(facts(40, incomplete=[39]), LIMITS, settle_days=1)
    assert chooser.choose(39).last == 38
    assert chooser.choose(29).last == 28
    assert chooser.choose(29).reasons == ("short_history",)
    assert chooser.choose(30).is_judged


def test_each_past_day_has_its_own_lag():
    settle = np.array([0] * 20 + [1] * 20)
    chooser = WindowChooser(facts(40), LIMITS, settle)
    assert [chooser.last_known(at) for at in (19, 20, 21, 39)] == [19, 19, 20, 38]


def test_calm_cost_is_stable_and_its_estimate_stands_behind_it():
    verdict = judge(WINDOW, CALM, None)
    assert verdict == Stable(CALM.estimate)
    assert (verdict.status, verdict.reasons) == ("stable", ())


def test_without_an_estimate_there_is_no_evidence():
    assert judge(WINDOW, None, None) == NotStable(("no_evidence",))
    assert judge(WINDOW, None, CALM) == NotStable(("no_evidence",))
    assert judge(WINDOW, Finding(None, frozenset()), CALM) == NotStable(("no_evidence",))
    assert judge(replace(WINDOW, is_judged=False), CALM, None) == NotStable(("no_evidence",))
    assert judge(WINDOW, None, None).status == "insufficient"


def test_stability_without_an_estimate_cannot_be_said():
    with pytest.raises(TypeError, match="without an estimate"):
        Stable(None)
    for wrong in (float("nan"), float("inf")):
        for name in ("variation", "growth", "low", "high"):
            with pytest.raises(ValueError, match="finite"):
                replace(CALM.estimate, **{name: wrong})
    with pytest.raises(ValueError, match="names a reason"):
        NotStable(())


def test_tokens_at_constant_price_are_judged_beside_cost():
    assert judge(WINDOW, CALM, GROWING).reasons == ("growing",)


def test_a_definite_fault_outweighs_a_lack_of_evidence_and_both_are_listed():
    window = replace(WINDOW, reasons=("missing_days", "cap_bound"), is_judged=False)
    verdict = judge(window, None, None)
    assert (verdict.status, verdict.reasons) == ("fail", ("missing_days", "cap_bound"))


flags = st.lists(st.booleans(), min_size=1, max_size=90)


@settings(max_examples=150, deadline=None)
@given(flags, flags, st.integers(0, 40), st.integers(0, 2))
def test_a_judged_window_is_complete_long_enough_and_free_of_recent_faults(complete, capped, start, settle):
    days = min(len(complete), len(capped))
    daily = facts(days, starts=(start,))
    daily = replace(daily, is_complete=np.array(complete[:days]), is_cap_bound=np.array(capped[:days]))
    chooser = WindowChooser(daily, LIMITS, settle)
    for as_of in range(days):
        window = chooser.choose(as_of)
        verdict = judge(window, CALM if window.is_judged else None, None)
        assert set(verdict.reasons) <= set(INSUFFICIENT_REASONS) | set(FAIL_REASONS)
        assert (verdict.status == "stable") == (not verdict.reasons)
        if verdict.status == "stable":
            inside = slice(window.first, window.last + 1)
            assert 30 <= window.days <= 60
            assert window.first >= start and window.last <= as_of - settle
            assert daily.is_complete[inside].all() and not daily.is_cap_bound[inside].any()
            assert as_of - window.last <= LIMITS.max_tail_days


@given(flags)
def test_counts_of_days_in_a_row(given_flags):
    array = np.array(given_flags)
    run, expected = 0, []
    for flag in given_flags:
        run = run + 1 if flag else 0
        expected.append(run)
    assert consecutive_days(array).tolist() == expected
    assert last_complete_positions(array).tolist() == [
        max((n for n in range(at + 1) if given_flags[n]), default=-1) for at in range(len(array))
    ]
