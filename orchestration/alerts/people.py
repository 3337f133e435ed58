"""Alerts without the people in them, as the last publication of the home shows people (see :mod:`orchestration.people`).

Routes and the address of a mail to an owner go by who the owner is; what is written anywhere does not. The home's own memory of
what was told (``sent.state``) is private and keeps both. An owner who is an address of a machine or a team stays.
"""

from dataclasses import dataclass, replace

from orchestration.alerts.apprise_transport import AppriseTransport
from orchestration.alerts.message import Alert
from orchestration.alerts.routing import Routing
from orchestration.alerts.transports import Transport
from orchestration.people import People


def without_people(alert: Alert, people: People) -> Alert:
    """The alert as it may be shown; keys that differed still do."""
    if people.are_named:
        return alert
    return replace(
        alert,
        key=_key(alert.key, people),
        condition=_key(alert.condition, people) if alert.condition else alert.condition,
        title=people.text(alert.title),
        entity=people.text(alert.entity),
        owner=people.holder(alert.owner) if alert.owner else alert.owner,
        details=people.plain(alert.details),
    )


def with_owner(alert: Alert, people: People) -> Alert:
    """The alert with the address of its owner, whom the published tables may show as a function."""
    return replace(alert, owner=people.behind(alert.owner))


@dataclass(frozen=True)
class WithoutPeople:
    """A transport that shows nobody."""

    inner: Transport
    people: People

    @property
    def name(self) -> str:
        return self.inner.name

    def send(self, alert: Alert) -> None:
        inner = self.inner
        if isinstance(inner, AppriseTransport):
            inner = replace(inner, owner=alert.owner)
        inner.send(without_people(alert, self.people))


def hidden(routing: Routing, people: People) -> Routing:
    """The same destinations, each of which shows nobody."""
    if people.are_named:
        return routing
    places = {
        name: replace(place, transport=WithoutPeople(place.transport, people)) if place.transport else place
        for name, place in routing.places.items()
    }
    return replace(routing, places=places)


def _key(key: str, people: People) -> str:
    shown = people.text(key)
    return shown if shown == key else f"{shown}:{people.opaque(key)}"
