"""Alerts over time: open, escalated, resolved, held back within an hour and told as one line, never lost, not by a kill."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.alerts.deliver import Delivery, deliver
from orchestration.alerts.memory import read_memory
from orchestration.alerts.message import Alert
from orchestration.alerts.routing import Place, Routing
from orchestration.alerts.transports import DeliveryFailed, FileTransport
from orchestration.registry.alerts import AlertSettings, Limits, Route

T0 = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
CAP = Alert("cap:a", "cap_reached", "critical", "a reached its cap", "key:a", condition="cap:a", owner="ann@x.example")
FACT = Alert("fact", "rejected_rows", "warning", "rows refused", "file", amount=Decimal("10.5"), currency="USD")


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Receiver:
    """Notes what arrives; fails, or kills the process after taking a message, when told to."""

    name: str
    got: list[Alert] = field(default_factory=list)
    fails: bool = False
    kills_at: int | None = None

    def send(self, alert: Alert) -> None:
        if self.fails:
            raise DeliveryFailed(f"{self.name} answered 503")
        self.got.append(alert)
        if self.kills_at is not None and len(self.got) == self.kills_at:
            raise Killed

    @property
    def events(self) -> list[str]:
        return [one.event for one in self.got]


@dataclass
class House:
    """A folder of alerts with a chat, a pager and the owners' mail."""

    folder: Path
    settings: AlertSettings = field(default_factory=AlertSettings)
    chat: Receiver = field(default_factory=lambda: Receiver("chat"))
    pager: Receiver = field(default_factory=lambda: Receiver("pager"))
    mail: Receiver = field(default_factory=lambda: Receiver("mail"))
    has_mail: bool = False

    def routing(self) -> Routing:
        limits = self.settings.limits
        places = [
            Place("file", FileTransport(self.folder), hears_all=True),
            Place("chat", self.chat, per_hour=limits.per_destination_per_hour),
            Place("pager", self.pager, keeps_state=True, per_hour=limits.per_destination_per_hour),
        ]
        if self.has_mail:
            per_hour = limits.per_person_per_hour
            places.append(Place("mail", self.mail, for_owner=True, takes_without_owner=False, per_hour=per_hour))
        return Routing({place.name: place for place in places}, self.settings)

    def at(self, minute: float, *alerts: Alert, judged: tuple[str, ...] = ()) -> Delivery:
        return deliver(alerts, self.folder, self.routing(), judged=judged, now=T0 + timedelta(minutes=minute))

    def filed(self) -> list[dict[str, object]]:
        return [json.loads(line) for path in self.folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def to_chat(**limits: int) -> AlertSettings:
    return AlertSettings(default=("chat",), limits=Limits(**limits))


def test_an_alert_is_told_once_resolved_once_and_fires_again(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat())
    house.at(0, CAP)
    house.at(1, CAP, judged=("cap",))
    house.at(2, judged=("cap",))
    house.at(3, judged=("cap",))
    house.at(4, CAP)
    assert house.chat.events == ["told", "resolved", "told"]
    assert house.chat.got[1].title == "resolved, it was open since 2026-11-28 09:00 UTC: a reached its cap"
    assert house.chat.got[1].severity == "info"
    assert [line["event"] for line in house.filed()] == ["told", "resolved", "told"]
    assert list(read_memory(tmp_path).open) == ["cap:a"]


def test_the_end_of_an_alert_leaves_no_memory_of_its_messages(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat())
    house.at(0, CAP)
    house.at(1, judged=("cap",))
    memory = read_memory(tmp_path)
    assert (memory.told, memory.owed, memory.open) == ({}, {}, {})


def test_a_critical_alert_that_stays_open_goes_to_the_next_destination_and_its_end_too(tmp_path: Path) -> None:
    route = Route(kinds=("cap_*",), to=("chat",), escalate_to=("pager",), escalate_after_minutes=30)
    house = House(tmp_path, AlertSettings(routes=(route,)))
    house.at(0, CAP)
    house.at(29, CAP)
    assert house.pager.got == []
    house.at(30, CAP)
    house.at(90, CAP)
    assert [one.title for one in house.pager.got] == ["still open after 30 minutes: a reached its cap"]
    house.at(91, judged=("cap",))
    assert (house.chat.events, house.pager.events) == (["told", "resolved"], ["escalated", "resolved"])


def test_a_rise_of_severity_is_sent_again_to_the_route_of_what_it_is_now(tmp_path: Path) -> None:
    routes = (Route(severity="critical", to=("pager",)), Route(to=("chat",)))
    house = House(tmp_path, AlertSettings(routes=routes))
    house.at(0, replace(CAP, severity="warning"))
    house.at(1, CAP)
    house.at(2, CAP)
    assert (len(house.chat.got), len(house.pager.got)) == (1, 1)


def test_who_never_heard_of_it_does_not_hear_its_end(tmp_path: Path) -> None:
    house = House(tmp_path, AlertSettings(default=("chat", "pager")))
    house.pager.fails = True
    assert house.at(0, CAP).faults == ("cap:a: pager answered 503",)
    house.pager.fails = False
    house.at(1, judged=("cap",))
    assert house.chat.events == ["told", "resolved"]
    assert house.pager.got == []


def test_an_alert_goes_to_its_owner_where_owners_have_mail_else_to_the_default(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat(), has_mail=True)
    house.at(0, CAP, FACT)
    assert [one.key for one in house.mail.got] == ["cap:a"]
    assert [one.key for one in house.chat.got] == ["fact"]


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"kinds": ("cap_*",)}, True),
        ({"kinds": ("loop_*",)}, False),
        ({"severity": "warning"}, True),
        ({"owners": ("*@x.example",)}, True),
        ({"owners": ("*@y.example",)}, False),
        ({"departments": ("dep",)}, False),
        ({"entities": ("key:*",), "kinds": ("cap_reached",)}, True),
        ({"entities": ("team:*",), "kinds": ("cap_reached",)}, False),
    ],
)
def test_a_route_takes_what_meets_every_key_of_it(tmp_path: Path, route: dict[str, object], expected: bool) -> None:
    house = House(tmp_path, AlertSettings(routes=(Route(**route, to=("pager",)),), default=("chat",)))
    house.at(0, CAP)
    assert bool(house.pager.got) == expected
    assert bool(house.chat.got) != expected


def test_a_route_to_owners_alone_falls_back_to_the_default_for_what_has_none(tmp_path: Path) -> None:
    house = House(tmp_path, AlertSettings(routes=(Route(to=("mail",)),), default=("chat",)), has_mail=True)
    house.at(0, FACT)
    assert [one.key for one in house.chat.got] == ["fact"]


# ---------------------------------------------------------------------------------------------- hours and ticks


def facts(number: int, **values: object) -> list[Alert]:
    return [replace(FACT, key=f"fact{n}", **values) for n in range(number)]


def test_beyond_an_hours_most_the_rest_is_one_line_with_counts_and_amounts(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat(per_destination_per_hour=3))
    house.at(0, *facts(5), replace(FACT, key="eur", kind="cap_unknown", amount=Decimal(2), currency="EUR"))
    house.at(30)
    assert [one.event for one in house.chat.got] == ["told"] * 3
    house.at(60)
    assert house.chat.got[3].title == (
        "3 more alerts held back: 1 x cost under a cap not known, 2 x refused rows; together 2.00 EUR, 21.00 USD; "
        "tokenomics alerts and HOME/alerts have each"
    )
    house.at(61)
    assert len(house.chat.got) == 4
    assert len(house.filed()) == 6, "the file has every one, at once"


def test_a_critical_alert_has_room_of_its_own(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat(per_destination_per_hour=2))
    house.at(0, *facts(4))
    house.at(1, CAP)
    assert house.chat.got[-1].key == "cap:a"


def test_one_persons_mail_does_not_fill_anothers_hour(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat(per_person_per_hour=2), has_mail=True)
    house.at(0, *facts(5, owner="ann@x.example"))
    house.at(1, replace(FACT, key="bob", owner="bob@x.example"))
    assert [one.owner for one in house.mail.got] == ["ann@x.example"] * 2 + ["bob@x.example"]
    house.at(61)
    assert (house.mail.got[-1].event, house.mail.got[-1].owner) == ("digest", "ann@x.example")


def test_a_tick_brings_the_gravest_first_and_the_rest_at_the_next(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat(per_tick=2))
    first = house.at(0, *facts(3), CAP)
    assert [one.key for one in house.chat.got] == ["cap:a", "fact0"]
    assert first.waiting == 2
    assert house.at(1).waiting == 0
    assert [one.key for one in house.chat.got][2:] == ["fact1", "fact2"]
    assert len(house.filed()) == 4


def test_a_pager_hears_the_end_also_in_a_full_hour(tmp_path: Path) -> None:
    house = House(tmp_path, AlertSettings(default=("pager",), limits=Limits(per_destination_per_hour=1)))
    house.at(0, replace(CAP, severity="warning"))
    house.at(1, *facts(1))
    house.at(2, judged=("cap",))
    assert house.pager.events == ["told", "resolved"]


def test_what_was_held_back_is_not_resolved_on_its_own(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat(per_destination_per_hour=1))
    house.at(0, FACT)
    house.at(1, replace(CAP, severity="warning"))
    house.at(2, judged=("cap",))
    assert [one.key for one in house.chat.got] == ["fact"]


# ------------------------------------------------------------------------------------- failures, kills, the past


def test_a_destination_without_its_variable_is_named_once_and_keeps_what_it_is_owed(tmp_path: Path) -> None:
    house = House(tmp_path, to_chat())
    unset = Place("chat", None, "the environment variable CHAT_URL is not set", per_hour=30)
    places = {**house.routing().places, "chat": unset}
    delivery = deliver(facts(3), tmp_path, Routing(places, house.settings), now=T0)
    assert delivery.faults == ("chat: the environment variable CHAT_URL is not set",)
    house.at(1)
    assert len(house.chat.got) == 3


def test_the_memory_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    told = {
        "fact": {"file": "2026-11-01T00:00:00.000000Z"},
        "fact0": {"file": "2026-11-01T00:00:00.000000Z", "chat": None},
    }
    (tmp_path / "sent.state").write_text(json.dumps(told))
    house = House(tmp_path, to_chat())
    house.at(0, FACT, *facts(2))
    assert [one.key for one in house.chat.got] == ["fact0", "fact1"]
    assert [line["key"] for line in house.filed()] == ["fact1"]


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 3), st.booleans()), max_size=14),
    st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_a_kill_between_sending_and_remembering_repeats_one_message_and_loses_none(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[int, bool, int, bool]], kills_at: int
) -> None:
    """The same course with and without a kill: the chat hears the same, but for at most one message twice."""
    heard = []
    for kill in (None, kills_at):
        house = House(tmp_path_factory.mktemp("alerts"), to_chat(per_tick=50, per_destination_per_hour=1000))
        house.chat.kills_at = kill
        minute, count = 0, 0
        for gap, holds, number, judges in rounds:
            minute += gap
            alerts = [replace(FACT, key=f"n{count + n}") for n in range(number)] + [CAP] * holds
            count += number
            try:
                house.at(minute, *alerts, judged=("cap",) if judges else ())
            except Killed:
                house.at(minute, *alerts, judged=("cap",) if judges else ())
        house.at(minute + 1)
        heard.append([(one.event, one.key) for one in house.chat.got])
    plain, killed = heard
    assert set(plain) == set(killed)
    assert len(killed) - len(plain) in (0, 1)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 6), st.booleans()), max_size=12), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_over_any_course_no_hour_is_overfull_and_every_alert_is_told_or_counted(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[int, int, bool]], most: int
) -> None:
    house = House(tmp_path_factory.mktemp("alerts"), to_chat(per_destination_per_hour=most, per_tick=5))
    minute, count, moments = 0, 0, []
    for gap, number, fails in [*rounds, *[(61, 0, False)] * 12]:
        minute += gap
        house.chat.fails = fails
        before = len(house.chat.got)
        house.at(minute, *(replace(FACT, key=f"n{count + n}") for n in range(number)))
        moments += [minute] * (len(house.chat.got) - before)
        count += number
        assert len(house.filed()) == count, "the file is never behind"
    assert all(sum(one - 60 < other <= one for other in moments) <= most for one in moments)
    told = sum(one.event == "told" for one in house.chat.got)
    counted = sum(sum(one.details["counts"].values()) for one in house.chat.got if one.event == "digest")
    assert told + counted == count
    owed = sum((FACT.amount or 0) for _ in range(counted))
    assert sum(Decimal(one.details["amounts"]["USD"]) for one in house.chat.got if one.event == "digest") == owed
