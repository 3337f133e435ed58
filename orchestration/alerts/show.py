"""What ``tokenomics alerts`` prints: conditions that are open, what is held back or still owed; and a test of every
destination.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TextIO

from orchestration.alerts.memory import Memory, read_memory
from orchestration.alerts.message import Alert
from orchestration.alerts.people import without_people
from orchestration.alerts.routing import Routing
from orchestration.alerts.transports import DeliveryFailed
from orchestration.files import counted, utc_text
from orchestration.glossary import in_words
from orchestration.people import People, read_people
from orchestration.policy.alert_rounds import RANKS
from orchestration.project import Home


class UnknownDestination(Exception):
    """No destination has the name; the message says which there are."""


@dataclass(frozen=True)
class Tried:
    """What happened at one destination; ``fault`` None: it took the test."""

    name: str
    fault: str | None


def write_open(home: Home, stream: TextIO, *, as_json: bool = False) -> None:
    """Every open alert, the gravest first, with since when; then what destinations still owe. As JSON with every field.
    People appear as they are published.
    """
    memory, people = read_memory(home.alerts), read_people(home.root)
    if as_json:
        print(json.dumps(_as_json(memory, people), indent=2), file=stream)
        return
    standing = sorted(memory.open.values(), key=lambda one: (-RANKS[one.alert.severity], one.at.opened_at))
    if not standing:
        print("no alert is open", file=stream)
    for one in standing:
        level = f", escalated {counted(one.at.level, 'time')}" if one.at.level else ""
        alert = without_people(one.alert, people)
        owner = f", owner {alert.owner}" if alert.owner else ""
        since = utc_text(one.at.opened_at)[:16].replace("T", " ")
        print(f"{alert.severity}: {alert.title}", file=stream)
        print(f"    {in_words(alert.kind)}, open since {since} UTC{level}{owner}", file=stream)
    for place, owed in _owed(memory).items():
        print(f"{place} is still owed {counted(owed, 'alert')}; sent at the next occasion", file=stream)
    for window, held in sorted(memory.held_back.items()):
        place, person, _ = window.split("|")
        to = f"{place} to {people.holder(person)}" if person else place
        number = counted(sum(held.counts.values()), "alert")
        print(f"{number} held back from {to}, to come in one line; {home.alerts} has each", file=stream)


def _owed(memory: Memory) -> dict[str, int]:
    """How many alerts each destination that lacks some is still owed."""
    waiting: dict[str, int] = {}
    for name in memory.owed:
        for place, when in memory.told[name].items():
            waiting[place] = waiting.get(place, 0) + (when is None)
    return {place: owed for place, owed in sorted(waiting.items()) if owed}


def _as_json(memory: Memory, people: People) -> dict[str, Any]:
    standing = sorted(memory.open.values(), key=lambda one: (-RANKS[one.alert.severity], one.at.opened_at))
    held_back: dict[str, int] = {}
    for window, held in sorted(memory.held_back.items()):
        place = window.split("|")[0]
        held_back[place] = held_back.get(place, 0) + sum(held.counts.values())
    return {
        "open": [
            {
                **without_people(one.alert, people).plain(),
                "opened_at": utc_text(one.at.opened_at),
                "escalations": one.at.level,
            }
            for one in standing
        ],
        "owed": _owed(memory),
        "held_back": held_back,
    }


def try_destinations(
    routing: Routing, *, kind: str = "test", to: str | None = None, owner: str | None = None
) -> list[Tried]:
    """Send a labelled test alert over every destination, or over ``to`` alone. Nothing is remembered of it, and no window
    counts it.
    """
    if to is not None and to not in routing.places:
        raise UnknownDestination(f"no destination is called {to}; there are {', '.join(routing.places)}")
    moment = datetime.now(UTC)
    alert = Alert(
        key=f"test:{utc_text(moment)}",
        kind=kind,
        severity="info",
        title=f"this is a test of {kind} alerts; nothing happened, and nothing is to be done",
        entity="test",
        owner=owner,
        event="test",
        details={"is_test": True},
    )
    return [_try(routing, name, alert) for name in routing.places if to is None or name == to]


def _try(routing: Routing, name: str, alert: Alert) -> Tried:
    place = routing.places[name]
    if place.transport is None:
        return Tried(name, place.missing)
    if not place.takes(alert):
        return Tried(name, "sends to owners only; name one with --owner")
    try:
        place.transport.send(alert)
        if place.keeps_state:
            place.transport.send(replace(alert, event="resolved"))
    except DeliveryFailed as error:
        return Tried(name, str(error).removeprefix(name).lstrip(": "))
    return Tried(name, None)
