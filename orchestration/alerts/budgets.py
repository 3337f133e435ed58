"""Tell what happened to budgets, from the published tables, each thing once: crossings of allocations and of department
budgets, grants beyond what their pool held, and core initiatives whose unit cost stays above what was verified.

A table that is not published tells nothing. Called by the sensor and at the end of ``tokenomics run``.
"""

import duckdb

from orchestration.alerts.message import Alert, budget_crossing, core_demotion
from orchestration.alerts.tell import Published, Told, tell
from orchestration.alerts.transports import Transport
from orchestration.project import Home
from orchestration.summary.standing_budgets import read_standing

DEMOTIONS = """
    select flags.*, current.owner, names.name
    from (
        select
            initiative_id, above_since, as_of_date, days_above, demotion_days, unit_cost, verified_unit_cost, limit_unit_cost,
            reporting_currency
        from core_demotions_by_initiative
        where is_flagged_for_return
    ) as flags
    left join (select initiative_id, owner from dim_initiatives where is_current) as current
        on flags.initiative_id = current.initiative_id
    left join initiative_names as names on flags.initiative_id = names.id
    order by flags.initiative_id
"""


def tell_budgets(home: Home, over: list[Transport] | None = None) -> Told:
    """Send every crossing, overdraft and flag for return that was never told; ``over`` defaults to the configured transports."""
    return tell(home, _alerts, over)


def _alerts(published: Published) -> list[Alert]:
    standing = read_standing(published.connection, published.as_of, published.holds)
    alerts = [budget_crossing(one) for one in standing]
    if published.holds("core_demotions_by_initiative", "dim_initiatives"):
        alerts += _demotions(published.connection)
    return alerts


def _demotions(connection: duckdb.DuckDBPyConnection) -> list[Alert]:
    found = connection.execute(DEMOTIONS)
    names = [column[0] for column in found.description]
    alerts = []
    for row in found.fetchall():
        flag = dict(zip(names, row, strict=True))
        initiative_id, owner, name = (flag.pop(what) for what in ("initiative_id", "owner", "name"))
        details = {name: value if isinstance(value, int) else str(value) for name, value in flag.items()}
        alerts.append(core_demotion(initiative_id, owner, str(flag["above_since"]), details, name))
    return alerts
