"""What stands to be heard of budgets as SQL on published tables: crossings of allocations and of department budgets, and
overdrawn pools. The same statements serve ``status`` and the alerts; what is heard is decided in
:mod:`orchestration.policy.budget_alerts` and :mod:`orchestration.policy.pool_overdrafts`.

A connection given here finds the marts without a schema prefix.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import duckdb

from orchestration.policy.budget_alerts import (
    AllocationState,
    Crossing,
    DepartmentBudget,
    decide_crossings,
    decide_department_crossings,
)
from orchestration.policy.open_amounts import judged_months
from orchestration.policy.pool_overdrafts import Flow, Overdraft, overdrafts
from orchestration.publish.evidence import plain
from orchestration.summary.names import make_names

ALLOCATIONS = """
    select
        status.initiative_id, status.starts_on, status.expires_on, status.allocated_amount, status.spent_amount,
        status.status, status.projected_exhaustion_date, names.name,
        status.as_of_date, status.reporting_currency, current.owner
    from budget_status_by_initiative as status
    left join (select initiative_id, owner from dim_initiatives where is_current) as current
        on status.initiative_id = current.initiative_id
    left join initiative_names as names on status.initiative_id = names.id
    where status.as_of_date = ?
    order by status.initiative_id
"""
DEPARTMENTS = """
    select
        department_id, fiscal_period, budget_class, budget_basis, allowance_amount, spent_amount, status, names.name,
        budget_amount, reporting_currency
    from budget_status_by_department_month
    left join department_names as names on department_id = names.id
    where fiscal_period in (?, ?)
    order by fiscal_period, department_id, budget_class
"""
POOLS = """
    select
        movements.account, movements.department_id, movements.initiative_id, movements.reporting_currency, current.owner,
        initiatives.name as initiative, departments.name as department,
        movements.movement_id, movements.kind, movements.effective_on, movements.amount
    from fct_budget_movements as movements
    left join (select initiative_id, owner from dim_initiatives where is_current) as current
        on movements.initiative_id = current.initiative_id
    left join initiative_names as initiatives on movements.initiative_id = initiatives.id
    left join department_names as departments on movements.department_id = departments.id
    where movements.account like 'pool:experimentation:%' and movements.effective_on <= ?
    order by movements.account
"""


@dataclass(frozen=True)
class Standing:
    """A crossing that stands. ``subject``: what crossed (budget: an allocation, department_budget, pool); ``entity``: the
    initiative or department; ``owner``: who answers for it, where the registry says so; ``details``: the figures, exact, as
    plain JSON values.
    """

    subject: str
    entity: str
    owner: str | None
    crossing: Crossing
    details: dict[str, Any]

    @property
    def kind(self) -> str:
        return f"{self.subject}_{self.crossing.kind}"


def read_standing(connection: duckdb.DuckDBPyConnection, as_of: date, holds: Callable[..., bool]) -> list[Standing]:
    """Everything that stands on ``as_of``; what needs a table of which ``holds(*names)`` is false is left out."""
    make_names(connection, holds)
    return [one for tables, read in READERS if holds(*tables) for one in read(connection, as_of)]


def is_news(standing: Standing, as_of: date) -> bool:
    """Whether finance can still act on it: an expiry stands for ever, and is news until the month after it has ended."""
    expired = standing.crossing.kind == "expired"
    return not expired or standing.details["expires_on"][:7] in judged_months(as_of)


def _read_allocations(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[Standing]:
    """Crossings of every allocation as it stands on the latest published day."""
    standing = []
    for *state, day, currency, owner in connection.execute(ALLOCATIONS, [as_of]).fetchall():
        facts = AllocationState(*state)
        details = {
            "as_of_date": day.isoformat(),
            "starts_on": facts.starts_on.isoformat(),
            "expires_on": facts.expires_on.isoformat(),
            "allocated_amount": plain(facts.allocated),
            "spent_amount": plain(facts.spent),
            "projected_exhaustion_date": plain(facts.projected_exhaustion),
            "reporting_currency": currency,
        }
        standing += [Standing("budget", facts.initiative_id, owner, one, details) for one in decide_crossings(facts)]
    return standing


def _read_departments(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[Standing]:
    """Crossings of the department budgets of the month of ``as_of`` and the one before. No department has an owner."""
    standing = []
    for *state, budget_amount, currency in connection.execute(DEPARTMENTS, list(judged_months(as_of))).fetchall():
        budget = DepartmentBudget(*state)
        details = {
            "as_of_date": as_of.isoformat(),
            "fiscal_period": budget.fiscal_period,
            "budget_class": budget.budget_class,
            "budget_basis": budget.basis,
            "budget_amount": plain(budget_amount),
            "allowance_amount": plain(budget.allowance),
            "spent_amount": plain(budget.spent),
            "reporting_currency": currency,
        }
        crossings = decide_department_crossings(budget, as_of)
        standing += [Standing("department_budget", budget.department_id, None, one, details) for one in crossings]
    return standing


def _read_overdrawn_pools(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[Standing]:
    """Each grant or adjustment that left a pool below zero, while that lasts; its owner is the initiative's."""
    standing = []
    rows = connection.execute(POOLS, [as_of]).fetchall()
    for _, of_pool in groupby(rows, key=lambda row: row[0]):
        flows, known = [], {}
        for _, department_id, initiative_id, currency, owner, initiative, department, *flow in of_pool:
            flows.append(Flow(*flow))
            called = (initiative or initiative_id, department or department_id)
            known[flows[-1].movement_id] = (department_id, initiative_id, currency, owner, *called)
        lasting = (one for one in overdrafts(flows) if not one.is_cured)
        standing += [_overdrawn(one, *known[one.flow.movement_id], as_of) for one in lasting]
    return standing


def _overdrawn(
    one: Overdraft,
    department_id: str,
    initiative_id: str | None,
    currency: str,
    owner: str | None,
    initiative: str | None,
    department: str,
    as_of: date,
) -> Standing:
    flow = one.flow
    what = {"grant": "a grant", "adjust": "an adjustment"}[flow.kind] + (f" to {initiative}" if initiative else "")
    taken = f"{what} took {-flow.amount:,.2f} on {flow.effective_on}"
    text = f"the experimentation pool of {department} is overdrawn by {one.overdrawn:,.2f}: {taken}"
    details = {
        "as_of_date": as_of.isoformat(),
        "movement_id": flow.movement_id,
        "effective_on": flow.effective_on.isoformat(),
        "initiative_id": initiative_id,
        "drawn_amount": plain(-flow.amount),
        "overdrawn_amount": plain(one.overdrawn),
        "reporting_currency": currency,
    }
    return Standing(
        "pool", department_id, owner, Crossing("overdrawn", f"pool_overdrawn:{flow.movement_id}", text), details
    )


READERS: tuple[tuple[tuple[str, ...], Callable[[duckdb.DuckDBPyConnection, date], list[Standing]]], ...] = (
    (("budget_status_by_initiative", "dim_initiatives"), _read_allocations),
    (("budget_status_by_department_month",), _read_departments),
    (("fct_budget_movements", "dim_initiatives"), _read_overdrawn_pools),
)
"""Each reader after the tables that it needs."""
