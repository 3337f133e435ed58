"""From conditions that hold to what is told: one beginning, one end, news and escalation between, over any course."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.policy.alert_rounds import Escalation, Held, Open, Step, advance, is_below

T0 = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
RULE = Escalation(timedelta(minutes=30), 2)
NEVER = Escalation(timedelta(0), 0)


@dataclass
class Course:
    """A course of rounds: what stands, and everything that was told."""

    rule: Escalation = NEVER
    stand: dict[str, Open] = field(default_factory=dict)
    told: list[Step] = field(default_factory=list)

    def at(self, minute: int, *held: Held, judged: tuple[str, ...] = ()) -> list[str]:
        self.stand, steps = advance(self.stand, held, judged, lambda _: self.rule, T0 + timedelta(minutes=minute))
        self.told += steps
        return [step.event for step in steps]


CAP = Held("cap:litellm:key:a", "k1", "warning")
GRAVE = Held("cap:litellm:key:a", "k1", "critical")


def test_a_condition_is_told_once_resolved_once_and_may_fire_again() -> None:
    course = Course()
    assert course.at(0, CAP) == ["told"]
    assert course.at(1, CAP, judged=("cap",)) == []
    assert course.at(2, judged=("cap",)) == ["resolved"]
    assert course.at(3, judged=("cap",)) == []
    assert course.at(4, CAP) == ["told"]
    assert len({step.name for step in course.told}) == 3


def test_what_nobody_looked_at_stays_open() -> None:
    course = Course()
    course.at(0, CAP)
    for judged in ((), ("feed",), ("cap:lite",), ("cap:litellm:key:ab",)):
        assert course.at(1, judged=judged) == []
    assert course.at(2, judged=("cap:litellm",)) == ["resolved"]


def test_another_key_and_a_graver_severity_are_news_a_milder_one_is_not() -> None:
    course = Course()
    course.at(0, CAP)
    assert course.at(1, GRAVE) == ["told"]
    assert course.at(2, CAP) == []
    assert course.at(3, Held(CAP.condition, "k2", "warning")) == ["told"]
    assert course.at(4, CAP) == ["told"], "back at the first key: news again"
    assert len({step.name for step in course.told}) == 4


def test_a_critical_condition_goes_up_a_level_for_every_half_hour_and_no_further() -> None:
    course = Course(RULE)
    assert course.at(0, CAP) == ["told"]
    assert course.at(40, CAP) == [], "a warning waits"
    assert course.at(50, GRAVE) == ["told"]
    assert course.at(79, GRAVE) == []
    assert course.at(80) == ["escalated"], "also while nobody can look at it"
    assert course.at(109, GRAVE) == []
    assert course.at(110, GRAVE) == ["escalated"]
    assert course.at(1000, GRAVE) == []
    assert [step.of.level for step in course.told if step.event == "escalated"] == [1, 2]


def test_a_beginning_ends_at_a_colon() -> None:
    assert is_below("cap:litellm:key:a", ("cap:litellm",))
    assert is_below("cap", ("cap",))
    assert not is_below("cap:litellm2", ("cap:litellm",))
    assert not is_below("cap:litellm", ())


HELD = st.builds(
    Held,
    st.sampled_from(["cap:x:a", "cap:x:b", "feed:x"]),
    st.sampled_from(["k1", "k2"]),
    st.sampled_from(["info", "warning", "critical"]),
)
ROUNDS = st.lists(
    st.tuples(
        st.integers(0, 45), st.lists(HELD, max_size=4), st.sets(st.sampled_from(["cap", "cap:x:a", "feed"])).map(tuple)
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(ROUNDS)
def test_over_any_course_each_episode_begins_once_ends_at_most_once_and_nothing_is_told_twice(rounds) -> None:
    course, minute = Course(RULE), 0
    state: dict[str, str] = {}
    for gap, held, judged in rounds:
        minute += gap + 1
        holds = {one.condition for one in held}
        before = set(state)
        first = len(course.told)
        course.at(minute, *held, judged=judged)
        for step in course.told[first:]:
            condition = step.of.condition
            if step.event == "told":
                assert condition in holds
                state[condition] = step.of.episode
            elif step.event == "escalated":
                assert state[condition] == step.of.episode, "only what is open is escalated"
                assert step.of.severity == "critical"
            else:
                assert condition not in holds and is_below(condition, judged)
                assert state.pop(condition) == step.of.episode
        assert set(state) == set(course.stand) == before - (set(before) - set(state)) | holds
        assert all(condition in state for condition in holds), "what holds is open"
    names = [step.name for step in course.told]
    assert len(names) == len(set(names))
