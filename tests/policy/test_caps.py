"""Caps: hand-worked decisions, and a state machine that finds no way from stale data to a looser state."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from orchestration.policy.cap_windows import window_at
from orchestration.policy.caps import (
    ApprovedOverride,
    CapDecision,
    CapFacts,
    CapLine,
    CapState,
    KeyCost,
    decide_cap,
)

D = Decimal
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN_RESET = datetime(2026, 11, 28, 23, tzinfo=UTC)


def line(cost: str | None, amount: str | None = "50", window: str = "daily", **given: object) -> CapLine:
    keys = (KeyCost("k", None if cost is None else D(cost)),)
    standard = {"amount": None if amount is None else D(amount), "keys": keys, "known_at": NOON}
    return CapLine(window, **{**standard, **given})


def cap(*lines: CapLine, **given: object) -> CapFacts:
    standard = {"zone": "Europe/Berlin", "mode": "hard", "max_age": 5 * MINUTE, "worst_request": D("0.5")}
    standard |= {"requests_in_flight": 4}
    return CapFacts("developers", "developer:ada", lines=lines, **{**standard, **given})


def decide(facts: CapFacts, now: datetime = NOON, before: CapDecision | None = None) -> CapDecision:
    return decide_cap(before.after if before else CapState(), facts, now)


@pytest.mark.parametrize(
    ("cost", "status", "refuse"),
    [
        ("0", "within", False),
        ("39.99", "within", False),
        ("40", "warned", False),
        ("47.99", "warned", False),
        ("48", "reached", True),
        ("60", "reached", True),
    ],
)
def test_a_cap_warns_at_four_fifths_and_is_reached_at_the_cap_less_headroom(cost, status, refuse):
    """50 less 4 requests in flight of 0.50 each is 48."""
    decision = decide(cap(line(cost)))
    assert (decision.lines[0].status, decision.refuse) == (status, refuse)
    assert decision.refuse_until == (BERLIN_RESET if refuse else None)
    assert decision.overshoot_bound == D(2)
    assert decision.lines[0].limits == {"k": D(48)}


def test_the_reason_says_amounts_and_until_when():
    assert decide(cap(line("48.5"))).reason == (
        "daily cap of 50.00 USD less 2.00 of headroom: 48.50 USD spent, refused until the reset at 2026-11-28 23:00:00+00:00"
    )


def test_several_windows_hold_at_once_and_the_last_reset_is_waited_for():
    decision = decide(cap(line("49"), line("600", "600", "monthly", reset_day=15)))
    assert [one.status for one in decision.lines] == ["reached", "reached"]
    assert decision.refuse_until == datetime(2026, 12, 14, 23, tzinfo=UTC)
    assert [dict(one.limits) for one in decision.lines] == [{"k": D(48)}, {"k": D(598)}]
    assert decide(cap(line("49"), line("50", "600", "monthly"))).refuse_until == BERLIN_RESET


def test_in_alert_mode_nothing_is_refused_or_written_and_the_cap_is_reached_at_its_amount():
    facts = cap(line("49"), mode="alert")
    assert (decide(facts).lines[0].status, decide(facts).refuse) == ("warned", False)
    decision = decide(cap(line("50"), mode="alert"))
    assert (decision.lines[0].status, decision.refuse, decision.lines[0].limits) == ("reached", False, {})


def test_headroom_that_is_stated_rules_and_limits_are_never_below_zero():
    assert decide(cap(line("0"), headroom=D(10))).lines[0].limits == {"k": D(40)}
    decision = decide(cap(line("0"), headroom=D(70)))
    assert (decision.lines[0].limits, decision.refuse) == ({"k": D(0)}, True)


def test_without_a_worst_request_the_bound_is_not_known():
    decision = decide(cap(line("0"), worst_request=None))
    assert (decision.overshoot_bound, decision.lines[0].limits) == (None, {"k": D(50)})


def test_a_reached_day_clears_at_the_reset_instant_of_its_zone_and_not_before_even_if_restated():
    reached = decide(cap(line("49")))
    restated = decide(cap(line("10", known_at=NOON + MINUTE)), NOON + MINUTE, reached)
    assert restated.refuse_until == BERLIN_RESET
    before = BERLIN_RESET - timedelta(seconds=1)
    assert decide(cap(line("10", known_at=before)), before, restated).refuse
    fresh = decide(cap(line("0", known_at=BERLIN_RESET)), BERLIN_RESET, restated)
    assert (fresh.refuse, fresh.lines[0].status) == (False, "within")


def test_what_was_known_before_the_reset_says_nothing_of_the_new_day():
    reached = decide(cap(line("49")))
    late = decide(cap(line("10", known_at=BERLIN_RESET - timedelta(seconds=5))), BERLIN_RESET, reached)
    assert late.refuse and not late.lines[0].is_fresh
    assert "no cost known since the window began" in late.reason


@pytest.mark.parametrize(
    "gap", [{"known_at": NOON - timedelta(hours=1)}, {"known_at": None}, {"known_at": NOON + MINUTE}, {"keys": ()}]
)
def test_stale_missing_or_future_cost_is_unknown(gap):
    decision = decide(cap(line("10", **gap)))
    assert (decision.lines[0].status, decision.lines[0].cost, decision.refuse) == ("unknown", None, False)
    assert not decision.lines[0].is_fresh


def test_requests_without_a_price_are_no_zero():
    few = decide(cap(line("10", unpriced=2)))
    assert (few.lines[0].status, few.lines[0].cost, few.refuse) == ("unknown", None, False)
    assert "10.00 USD spent, 2 requests have no price" in few.reason
    many = decide(cap(line("48", unpriced=1)))
    assert (many.lines[0].status, many.refuse) == ("reached", True)


def test_old_cost_that_passed_the_cap_refuses_all_the_same():
    decision = decide(cap(line("49", known_at=NOON - timedelta(hours=2))))
    assert (decision.refuse, decision.lines[0].is_fresh) == (True, False)


def test_a_cap_without_a_rate_holds_what_stands():
    first = decide(cap(line("10")))
    decision = decide(cap(line("10", None)), NOON, first)
    assert (decision.lines[0].status, decision.lines[0].limits) == ("unknown", {"k": D(48)})
    assert decide(cap(line("10", None)), NOON, decide(cap(line("49")))).refuse


def override(amount: str, hours: float = 1) -> ApprovedOverride:
    return ApprovedOverride(D(amount), NOON, NOON + timedelta(hours=hours), "lead@company.example")


def test_an_override_lifts_a_reached_cap_until_it_expires():
    reached = decide(cap(line("49")))
    lifted = decide(cap(line("49", overrides=(override("100"),))), NOON, reached)
    assert (lifted.refuse, lifted.lines[0].limits, lifted.lines[0].approver) == (
        False,
        {"k": D(98)},
        "lead@company.example",
    )
    assert "daily cap of 100.00 USD, approved by lead@company.example" in lifted.reason
    over = NOON + timedelta(hours=1)
    again = decide(cap(line("60", overrides=(override("100"),), known_at=over)), over, lifted)
    assert (again.refuse_until, again.lines[0].limits) == (BERLIN_RESET, {"k": D(48)})


def test_a_raised_cap_lifts_nothing_before_the_reset():
    reached = decide(cap(line("49")))
    assert decide(cap(line("49", "500")), NOON, reached).refuse


def test_a_window_of_which_nothing_is_said_any_more_refuses_until_its_reset():
    reached = decide(cap(line("49")))
    assert decide(cap(), NOON + MINUTE, reached).refuse_until == BERLIN_RESET
    assert not decide(cap(), BERLIN_RESET, reached).refuse


def test_a_developers_keys_share_the_cap():
    """48 of 50 may be written; 12 and 8 are spent, 28 left: half evenly, 7 each, half by 3 to 1, 10.5 and 3.5."""
    keys = (KeyCost("a", D(12), share=D("0.75")), KeyCost("b", D(8), share=D("0.25")))
    decision = decide(cap(line(None, keys=keys)))
    assert decision.lines[0].cost == D(20)
    assert decision.lines[0].limits == {"a": D("29.5"), "b": D("18.5")}
    assert sum(decision.lines[0].limits.values()) == D(48)


def test_the_cost_of_a_key_that_others_use_too_counts_and_takes_no_limit():
    """48 may be written, 20 of it went through a key of several people: 28 are left for the one that is ada's alone."""
    keys = (KeyCost("own", D(5)), KeyCost("common", D(20), is_limited=False))
    decision = decide(cap(line(None, keys=keys)))
    assert (decision.lines[0].cost, decision.lines[0].limits) == (D(25), {"own": D(28)})
    spent = (KeyCost("own", D(5)), KeyCost("common", D(43), is_limited=False))
    assert decide(cap(line(None, keys=spent))).refuse
    assert decide(cap(line(None, keys=(KeyCost("common", D(1), is_limited=False),)))).lines[0].limits == {}


def test_a_key_that_the_gateway_still_holds_higher_keeps_the_others_down():
    """Both keys had 24. b falls to 13 and a gets what b gave up only when the gateway holds b's 13."""
    even = decide(cap(line(None, keys=(KeyCost("a", D(0)), KeyCost("b", D(0))))))
    assert even.lines[0].limits == {"a": D(24), "b": D(24)}
    spent = (KeyCost("a", D(24)), KeyCost("b", D(2)))
    lowered = decide(cap(line(None, keys=spent)), NOON, even)
    assert lowered.lines[0].limits == {"a": D(24), "b": D(13)}
    waiting = (KeyCost("a", D(24), observed=D(24)), KeyCost("b", D(2), observed=D(24)))
    assert decide(cap(line(None, keys=waiting)), NOON, lowered).lines[0].limits == {"a": D(24), "b": D(13)}
    in_force = (KeyCost("a", D(24), observed=D(24)), KeyCost("b", D(2), observed=D(13)))
    assert decide(cap(line(None, keys=in_force)), NOON, lowered).lines[0].limits == {"a": D(35), "b": D(13)}


def test_a_higher_limit_that_the_gateway_still_shows_raises_nothing_on_stale_data():
    """b was lowered to 13 and is still seen with 24. It has cost 10: fresh data would allow 10 and half of the 14 left, 17."""
    even = decide(cap(line(None, keys=(KeyCost("a", D(0)), KeyCost("b", D(0))))))
    lowered = decide(cap(line(None, keys=(KeyCost("a", D(24)), KeyCost("b", D(2))))), NOON, even)
    seen = (KeyCost("a", D(24), observed=D(24)), KeyCost("b", D(10), observed=D(24)))
    assert decide(cap(line(None, keys=seen)), NOON, lowered).lines[0].limits == {"a": D(24), "b": D(17)}
    stale = cap(line(None, keys=seen, known_at=NOON - 10 * MINUTE))
    assert decide(stale, NOON, lowered).lines[0].limits == {"a": D(24), "b": D(13)}


def test_a_gateway_that_counts_less_gets_a_lower_limit_and_requests_in_flight_explain_a_little():
    less = decide(cap(line(None, keys=(KeyCost("k", D(20), uncounted=D(15)),))))
    assert less.lines[0].limits == {"k": D(33)}
    assert less.after.lines[0].limits == {"k": D(48)}
    in_flight = decide(cap(line(None, keys=(KeyCost("k", D(20), uncounted=D("1.5")),))))
    assert in_flight.lines[0].limits == {"k": D(48)}


def test_equal_facts_give_an_equal_evidence_id_and_others_another():
    assert decide(cap(line("49"))).evidence_id == decide(cap(line("49"))).evidence_id
    assert decide(cap(line("49"))).evidence_id != decide(cap(line("48"))).evidence_id


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError):
        decide(cap(line("1")), datetime(2026, 11, 28))


# ------------------------------------------------------------------------------------------------ state machine

ZONE = "America/New_York"


class CapMachine(RuleBasedStateMachine):
    """A daily and a weekly cap of two keys, through the night on which New York's clocks go back."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 10, 31, 12, tzinfo=UTC)
        self.state = CapState()
        self.spent = {"a": D(0), "b": D(0)}
        self.day = window_at("daily", self.now, ZONE)
        self.overrides: tuple[ApprovedOverride, ...] = ()
        self.amount = D(10)

    def tick(self, known_at: datetime | None, costs: dict[str, Decimal | None]) -> None:
        keys = tuple(KeyCost(key, cost) for key, cost in costs.items())
        lines = (
            CapLine("daily", self.amount, keys, known_at, overrides=self.overrides),
            CapLine("weekly", D(40), keys, known_at),
        )
        facts = CapFacts("c", "developer:ada", ZONE, "hard", lines, 5 * MINUTE, headroom=D(1))
        decision = decide_cap(self.state, facts, self.now)
        is_known = known_at is not None and self.day.start <= known_at <= self.now and None not in costs.values()
        self.check(self.state, decision, is_fresh=is_known and self.now - known_at <= 5 * MINUTE)
        self.state = decision.after

    @rule(minutes=st.sampled_from([1, 7, 60, 600, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        if self.now >= self.day.end:
            self.day = window_at("daily", self.now, ZONE)
            self.spent = dict.fromkeys(self.spent, D(0))

    @rule(key=st.sampled_from("ab"), cents=st.integers(1, 900))
    def money_is_spent(self, key: str, cents: int) -> None:
        self.spent[key] += D(cents) / 100

    @rule(cents=st.integers(0, 300))
    def cost_is_restated(self, cents: int) -> None:
        self.spent["a"] = max(self.spent["a"] - D(cents) / 100, D(0))

    @rule(amount=st.integers(1, 30), minutes=st.integers(1, 600))
    def somebody_approves(self, amount: int, minutes: int) -> None:
        self.overrides = (ApprovedOverride(D(amount), self.now, self.now + minutes * MINUTE, "x@y.example"),)

    @rule(amount=st.integers(1, 30))
    def the_cap_is_edited(self, amount: int) -> None:
        self.amount = D(amount)

    @rule(age=st.integers(0, 5))
    def fresh_data(self, age: int) -> None:
        self.tick(self.now - age * MINUTE, dict(self.spent))

    @rule(age=st.integers(6, 3000))
    def stale_data(self, age: int) -> None:
        self.tick(self.now - age * MINUTE, dict(self.spent))

    @rule(missing=st.sampled_from(["a", "b", "both", "time", "future"]))
    def missing_data(self, missing: str) -> None:
        costs = {key: None if missing in (key, "both") else cost for key, cost in self.spent.items()}
        known_at = {"time": None, "future": self.now + MINUTE}.get(missing, self.now)
        self.tick(known_at, costs)

    def check(self, before: CapState, decision: CapDecision, *, is_fresh: bool) -> None:
        """Nothing loosens on stale data; a window clears only at its reset or by an override; limits fit into the cap."""
        is_overridden = any(one.starts_at <= self.now < one.expires_at for one in self.overrides)
        for was in before.lines:
            now = decision.after.line(was.window)
            if was.refused_until is not None and now.refused_until is None:
                assert is_fresh
                assert self.now >= was.refused_until or (was.window == "daily" and is_overridden)
            if not is_fresh:
                assert was.refused_until is None or now.refused_until >= was.refused_until
                assert all(now.limits[key] <= limit for key, limit in was.limits.items())
        for line in decision.lines:
            standing = before.line(line.window).limits
            reserved = [max(standing.get(key, D(0)), cost) for key, cost in self.spent.items()]
            assert all(limit >= 0 for limit in line.limits.values())
            assert sum(line.limits.values(), D(0)) <= max(line.amount - 1, sum(reserved, D(0)))
            if is_fresh and line.refused_until is None:
                assert line.cost < max(line.amount - 1, D(0))
        assert decision.refuse == any(one.refused_until is not None for one in decision.after.lines)


TestCapMachine = CapMachine.TestCase
TestCapMachine.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_the_machine_notices_a_decision_that_forgets():
    """Bad data: with the state thrown away, restated cost lifts a reached cap."""
    reached = decide(cap(line("49")))
    assert not decide_cap(CapState(), cap(line("10")), NOON).refuse
    assert decide(cap(line("10")), NOON, reached).refuse
