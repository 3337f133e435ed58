"""What closed periods would show now, less what they were closed with and what was booked since: dated rows of
``period_adjustments`` in the open period.

Grain: closed period x booked period x table x money column x entity. Accrual journals have none: they are final, and
what changed under them shows in the cost tables. Amounts are in the reporting currency.
"""

from collections.abc import Sequence
from datetime import date

from orchestration.close.contracts import books
from orchestration.close.frozen import FrozenPeriod, Shown, as_they_are
from orchestration.close.periods import ACCRUALS, ADJUSTMENTS, next_period, period_of


def booked_period(as_of: date, closed: Sequence[FrozenPeriod]) -> str:
    """The open period that takes the adjustments: that of the as-of day, or the first after the closed ones."""
    after_closed = max((next_period(frozen.period) for frozen in closed), default="")
    return max(period_of(as_of), after_closed)


def adjustments(closed: Sequence[FrozenPeriod], schema: str, as_of: date, shown: Shown = as_they_are) -> str | None:
    """A query for the rows to book, over the tables in ``schema`` as ``shown`` shows them; None when no closed table holds
    money.
    """
    names = sorted({name for frozen in closed for name in frozen.tables} - {ACCRUALS, ADJUSTMENTS})
    changes = [_changes(closed, schema, name, shown) for name in names if books(name).money]
    if not changes:
        return None
    booked = [
        "select closed_period, table_name, column_name, entity, reporting_currency, -amount as amount "
        f"from {frozen.rows(ADJUSTMENTS)}"
        for frozen in closed
        if ADJUSTMENTS in frozen.tables
    ]
    since = ", ".join(f"('{frozen.period}', '{frozen.closed_at[:10]}')" for frozen in closed)
    return (
        f"select closed_period, '{booked_period(as_of, closed)}' as booked_period, table_name, column_name, entity, "
        "cast(sum(amount) as decimal(38, 12)) as amount, "
        "'rows or rules that changed after the close of ' || any_value(closed_on) as reason, reporting_currency "
        f"from ({' union all by name '.join([*changes, *booked])}) "
        f"join (values {since}) as closes (closed_period, closed_on) using (closed_period) "
        "group by closed_period, table_name, column_name, entity, reporting_currency having sum(amount) <> 0"
    )


def _changes(closed: Sequence[FrozenPeriod], schema: str, table: str, shown: Shown) -> str:
    """Amounts as computed now and, negated, as frozen, for every closed period that holds ``table``."""
    contract = books(table)
    quoted = ", ".join(f'"{name}"' for name in contract.money)
    holders = [frozen for frozen in closed if table in frozen.tables]
    periods = ", ".join(f"'{frozen.period}'" for frozen in holders)
    computed = shown(table, f'{schema}."{table}"')
    sources = [(1, f"{computed} where {contract.period} in ({periods})")]
    sources += [(-1, frozen.rows(table)) for frozen in holders]
    return " union all by name ".join(
        f"select closed_period, '{table}' as table_name, column_name, entity, reporting_currency, amount from (unpivot ("
        f"select {contract.period} as closed_period, {_entity(contract.entity)} as entity, reporting_currency, "
        + ", ".join(f'cast({sign} * "{name}" as decimal(38, 12)) as "{name}"' for name in contract.money)
        + f" from {source}) on {quoted} into name column_name value amount)"
        for sign, source in sources
    )


def _entity(columns: Sequence[str]) -> str:
    named = [f"'{name}=' || \"{name}\"" for name in columns]
    return f"coalesce(nullif(concat_ws(', ', {', '.join(named)}), ''), 'all')" if named else "'all'"
