"""Tell what was never told of a publication: read it, send over the configured transports, say what went out.

Reads ``HOME/published``, writes only the alert transports, which remember what they told. An alert that does not arrive
is tried again at the next occasion.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration import utc_duckdb
from orchestration.alerts.deliver import deliver
from orchestration.alerts.destinations import configured
from orchestration.alerts.message import Alert
from orchestration.alerts.people import with_owner
from orchestration.alerts.transports import Transport
from orchestration.people import read_people
from orchestration.project import Home
from orchestration.published import read_manifest


@dataclass(frozen=True)
class Told:
    """``titles`` of the alerts that went out now. ``reason``: why none. ``faults``: what did not arrive, in words."""

    titles: tuple[str, ...]
    reason: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Published:
    """An open publication: its as-of day and the names of its tables."""

    connection: duckdb.DuckDBPyConnection
    as_of: date
    tables: frozenset[str]

    def holds(self, *tables: str) -> bool:
        return self.tables.issuperset(tables)


def tell(home: Home, read: Callable[[Published], list[Alert]], over: list[Transport] | None = None) -> Told:
    """Send every alert that ``read`` finds and that was never told; ``over`` defaults to the configured transports."""
    folder = home.published.resolve()
    manifest = read_manifest(folder)
    if manifest is None:
        return Told((), "nothing is published yet")
    as_of = date.fromisoformat(manifest["as_of"])
    with utc_duckdb.connect(folder / "marts.duckdb", read_only=True) as connection:
        names = connection.execute("select table_name from information_schema.tables").fetchall()
        found = read(Published(connection, as_of, frozenset(name for (name,) in names)))
    people = read_people(home.root)
    alerts = [with_owner(alert, people) for alert in found]
    delivery = deliver(alerts, home.alerts, configured(home) if over is None else over)
    titles = tuple(alert.title for alert in alerts if alert.key in delivery.sent)
    reason = "" if titles else f"none of {len(alerts)} alerts is new"
    return Told(titles, reason, delivery.faults)
