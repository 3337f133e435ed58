"""Who hears which alert: the routes of alerts.yaml over the destinations that are set up. Sends nothing.

The file hears everything, and so does the webhook at ALERT_WEBHOOK_URL unless alerts.yaml declares it. An alert that no route
matches goes to its owner by e-mail where there is a destination for owners, else to the default; a destination for owners
takes nothing that has no owner, and what would then go nowhere goes to the default too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from orchestration.alerts.message import Alert
from orchestration.alerts.transports import Transport
from orchestration.policy.alert_rounds import RANKS, Escalation
from orchestration.registry.alerts import AlertSettings, Route
from orchestration.registry.globs import matches


@dataclass(frozen=True)
class Place:
    """One destination. ``transport`` None: its variables are not set, ``missing`` says which.

    ``for_owner``: it sends to the owner of the alert. ``takes_without_owner``: also what has none. ``hears_all``: whatever the
    routes say. ``keeps_state``: it keeps an incident open until it hears that it is over, so that it hears that always.
    ``per_hour``: most messages of one window; None: every one, as at the file and at a webhook that a program reads.
    """

    name: str
    transport: Transport | None
    missing: str = ""
    for_owner: bool = False
    takes_without_owner: bool = True
    hears_all: bool = False
    keeps_state: bool = False
    per_hour: int | None = None

    def window(self, alert: Alert) -> str:
        """Whose messages are counted together: those to one person, else those to the destination; critical ones apart."""
        person = alert.owner if self.for_owner and alert.owner else ""
        apart = "critical" if alert.severity == "critical" else ""
        return "|".join((self.name, person, apart))

    def takes(self, alert: Alert) -> bool:
        return bool(alert.owner) or self.takes_without_owner


@dataclass(frozen=True)
class Routing:
    """Every destination by name, and the routes over them. ``faults``: why some routes could not be read."""

    places: Mapping[str, Place]
    settings: AlertSettings = field(default_factory=AlertSettings)
    faults: tuple[str, ...] = ()

    def hears(self, alert: Alert) -> tuple[str, ...]:
        """The names of the destinations that hear of the alert, those that hear all first."""
        route = self._route(alert)
        wanted = self._taking(alert, route.to) if route else self._unrouted(alert)
        named = wanted or self._default(alert)
        return tuple(dict.fromkeys([*self.always(), *named]))

    def next_heard(self, alert: Alert, level: int) -> tuple[str, ...]:
        """Who hears of it at this level of escalation, counted from 1."""
        route = self._route(alert)
        named = (route.escalate_to or ())[level - 1 : level] if route else ()
        return tuple(dict.fromkeys([*self.always(), *self._taking(alert, named)]))

    def escalation(self, alert: Alert) -> Escalation:
        route = self._route(alert)
        if route is None or not route.escalate_to:
            return Escalation(timedelta(0), 0)
        return Escalation(timedelta(minutes=route.escalate_after_minutes), len(route.escalate_to))

    def always(self) -> list[str]:
        return [name for name, place in self.places.items() if place.hears_all]

    def _route(self, alert: Alert) -> Route | None:
        return next((route for route in self.settings.routes if _matches(route, alert)), None)

    def _unrouted(self, alert: Alert) -> list[str]:
        return [name for name, place in self.places.items() if place.for_owner and alert.owner]

    def _default(self, alert: Alert) -> list[str]:
        return self._taking(alert, self.settings.default if self.settings.default is not None else list(self.places))

    def _taking(self, alert: Alert, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.places and self.places[name].takes(alert)]


def _matches(route: Route, alert: Alert) -> bool:
    wanted = (
        (route.kinds, alert.kind),
        (route.owners, alert.owner),
        (route.departments, alert.department),
        (route.entities, alert.entity),
    )
    if route.severity is not None and RANKS[alert.severity] < RANKS[route.severity]:
        return False
    return all(
        patterns is None or (value is not None and any(matches(pattern, value) for pattern in patterns))
        for patterns, value in wanted
    )


def everywhere(over: Sequence[Transport]) -> Routing:
    """Every alert over each of these transports, as often as there are alerts."""
    return Routing({transport.name: Place(transport.name, transport) for transport in over})
