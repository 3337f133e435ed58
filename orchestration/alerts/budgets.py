"""Tell owners what happened to their budgets, from the published tables: each crossing of an allocation once, and each
core initiative whose unit cost stays above what was verified.

Reads ``HOME/published``, writes only the alert transports, which remember what they told. An alert that does not arrive
is tried again at the next occasion, unless a higher crossing took its place. Called by the sensor and at the end of
``tokenomics run``.
"""

from dataclasses import dataclass

import duckdb

from orchestration.alerts.deliver import deliver, transports
from orchestration.alerts.message import Alert, budget_crossing, core_demotion
from orchestration.alerts.transports import Transport
from orchestration.policy.budget_alerts import AllocationState, decide_crossings
from orchestration.project import Home

STATES = """
    select
        status.initiative_id, status.starts_on, status.expires_on, status.allocated_amount, status.spent_amount,
        status.status, status.projected_exhaustion_date, status.as_of_date, status.reporting_currency, current.owner
    from budget_status_by_initiative as status
    left join (select initiative_id, owner from dim_initiatives where is_current) as current
        on status.initiative_id = current.initiative_id
    where status.as_of_date = (select max(as_of_date) from budget_status_by_initiative)
    order by status.initiative_id
"""
DEMOTIONS = """
    select flags.*, current.owner
    from (
        select
            initiative_id, above_since, as_of_date, days_above, demotion_days, unit_cost, verified_unit_cost, limit_unit_cost,
            reporting_currency
        from core_demotions_by_initiative
        where is_flagged_for_return
    ) as flags
    left join (select initiative_id, owner from dim_initiatives where is_current) as current
        on flags.initiative_id = current.initiative_id
    order by flags.initiative_id
"""


@dataclass(frozen=True)
class Told:
    """``titles`` of the alerts that went out now. ``reason``: why none. ``faults``: what did not arrive, in words."""

    titles: tuple[str, ...]
    reason: str
    faults: tuple[str, ...] = ()


def tell_budgets(home: Home, over: list[Transport] | None = None) -> Told:
    """Send every crossing and every flag for return that was never told; ``over`` defaults to the configured transports."""
    database = home.published / "marts.duckdb"
    if not database.exists():
        return Told((), "nothing is published yet")
    with duckdb.connect(str(database.resolve()), read_only=True) as connection:
        held = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
        if not {"budget_status_by_initiative", "dim_initiatives"} <= held:
            return Told((), "no budgets are published")
        alerts = _crossings(connection)
        if "core_demotions_by_initiative" in held:
            alerts += _demotions(connection)
    delivery = deliver(alerts, home.alerts, transports(home.alerts) if over is None else over)
    titles = tuple(alert.title for alert in alerts if alert.key in delivery.sent)
    reason = "" if titles else f"none of {len(alerts)} alerts is new"
    return Told(titles, reason, delivery.faults)


def _crossings(connection: duckdb.DuckDBPyConnection) -> list[Alert]:
    alerts = []
    for *state, as_of, currency, owner in connection.execute(STATES).fetchall():
        facts = AllocationState(*state)
        details = {
            "as_of_date": as_of.isoformat(),
            "starts_on": facts.starts_on.isoformat(),
            "expires_on": facts.expires_on.isoformat(),
            "allocated_amount": f"{facts.allocated:f}",
            "spent_amount": f"{facts.spent:f}",
            "projected_exhaustion_date": facts.projected_exhaustion and facts.projected_exhaustion.isoformat(),
            "reporting_currency": currency,
        }
        alerts += [budget_crossing(facts.initiative_id, owner, one, details) for one in decide_crossings(facts)]
    return alerts


def _demotions(connection: duckdb.DuckDBPyConnection) -> list[Alert]:
    found = connection.execute(DEMOTIONS)
    names = [column[0] for column in found.description]
    alerts = []
    for row in found.fetchall():
        flag = dict(zip(names, row, strict=True))
        initiative_id, owner = flag.pop("initiative_id"), flag.pop("owner")
        details = {name: value if isinstance(value, int) else str(value) for name, value in flag.items()}
        alerts.append(core_demotion(initiative_id, owner, str(flag["above_since"]), details))
    return alerts
